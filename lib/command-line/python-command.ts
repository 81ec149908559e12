import { Command } from 'commander';
import { pythonSignaturesCommand } from './python-signatures-command.js';

/** `nestjs-pyro python …`: prints files for the Python side. */
export function pythonCommand(): Command {
  return new Command('python').description('print files for Python programs').addCommand(pythonSignaturesCommand());
}
