import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { Argument, Command } from 'commander';
import { locateNameServer } from '../naming/locate.js';
import type { NameRegistration } from '../naming/name-records.js';
import type { NameServerClient } from '../naming/name-server-client.js';
import { environmentConfig } from '../options/environment.js';
import { PyroUri } from '../protocol/uri.js';
import { stringLiteral } from '../serpent/writing/literals.js';
import { handshakeFileOption, nameServerHandshake, takesStandardInput, withoutOwnFiles } from './remote/handshake-data.js';
import { orUnreachable } from './remote/remote-connection.js';
import { portOf } from './terminal/arguments.js';
import { COMPLETION_TIMEOUT_MS, LiveArgument } from './terminal/completion.js';
import { CommandFailure, EXIT_CODES } from './terminal/exit-codes.js';
import { answer, lineText, type OutputArguments, print } from './terminal/output.js';

/** Options of every command of `nestjs-pyro nsc`. */
interface NamesArguments extends OutputArguments {
  host?: string;
  port?: number;
  unixsocket?: string;
  verbose?: true;
  /** Handshake data. Not in `pyro5-nsc`. */
  handshake?: string;
  /** File with the handshake data; `-` is the standard input. Not in `pyro5-nsc`. */
  handshakeFile?: string;
  /** Ask the network for a name server. Not in `pyro5-nsc`. */
  broadcast?: true;
  /** Answer yes to questions. Not in `pyro5-nsc`. */
  yes?: true;
}

/** The name server and the options of a run of the command. */
interface Run {
  readonly names: NameServerClient;
  readonly options: NamesArguments;
}

/** Commands by name: their arguments as commander reads them, their description, and their work. @see Pyro5/nsc.py, `handle_command` */
const COMMANDS: Record<string, [args: string, description: string, work: (run: Run, ...args: never[]) => Promise<void>]> = {
  ping: ['', 'ask whether the name server answers', ping],
  list: ['[prefix]', 'list names, or those that begin with a prefix', list],
  listmatching: ['<pattern>', 'list the names that match a regular expression', listMatching],
  yplookup_all: [
    '<tags...>',
    'list the names that have all of the metadata tags',
    (run, tags: string[]) => searchTags(run, 'all', tags),
  ],
  yplookup_any: [
    '<tags...>',
    'list the names that have any of the metadata tags',
    (run, tags: string[]) => searchTags(run, 'any', tags),
  ],
  lookup: ['<name>', 'print the URI and the metadata tags of a name', lookup],
  register: ['<name> <uri>', 'register a URI by a name that is free', register],
  remove: ['<name>', 'remove a name', remove],
  removematching: ['<pattern>', 'remove the names that match a regular expression', removeMatching],
  setmeta: ['<name> [tags...]', 'replace the metadata tags of a name', setMetadata],
};

/** `nestjs-pyro nsc`: reads and changes the names of a name server, with the commands, the options and the output of `pyro5-nsc`. */
export function namesCommand(): Command {
  const command = new Command('nsc')
    .description('control a Pyro name server: ours or Python’s')
    .option('-n, --host <host>', 'host of the name server')
    .option('-p, --port <port>', 'port of the name server', portOf)
    .option('-u, --unixsocket <path>', 'unix domain socket of the name server')
    .option('-b, --broadcast', 'ask the local network for a name server')
    .option('--handshake <value>', 'handshake data: JSON, or a text')
    .addOption(handshakeFileOption('', 'handshake data'))
    .option('-v, --verbose', 'say what is done')
    .option('-y, --yes', 'removematching: do not ask')
    .option('--json', 'print JSON');
  for (const [name, [args, description, work]] of Object.entries(COMMANDS)) {
    const named = command.command(name).description(description).exitOverride();
    for (const text of args.split(' ').filter((each) => each !== '')) named.addArgument(argumentOf(text));
    if (name === 'removematching') named.hook('preAction', () => refuseUnanswerable(command.opts<NamesArguments>()));
    named
      // commander gives the arguments, then the options of the command and the command itself
      .action((...given: unknown[]) =>
        withNameServer(command.opts<NamesArguments>(), (run) => work(run, ...(given.slice(0, -2) as never[]))),
      );
  }
  return command;
}

/** An argument of a command. Names and tags are completed from the name server. */
function argumentOf(text: string): Argument {
  const [kind] = /name|prefix|tags/.exec(text) ?? [];
  if (kind === undefined) return new Argument(text);
  return new LiveArgument(text, async (begun, options: NamesArguments) => {
    await using names = await locate(withoutOwnFiles(options), COMPLETION_TIMEOUT_MS);
    if (kind !== 'tags') return (await names.list({ prefix: begun })).keys();
    const found = [...(await names.listWithMetadata()).values()];
    return new Set(found.flatMap(({ metadata }) => [...metadata]));
  });
}

function locate(options: NamesArguments, timeoutMs?: number): Promise<NameServerClient> {
  const { host, port, unixsocket, broadcast } = options;
  const handshake = nameServerHandshake({ nsHandshake: options.handshake, nsHandshakeFile: options.handshakeFile });
  return locateNameServer({
    ...(unixsocket === undefined ? { host, port } : { unixSocket: unixsocket }),
    ...(broadcast && { broadcast }),
    ...(handshake !== undefined && { handshake }),
    ...(timeoutMs !== undefined && { callTimeoutMs: timeoutMs, connectTimeoutMs: timeoutMs }),
  });
}

async function withNameServer(options: NamesArguments, work: (run: Run) => Promise<void>): Promise<void> {
  const { verbose } = options;
  if (verbose) print('Locating name server...');
  const names = await orUnreachable(undefined, {}, locate(options));
  try {
    if (verbose) print(`Name server found: ${lineText(String(names.uri))}`);
    await work({ names, options });
    if (verbose) print('Done.');
  } finally {
    await names.release();
  }
}

async function ping({ names, options }: Run): Promise<void> {
  await names.ping();
  answer(options, { ping: 'ok' }, 'Name server ping ok.');
}

async function list(run: Run, prefix?: string): Promise<void> {
  const found = await run.names.listWithMetadata(prefix === undefined ? {} : { prefix });
  printNames(run.options, found, prefix === undefined ? '' : `- prefix '${prefix}'`);
}

async function listMatching({ names, options }: Run, regex: string): Promise<void> {
  printNames(options, await names.listWithMetadata({ regex }), `- regex '${regex}'`);
}

async function searchTags({ names, options }: Run, match: 'all' | 'any', tags: string[]): Promise<void> {
  printNames(options, await names.yplookup(match === 'all' ? { all: tags } : { any: tags }), ' - searched by metadata');
}

async function lookup({ names, options }: Run, name: string): Promise<void> {
  const { uri, metadata } = await names.lookupWithMetadata(name);
  const tags = metadata.size === 0 ? [] : [`metadata: ${tagsText(metadata)}`];
  answer(options, { name, uri: String(uri), metadata: [...metadata] }, [lineText(String(uri)), ...tags]);
}

async function register({ names, options }: Run, name: string, uri: string): Promise<void> {
  // a URI that cannot be read is refused here; the name server keeps the text, as that of pyro5-nsc
  void new PyroUri(uri);
  await names.register(name, uri, { safe: true });
  answer(options, { registered: name }, `Registered ${name}`);
}

async function remove({ names, options }: Run, name: string): Promise<void> {
  const removed = await names.remove(name);
  answer(options, { removed }, removed > 0 ? `Removed ${name}` : 'Nothing removed');
  if (removed === 0) process.exitCode = EXIT_CODES.failed.code;
}

async function removeMatching({ names, options }: Run, regex: string): Promise<void> {
  const question = 'Potentially removing lots of items from the Name server. Are you sure (y/n)?';
  if (!options.yes) {
    // while a person thinks, the connection would occupy a thread of Python's name server
    await names.release();
    if (!(await confirms(question, options))) return;
    await names.connect();
  }
  const removed = await names.remove({ regex });
  answer(options, { removed }, `${removed} items removed.`);
}

/** The handshake data would be the whole standard input, with the answer to the question. @throws {CommandFailure} */
function refuseUnanswerable({ yes, handshakeFile }: NamesArguments): void {
  if (yes || !takesStandardInput(handshakeFile)) return;
  const fault = `removematching cannot ask its question: --handshake-file ${handshakeFile} takes the whole standard input`;
  throw new CommandFailure(`${fault}; give --yes to remove without a question, or another file`, EXIT_CODES.usage.code);
}

async function setMetadata({ names, options }: Run, name: string, tags: string[]): Promise<void> {
  await names.setMetadata(name, tags);
  answer(options, { name, metadata: tags }, tags.length > 0 ? 'Metadata updated' : 'Metadata cleared');
}

/** Asks a question. @throws {CommandFailure} when the input ends, or Ctrl-C is pressed, without an answer */
async function confirms(question: string, { json }: NamesArguments): Promise<boolean> {
  const reader = createInterface({ input: process.stdin, output: json ? process.stderr : process.stdout });
  const ended = once(reader, 'close').then(() => {
    throw new CommandFailure('no answer: the standard input has ended; with --yes nothing is asked', EXIT_CODES.failed.code);
  });
  const interrupted = once(reader, 'SIGINT').then(() => {
    throw new CommandFailure('nothing was removed', EXIT_CODES.interrupted.code);
  });
  try {
    return ['y', 'Y'].includes((await Promise.race([reader.question(question), ended, interrupted])).trim());
  } finally {
    reader.close();
  }
}

function printNames(options: NamesArguments, found: ReadonlyMap<string, NameRegistration>, title: string): void {
  // in the order of code points, as Python sorts
  const sorted = [...found].sort(([one], [other]) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
  const lines = sorted.flatMap(([name, { uri, metadata }]) => [
    lineText(`${name} --> ${uri}`),
    ...(metadata.size > 0 ? [`    metadata: ${tagsText(metadata)}`] : []),
  ]);
  const json = sorted.map(([name, { uri, metadata }]) => ({ name, uri, metadata: [...metadata] }));
  answer(options, json, [`--------START LIST ${title}`, ...lines, `--------END LIST ${title}`]);
}

/** Serializers that have no sets: Pyro5's clients get lists. */
const WITHOUT_SETS: readonly (string | undefined)[] = ['json', 'msgpack'];

/** Tags as Python prints the set that a client of Pyro5 gets, or the list. */
function tagsText(tags: ReadonlySet<string>): string {
  const texts = [...tags].map(stringLiteral).join(', ');
  return WITHOUT_SETS.includes(environmentConfig().SERIALIZER) ? `[${texts}]` : `{${texts}}`;
}
