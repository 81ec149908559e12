import { Command } from 'commander';
import { pythonClassesCommand } from './python-classes-command.js';
import { pythonSignaturesCommand } from './python-signatures-command.js';

/** `nestjs-pyro python`: prints Python for the other side. */
export function pythonCommand(): Command {
  return new Command('python')
    .description('print Python for the other side')
    .addCommand(pythonClassesCommand())
    .addCommand(pythonSignaturesCommand());
}
