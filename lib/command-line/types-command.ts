import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import type { ObjectSignatures } from '../daemon/contract/signatures.js';
import { CommandFailure, EXIT_CODES } from './terminal/exit-codes.js';
import { type FileWriter, type GeneratedFileArguments, writeGenerated, writesFile } from './terminal/generated-file.js';
import { optionalPackage } from './terminal/optional-package.js';
import { type RemoteArguments, takesRemoteArguments } from './remote/remote-arguments.js';
import { remoteSignatures } from './remote/remote-signatures.js';
import { type NamedSignatures, TYPES_HEAD, writeInterfaces } from './types/interface-writer.js';
import { classInSource, interfaceName } from './types/served-class.js';
import { readSourceSignatures } from './types/source-signatures.js';
import type { PythonParser } from './types/syntax-tree.js';
import { isTypeName } from './types/typescript-names.js';

interface TypesArguments extends RemoteArguments, GeneratedFileArguments {
  source?: string[];
}

const WRITER: FileWriter = { command: 'nestjs-pyro types', head: TYPES_HEAD };

const HELP = `
Types are known where the daemon tells them: a server of nestjs-pyro does (option signatures), and one of Python with the file that
npx nestjs-pyro python signatures prints. For other servers, --source reads the Python source, without running it.`;

/** `nestjs-pyro types [URI…]`: writes TypeScript interfaces of remote objects, for `RemoteObject<T>`. */
export function typesCommand(): Command {
  return writesFile(takesRemoteArguments(new Command('types').description('write TypeScript interfaces of remote objects')))
    .argument('[uris...]', 'URI, or a name; Name=URI names the interface. None: all exposed classes of --source')
    .option('--source <file>', 'Python source of the objects; may be given several times', (file: string, all: string[] = []) => [
      ...all,
      file,
    ])
    .addHelpText('after', HELP)
    .action(writeTypes);
}

async function writeTypes(texts: readonly string[], given: TypesArguments): Promise<void> {
  const classes = given.source === undefined ? [] : readSources(given.source);
  if (texts.length === 0 && given.source === undefined)
    throw new CommandFailure('give the URI of an object, or --source FILE', EXIT_CODES.usage.code);
  if (texts.length === 0 && classes.length === 0)
    throw new CommandFailure(`no class of ${given.source!.join(', ')} has exposed members`, EXIT_CODES.failed.code);
  const objects = texts.length === 0 ? classes.map((each) => ({ name: interfaceName(each.class!), signatures: each })) : [];
  for (const text of texts) objects.push(await namedObject(text, given, classes));
  writeGenerated(writeInterfaces(withoutRepeats(objects)), given, WRITER);
}

async function namedObject(text: string, given: TypesArguments, classes: readonly ObjectSignatures[]): Promise<NamedSignatures> {
  const [, chosen, rest = text] = /^([A-Za-z_$][\w$]*)=(.+)$/.exec(text) ?? [];
  if (chosen !== undefined && !isTypeName(chosen))
    throw new CommandFailure(`${chosen} cannot be the name of an interface: TypeScript has it`, EXIT_CODES.usage.code);
  const { uri, signatures: told, isTold } = await remoteSignatures(rest, given);
  const signatures = given.source === undefined ? told : classInSource(told, chosen, classes, String(uri));
  if (!isTold && given.source === undefined)
    process.stderr.write(
      `The daemon of ${rest} tells no signatures: only the names of members are known. See npx nestjs-pyro types --help\n`,
    );
  const name = chosen ?? interfaceName(signatures.class ?? (/^pyro[a-z]*:/i.test(rest) ? uri.object : rest));
  return { name, signatures };
}

function readSources(paths: readonly string[]): readonly ObjectSignatures[] {
  const parser = optionalPackage<PythonParser>('@lezer/python', '--source');
  const { classes, unknownBases } = readSourceSignatures(
    paths.map((path) => ({ path, text: readSource(path) })),
    parser,
  );
  for (const sentence of unknownBases) process.stderr.write(`${sentence}\n`);
  return classes;
}

function readSource(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { message } = error as Error;
    throw new CommandFailure(`cannot read ${path}: ${message}`, EXIT_CODES.usage.code, { cause: error });
  }
}

/** Objects of one class have one interface. @throws {CommandFailure} when two interfaces have the same name */
function withoutRepeats(objects: readonly NamedSignatures[]): NamedSignatures[] {
  const byName = new Map<string, NamedSignatures>();
  for (const each of objects) {
    const other = byName.get(each.name);
    if (other !== undefined && writeInterfaces([other]) !== writeInterfaces([each]))
      throw new CommandFailure(`two objects have the name ${each.name}: name them, Name=URI`, EXIT_CODES.usage.code);
    byName.set(each.name, each);
  }
  return [...byName.values()];
}
