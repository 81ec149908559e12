import { Command } from 'commander';
import { NUMPY_FILE } from './python-numpy-file.js';
import { pythonClassesCommand } from './python-classes-command.js';
import { pythonSignaturesCommand } from './python-signatures-command.js';

/** `nestjs-pyro python`: prints Python for the other side. */
export function pythonCommand(): Command {
  return new Command('python')
    .description('print Python code for the programs at the other end')
    .addCommand(numpyCommand())
    .addCommand(pythonClassesCommand())
    .addCommand(pythonSignaturesCommand());
}

function numpyCommand(): Command {
  return new Command('numpy')
    .description('print the file that lets NumPy arrays travel: npx nestjs-pyro python numpy > pyro_numpy.py')
    .action(() => void process.stdout.write(NUMPY_FILE));
}
