import { Command } from 'commander';
import { NUMPY_FILE } from './python/numpy-file.js';
import { SIGNATURES_FILE } from './python/signatures-file.js';
import { pythonClassesCommand } from './python-classes-command.js';

/** `nestjs-pyro python`: prints Python for the other side. */
export function pythonCommand(): Command {
  return new Command('python')
    .description('print Python code for the programs at the other end')
    .addCommand(numpyCommand())
    .addCommand(pythonClassesCommand())
    .addCommand(signaturesCommand());
}

function numpyCommand(): Command {
  return new Command('numpy')
    .description('print the file that lets NumPy arrays travel: npx nestjs-pyro python numpy > pyro_numpy.py')
    .action(() => void process.stdout.write(NUMPY_FILE));
}

/** Prints a Python file with which Pyro5's daemons tell signatures, and clients print them. */
function signaturesCommand(): Command {
  return new Command('signatures')
    .description('print a Python file that gives a Pyro5 daemon get_signatures, and clients remote_help(proxy)')
    .action(() => void process.stdout.write(SIGNATURES_FILE));
}
