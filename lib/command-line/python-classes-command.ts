import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Argument, Command, Option } from 'commander';
import type { PythonStyle } from '../classes/class-description.js';
import { registeredEnums } from '../classes/fields/enums.js';
import { describedClasses } from '../classes/register-class.js';
import { CommandFailure, EXIT_CODES } from './terminal/exit-codes.js';
import { type FileWriter, type GeneratedFileArguments, writeGenerated, writesFile } from './terminal/generated-file.js';
import { CLASSES_HEAD, pythonClasses } from './python/printed-classes.js';

interface ClassesArguments extends GeneratedFileArguments {
  readonly style: PythonStyle;
  readonly import?: string;
}

const WRITER: FileWriter = { command: 'nestjs-pyro python classes', head: CLASSES_HEAD };

/** `nestjs-pyro python classes MODULE…`: prints Python for the classes that compiled modules register. */
export function pythonClassesCommand(): Command {
  return writesFile(new Command('classes'))
    .description(
      'print a Python module with the classes that the modules register (@PyroClass, registerEnum), and its lines for Pyro5',
    )
    .addArgument(new Argument('<module...>', 'compiled JavaScript files that import the classes, such as dist/app.module.js'))
    .addOption(
      new Option('--style <kind>', 'kind of classes without a kind of their own')
        .choices(['dataclass', 'namedtuple', 'pydantic', 'attrs'])
        .default('dataclass'),
    )
    .option('--import <module>', 'a Python module that has the classes already: print only the lines for Pyro5')
    .action(async (modules: string[], given: ClassesArguments) => {
      const output = redirectOutput();
      try {
        await printClasses(modules, given, output);
      } finally {
        endProcess(output);
      }
    });
}

/** Importing a module runs the decorators of its classes. */
async function printClasses(modules: readonly string[], given: ClassesArguments, output: Output): Promise<void> {
  const { style, import: module } = given;
  for (const path of modules) await imported(path);
  const printed = { classes: describedClasses(), enums: registeredEnums() };
  if (printed.classes.length + printed.enums.length === 0) {
    const text = `no class is registered after ${modules.join(' and ')}: give classes @PyroClass, and name a module that imports them`;
    throw new CommandFailure(text, EXIT_CODES.failed.code);
  }
  const unknown = printed.classes.filter(({ isException, hasKnownFields }) => !isException && !hasKnownFields);
  if (unknown.length > 0) {
    const names = unknown.map(({ name }) => name).join(', ');
    const text = `the members of ${names} are known to a schema only; give fields beside the schema: { fields: { x: 'float' }, schema }`;
    throw new CommandFailure(text, EXIT_CODES.failed.code);
  }
  const text = pythonClasses(printed, { style, module });
  process.stdout.write = output;
  writeGenerated(text, given, WRITER);
  redirectOutput();
}

/** Writes to the standard output. */
type Output = typeof process.stdout.write;

/** Sends everything that the application prints to the standard error: the standard output is the Python module. */
function redirectOutput(): Output {
  const { stdout, stderr } = process;
  const output = stdout.write.bind(stdout);
  stdout.write = stderr.write.bind(stderr) as Output;
  return output;
}

/** Ends the process when everything is written: the application may have opened what keeps a process alive. */
function endProcess(output: Output): void {
  setImmediate(() => output('', () => process.stderr.write('', () => process.exit())));
}

async function imported(path: string): Promise<void> {
  try {
    await import(pathToFileURL(resolve(path)).href);
  } catch (error) {
    const text = `${path} cannot be imported: ${(error as Error).message}; give a compiled module, as \`npm run build\` makes it`;
    throw new CommandFailure(text, EXIT_CODES.failed.code, { cause: error });
  }
}
