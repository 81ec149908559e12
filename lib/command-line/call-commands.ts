import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { kwargs } from '../client/call/outgoing-call.js';
import { RemoteStream } from '../client/call/remote-stream.js';
import { PyroRemoteError } from '../serializers/objects/exceptions.js';
import { countOf, keywordOf, secondsOf } from './arguments.js';
import { CommandFailure, EXIT_CODES } from './exit-codes.js';
import { print, resultText, printJson } from './output.js';
import { type RemoteArguments, takesRemoteArguments, uriOf, objectArgument } from './remote-arguments.js';
import { daemonUriOf, withRemote } from './remote-connection.js';
import { jsonOf, valueOf } from '../inspector/values.js';

interface CallArguments extends RemoteArguments {
  kw?: Record<string, string>;
  /** Arguments are literals of Python, not JSON. */
  literal?: true;
  /** Number of items. */
  count?: number;
  /** Milliseconds between two items. */
  interval?: number;
}

const ARGUMENTS_HELP = `
An argument is JSON, or a text: 12, true, '[1, 2]', '{"a": 1}', hello. The text of a number stands in quotes: '"12"'.
With --literal it is a literal of Python: '(1, 2)', 'b"x"', '{1, 2}', None.`;

/** `nestjs-pyro call URI METHOD [ARGUMENT…]`: calls a method, and prints its result. A stream is printed item by item. */
export function callCommand(): Command {
  return takesCallArguments(new Command('call').description('call a method of an object, and print its result')).action(runCall);
}

/** `nestjs-pyro stream URI METHOD [ARGUMENT…]`: reads some items of a stream, one for each line. */
export function streamCommand(): Command {
  return takesCallArguments(new Command('stream').description('read the items that a method streams, one for each line'))
    .option('-n, --count <number>', 'end after so many items', countOf)
    .option('-i, --interval <seconds>', 'wait so long between two items', secondsOf)
    .action(runCall);
}

/** `nestjs-pyro get URI ATTRIBUTE`: reads an attribute. */
export function getCommand(): Command {
  return takesRemoteArguments(new Command('get').description('read an attribute of an object'))
    .addArgument(objectArgument())
    .argument('<attribute>')
    .action((uri: string, attribute: string, given: RemoteArguments) =>
      withRemote(uriOf(uri), given, async (remote) => printResult(await told(remote.$get(attribute)), given)),
    );
}

/** `nestjs-pyro set URI ATTRIBUTE VALUE`: writes an attribute. */
export function setCommand(): Command {
  return takesRemoteArguments(new Command('set').description('write an attribute of an object'))
    .addArgument(objectArgument())
    .argument('<attribute>')
    .argument('<value>', 'JSON, or a text')
    .option('--literal', 'the value is a Python literal')
    .action((uri: string, attribute: string, value: string, given: CallArguments) =>
      withRemote(uriOf(uri), given, (remote) => told(remote.$set(attribute, valueOf(value, given.literal)))),
    );
}

/** `nestjs-pyro ping URI`: asks the daemon of an object whether it answers, and how fast. */
export function pingCommand(): Command {
  return takesRemoteArguments(new Command('ping').description('ask the daemon of an object whether it answers, and how fast'))
    .addArgument(objectArgument('PYRO:, PYRONAME: or PYROMETA: URI, host:port, or a name'))
    .option('-n, --count <number>', 'how often', countOf, 1)
    .option('-i, --interval <seconds>', 'time between two pings', secondsOf, 1_000)
    .action(runPing);
}

function takesCallArguments(command: Command): Command {
  return takesRemoteArguments(command)
    .addArgument(objectArgument())
    .argument('<method>')
    .argument('[arguments...]', 'positional arguments')
    .option('--kw <name=value>', 'a keyword argument; may be given several times', keywordOf)
    .option('--literal', 'arguments are Python literals')
    .addHelpText('after', ARGUMENTS_HELP);
}

async function runCall(uri: string, method: string, texts: readonly string[], given: CallArguments): Promise<void> {
  const read = (text: string): unknown => valueOf(text, given.literal);
  const args = texts.map(read);
  if (given.kw) args.push(kwargs(Object.fromEntries(Object.entries(given.kw).map(([name, text]) => [name, read(text)]))));
  const end = new AbortController();
  const onSignal = (): void => end.abort();
  process.once('SIGINT', onSignal);
  try {
    await withRemote(uriOf(uri), given, async (remote) => {
      const result = await told(remote.$with({ signal: end.signal }).$call(method, ...args));
      if (result instanceof RemoteStream) await printItems(result, given, end.signal);
      else printResult(result, given);
    });
  } catch (error) {
    if (!end.signal.aborted) throw error;
    process.exitCode = EXIT_CODES.interrupted.code;
  } finally {
    process.off('SIGINT', onSignal);
  }
}

/** Prints the items of a stream until it ends, and closes it. @throws the reason of the signal */
async function printItems(stream: RemoteStream, given: CallArguments, signal: AbortSignal): Promise<void> {
  await using items = stream;
  for (let left = given.count ?? Infinity; left > 0; left--) {
    const { done, value } = await told(items.next());
    if (done) return;
    printResult(value, given);
    if (given.interval && left > 1) await sleep(given.interval, undefined, { signal });
  }
}

function printResult(value: unknown, { json }: RemoteArguments): void {
  if (json) printJson(jsonOf(value));
  else if (value !== undefined && value !== null) print(resultText(value));
}

async function runPing(text: string, given: RemoteArguments & { count: number; interval: number }): Promise<void> {
  const uri = await daemonUriOf(text, given);
  await withRemote(uri, given, async (daemon) => {
    const times: number[] = [];
    for (let ping = 0; ping < given.count; ping++) {
      if (ping > 0) await sleep(given.interval);
      const begun = performance.now();
      await told(daemon.$call('ping'));
      times.push(performance.now() - begun);
      if (!given.json) print(`answered in ${times.at(-1)!.toFixed(2)} ms`);
    }
    const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
    const figures = { pings: times.length, leastMs: Math.min(...times), meanMs: mean, mostMs: Math.max(...times) };
    if (given.json) printJson({ uri: String(uri), ...figures });
    else if (times.length > 1)
      print(`least ${figures.leastMs.toFixed(2)}, mean ${mean.toFixed(2)}, most ${figures.mostMs.toFixed(2)} ms`);
  });
}

/** Waits for a call. @throws {CommandFailure} with the traceback of the server, when the call failed there */
async function told<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (!(error instanceof PyroRemoteError)) throw error;
    const [, traceback = ''] = error.stack?.split('\nRemote traceback:\n') ?? [];
    const message = traceback === '' ? error.message : `${error.message}\n${traceback.trimEnd()}`;
    throw new CommandFailure(message, EXIT_CODES.failed.code, { cause: error });
  }
}
