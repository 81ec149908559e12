import { dirname, resolve } from 'node:path';
import { Command, Option } from 'commander';
import type { SignatureBook } from '../daemon/contract/signatures.js';
import { NAMINGS, type PyroNaming } from '../objects/naming.js';
import { CommandFailure, EXIT_CODES } from './terminal/exit-codes.js';
import { type FileWriter, type GeneratedFileArguments, writeGenerated, writesFile } from './terminal/generated-file.js';
import { optionalPackage } from './terminal/optional-package.js';
import { type ProjectSignatures, readProjectSignatures } from './pyi/class-signatures.js';
import { type Compiler, openProject } from './pyi/project.js';
import { namesOfTypes } from './types/reached-types.js';
import { STUB_HEAD, writeStub } from './pyi/stub-writer.js';

interface PyiArguments extends GeneratedFileArguments {
  project: string;
  naming?: PyroNaming;
  signatures?: string;
  classes?: string;
}

const COMMAND = 'nestjs-pyro pyi';
const MAX_ERRORS = 10;
const STUB_WRITER: FileWriter = { command: COMMAND, head: STUB_HEAD };
const SIGNATURES_WRITER: FileWriter = { command: COMMAND, head: '{\n  "classes": {' };

const HELP = `
It reads classes with @PyroController, and classes that core's expose exposes. A file .pyi is for editors and type checkers only; a
file .py can be imported as well.`;

/** `nestjs-pyro pyi [CLASS…]`: writes Python stubs of served classes, from their TypeScript types. */
export function pyiCommand(): Command {
  return writesFile(new Command('pyi').description('write Python stubs of served classes, from their TypeScript types'))
    .argument('[classes...]', 'names of classes; without them: all that are served')
    .option('-p, --project <file>', 'tsconfig.json of the project', 'tsconfig.json')
    .addOption(new Option('--naming <naming>', 'the option naming of the server').choices(NAMINGS))
    .option('--signatures <file>', 'write the types and docs for the option signatures of the server, too')
    .option(
      '--classes <module>',
      'import the classes with @PyroClass from the Python module that nestjs-pyro python classes has printed',
    )
    .addHelpText('after', HELP)
    .action(writeStubs);
}

function writeStubs(names: readonly string[], given: PyiArguments): void {
  const { project, naming, signatures, output, check, force } = given;
  const compiler = optionalPackage<Compiler>('typescript', COMMAND, dirname(resolve(project)));
  if (typeof (compiler as Partial<Compiler>).createProgram !== 'function')
    throw new CommandFailure(noCompilerApi(compiler), EXIT_CODES.usage.code);
  const { classes: all, printedNames } = readProject(compiler, project, naming);
  const unknown = names.find((name) => !Object.hasOwn(all, name));
  const known = Object.keys(all).join(', ') || 'none';
  if (unknown !== undefined || known === 'none')
    throw new CommandFailure(
      `${project} serves ${unknown === undefined ? 'no class' : `no class ${unknown}`}: the served classes are ${known}`,
      EXIT_CODES.failed.code,
    );
  const chosen = names.length === 0 ? Object.keys(all) : names;
  const classes = Object.fromEntries(withReached(chosen, all).map((name) => [name, all[name]!]));
  if (signatures !== undefined)
    writeGenerated(`${JSON.stringify({ classes }, null, 2)}\n`, { output: signatures, check, force }, SIGNATURES_WRITER);
  const printed = given.classes === undefined ? undefined : { module: given.classes, names: printedNames };
  if (output !== undefined || signatures === undefined) writeGenerated(writeStub({ classes }, printed), given, STUB_WRITER);
}

/** Types with errors would be `Any` without a word. */
function warnOfErrors(project: string, errors: readonly string[]): void {
  if (errors.length === 0) return;
  const shown = [...errors.slice(0, MAX_ERRORS), ...(errors.length > MAX_ERRORS ? ['…'] : [])];
  process.stderr.write(`${project} does not compile; a type that the compiler does not know is Any:\n${shown.join('\n')}\n`);
}

/** TypeScript 7 is a program without an interface for JavaScript. */
function noCompilerApi({ version }: Partial<Compiler>): string {
  return `typescript ${version ?? ''} of the project cannot be used as a library: npm install --save-dev typescript@6, or name another project (-p)`;
}

/** The names of the chosen classes, and of the classes whose objects their members return. */
function withReached(chosen: readonly string[], all: SignatureBook['classes']): string[] {
  const reached = new Set(chosen);
  const byPythonName = new Map(Object.entries(all).map(([name, { class: named }]) => [named, name]));
  // the loop also reaches names that are added while it runs
  for (const name of reached)
    for (const named of namesOfTypes(all[name]!)) if (byPythonName.has(named)) reached.add(byPythonName.get(named)!);
  return [...reached].sort();
}

function readProject(compiler: Compiler, project: string, naming: PyroNaming | undefined): ProjectSignatures {
  try {
    const opened = openProject(compiler, project);
    const signatures = readProjectSignatures(opened, naming);
    warnOfErrors(project, opened.errors());
    return signatures;
  } catch (error) {
    throw new CommandFailure((error as Error).message, EXIT_CODES.failed.code, { cause: error });
  }
}
