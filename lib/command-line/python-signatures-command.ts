import { Command } from 'commander';
import { SIGNATURES_FILE } from './python/signatures-file.js';

/** `nestjs-pyro python signatures`: prints a Python file with which Pyro5's daemons tell signatures, and clients print them. */
export function pythonSignaturesCommand(): Command {
  return new Command('signatures')
    .description('print a Python file that gives a Pyro5 daemon get_signatures, and clients remote_help(proxy)')
    .action(() => void process.stdout.write(SIGNATURES_FILE));
}
