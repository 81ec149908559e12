import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { kwargs } from '../client/call/outgoing-call.js';
import { RemoteStream } from '../client/call/remote-stream.js';
import type { UntypedRemote } from '../client/proxy/remote-methods.js';
import type { RemoteObject } from '../client/proxy/remote-proxy.js';
import { closeAtDaemon } from '../inspector/calls/close-stream.js';
import { DAEMON_METHODS } from '../protocol/constants.js';
import type { PyroUri } from '../protocol/uri.js';
import { PyroRemoteError } from '../serializers/objects/exceptions.js';
import { REMOTE_TRACEBACK } from '../serializers/objects/remote-traceback.js';
import { countOf, keywordOf, secondsOf } from './terminal/arguments.js';
import { CommandFailure, EXIT_CODES } from './terminal/exit-codes.js';
import { print, resultText, printJson } from './terminal/output.js';
import { ANY_ADDRESS, objectArgument, type RemoteArguments, takesRemoteArguments, uriOf } from './remote/remote-arguments.js';
import { daemonUriOf, orUnreachable, withRemote } from './remote/remote-connection.js';
import { untilInterrupted } from './terminal/signals.js';
import { jsonOf, valueOfText } from '../inspector/values/typed-values.js';

interface CallArguments extends RemoteArguments {
  kw?: Record<string, string>;
  /** Arguments are literals of Python, not JSON. */
  literal?: true;
  /** Number of items. */
  count?: number;
  /** Milliseconds between two items. */
  interval?: number;
}

interface PingArguments extends RemoteArguments {
  count: number;
  /** Milliseconds between two pings. */
  interval: number;
}

const ARGUMENTS_HELP = `
An argument is JSON, or a text: 12, true, '[1, 2]', '{"a": 1}', hello. The text of a number stands in quotes: '"12"'.
With --literal it is a literal of Python: '(1, 2)', 'b"x"', '{1, 2}', None.`;

/** `nestjs-pyro call URI METHOD [ARGUMENT…]`: calls a method, and prints its result. A stream is printed item by item. */
export function callCommand(): Command {
  return takesCallArguments(new Command('call').description('call a method of an object, and print its result')).action(
    async (...given: Parameters<typeof runCall>) => void (await runCall(...given)),
  );
}

/** `nestjs-pyro stream URI METHOD [ARGUMENT…]`: reads some items of a stream, one for each line. */
export function streamCommand(): Command {
  return takesCallArguments(new Command('stream').description('read the items that a method streams, one for each line'))
    .option('-n, --count <number>', 'end after so many items', countOf)
    .option('-i, --interval <seconds>', 'wait so long between two items', secondsOf)
    .action(runStream);
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
      withRemote(uriOf(uri), given, (remote) => told(remote.$set(attribute, valueOfText(value, given.literal)))),
    );
}

/** `nestjs-pyro ping URI`: asks the daemon of an object whether it answers, and how fast. */
export function pingCommand(): Command {
  return takesRemoteArguments(new Command('ping').description('ask the daemon of an object whether it answers, and how fast'))
    .addArgument(objectArgument(ANY_ADDRESS))
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

/** Calls a method and prints what it gives. @returns true when this was a stream */
async function runCall(uri: string, method: string, texts: readonly string[], given: CallArguments): Promise<boolean> {
  const read = (text: string): unknown => valueOfText(text, given.literal);
  const args = texts.map(read);
  if (given.kw) args.push(kwargs(Object.fromEntries(Object.entries(given.kw).map(([name, text]) => [name, read(text)]))));
  let isStream = true;
  await untilInterrupted((signal) =>
    withRemote(
      uriOf(uri),
      given,
      async (remote) => {
        const result = await told(remote.$with({ signal }).$call(method, ...args));
        isStream = result instanceof RemoteStream;
        if (result instanceof RemoteStream) await printItems(result, remote, given, signal);
        else printResult(result, given);
      },
      signal,
    ),
  );
  return isStream;
}

/** As {@link runCall}. @throws {CommandFailure} when the method gave a result that is no stream; the result is printed */
async function runStream(uri: string, method: string, texts: readonly string[], given: CallArguments): Promise<void> {
  if (await runCall(uri, method, texts, given)) return;
  throw new CommandFailure(`${method} gave a result, and no stream: nestjs-pyro call calls methods`, EXIT_CODES.failed.code);
}

/** Prints the items of a stream until it ends, and closes it. @throws the reason of the signal */
async function printItems(stream: RemoteStream, remote: RemoteObject, given: CallArguments, signal: AbortSignal): Promise<void> {
  await using items = stream;
  try {
    for (let left = given.count ?? Infinity; left > 0; left--) {
      const { done, value } = await told(items.next());
      signal.throwIfAborted();
      if (done) return;
      printResult(value, given);
      if (given.interval && left > 1) await sleep(given.interval, undefined, { signal });
    }
  } catch (error) {
    // the connection ended with the request for an item, so the stream is closed over another one
    if (signal.aborted) await closeAtDaemon(remote, stream.id);
    throw error;
  }
}

function printResult(value: unknown, { json }: RemoteArguments): void {
  if (json) printJson(jsonOf(value));
  else if (value !== undefined && value !== null) print(resultText(value));
}

async function runPing(text: string, given: PingArguments): Promise<void> {
  const uri = await daemonUriOf(text, given);
  await untilInterrupted((signal) => withRemote(uri, given, (daemon) => ping(daemon, uri, given, signal), signal));
}

async function ping(daemon: RemoteObject<UntypedRemote>, uri: PyroUri, given: PingArguments, signal: AbortSignal): Promise<void> {
  const times: number[] = [];
  for (let sent = 0; sent < given.count; sent++) {
    if (sent > 0 && given.interval > 0) {
      // between two pings a connection would occupy a thread of a Python server
      await daemon.$release();
      await sleep(given.interval, undefined, { signal });
      await orUnreachable(uri, given, daemon.$connect());
    }
    const begun = performance.now();
    await told(daemon.$with({ signal }).$call(DAEMON_METHODS.ping));
    signal.throwIfAborted();
    times.push(performance.now() - begun);
    if (!given.json) print(`answered in ${times.at(-1)!.toFixed(2)} ms`);
  }
  const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
  const figures = {
    pings: times.length,
    leastMs: times.reduce((least, time) => Math.min(least, time)),
    meanMs: mean,
    mostMs: times.reduce((most, time) => Math.max(most, time)),
  };
  if (given.json) printJson({ uri: String(uri), ...figures });
  else if (times.length > 1)
    print(`least ${figures.leastMs.toFixed(2)}, mean ${mean.toFixed(2)}, most ${figures.mostMs.toFixed(2)} ms`);
}

/** Waits for a call. @throws {CommandFailure} with the traceback of the server, when the call failed there */
async function told<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (!(error instanceof PyroRemoteError)) throw error;
    const [, traceback = ''] = error.stack?.split(REMOTE_TRACEBACK) ?? [];
    const message = traceback === '' ? error.message : `${error.message}\n${traceback.trimEnd()}`;
    throw new CommandFailure(message, EXIT_CODES.failed.code, { cause: error });
  }
}
