import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { INSPECTOR_OBJECT_ID } from '../protocol/constants.js';
import { isUnknownObject } from '../client/messages/rejections.js';
import { CommunicationError, TimeoutError } from '../protocol/errors.js';
import { type ReadSnapshot, readSnapshot, UnreadableSnapshot } from '../inspector/sources/read-snapshot.js';
import { ANSWER_TIMES, failureText } from '../inspector/sources/remote-source.js';
import { jsonOf } from '../inspector/values/typed-values.js';
import { PyroUri } from '../protocol/uri.js';
import { printable } from '../reports/printable.js';
import { PyroProxy } from '../pyro/pyro-proxy.js';
import { countOf, secondsOf } from './terminal/arguments.js';
import { CommandFailure, EXIT_CODES } from './terminal/exit-codes.js';
import { print, styled, table, printJson } from './terminal/output.js';
import {
  ANY_ADDRESS,
  objectArgument,
  proxyOptionsOf,
  type RemoteArguments,
  takesRemoteArguments,
} from './remote/remote-arguments.js';
import { orUnreachable, resolvedUri } from './remote/remote-connection.js';
import { untilInterrupted } from './terminal/signals.js';
import { printedCommand } from './remote/printed-command.js';

interface WatchArguments extends RemoteArguments {
  /** Number of snapshots. */
  count?: number;
  /** Milliseconds between two snapshots. */
  interval: number;
}

const MAX_ROWS = 20;
const CLEAR = '\u001b[H\u001b[2J\u001b[3J';

/** `nestjs-pyro watch URI`: shows connections and calls of a server of this library, and updates them. */
export function watchCommand(): Command {
  return takesRemoteArguments(new Command('watch').description('show connections and calls of a server of this library'))
    .addArgument(objectArgument(ANY_ADDRESS))
    .option('-n, --count <number>', 'end after so many snapshots', countOf)
    .option('-i, --interval <seconds>', 'time between two snapshots', secondsOf, 1_000)
    .action(runWatch);
}

async function runWatch(text: string, given: WatchArguments): Promise<void> {
  const { location } = await resolvedUri(text, given);
  const uri = PyroUri.at(INSPECTOR_OBJECT_ID, location!);
  await using inspector = PyroProxy.to(uri, { ...ANSWER_TIMES, ...proxyOptionsOf(given) });
  await untilInterrupted(async (signal) => {
    let before: ReadSnapshot | undefined;
    for (let left = given.count ?? Infinity; left > 0; left--) {
      const answer = await inspector
        .$with({ signal })
        .$call('inspect')
        .catch((error: unknown) => failed(uri, given, error));
      if (given.json) printJson(jsonOf(answer));
      else {
        const snapshot = read(uri, answer);
        print([...(process.stdout.isTTY ? [CLEAR] : []), ...linesOf(snapshot, before)]);
        before = snapshot;
      }
      if (left > 1) await sleep(given.interval, undefined, { signal });
    }
  });
}

/** @throws {CommandFailure} that says how a server shows its state */
function failed(uri: PyroUri, given: RemoteArguments, error: unknown): Promise<never> {
  if (isUnknownObject(error))
    throw new CommandFailure(
      `the daemon at ${uri.location} does not show its state: a server of nestjs-pyro does with the option inspector, as in ` +
        `new PyroServer({ inspector: true }); a daemon of Python cannot. The objects of each are shown by ${printedCommand('inspect', uri.location!, given)}`,
      EXIT_CODES.failed.code,
      { cause: error },
    );
  if (error instanceof TimeoutError)
    return orUnreachable(uri, given, Promise.reject(new TimeoutError(failureText(uri.location!, error), { cause: error })));
  return error instanceof CommunicationError ? orUnreachable(uri, given, Promise.reject(error)) : Promise.reject(error as Error);
}

/** @throws {CommandFailure} when the server has a snapshot of another shape */
function read({ location }: PyroUri, answer: unknown): ReadSnapshot {
  try {
    return readSnapshot(answer);
  } catch (error) {
    if (!(error instanceof UnreadableSnapshot)) throw error;
    throw new CommandFailure(`${location} ${error.message}`, EXIT_CODES.failed.code);
  }
}

function linesOf(snapshot: ReadSnapshot, before: ReadSnapshot | undefined): string[] {
  const { location, state, totals, objects, connections, uptimeMs } = snapshot;
  const seconds = before && (Date.parse(snapshot.at) - Date.parse(before.at)) / 1_000;
  const rate = (now: number | null, then: number | null | undefined): string =>
    seconds && now !== null && then != null ? (Math.max(0, now - then) / seconds).toFixed(1) : '-';
  const callsBefore = new Map(before?.objects.map(({ objectId, calls }) => [objectId, calls]));
  const busiest = objects.toSorted((one, other) => (other.calls ?? 0) - (one.calls ?? 0)).slice(0, MAX_ROWS);
  const newest = connections.toReversed().slice(0, MAX_ROWS);
  const calls = `${totals.calls} calls (${rate(totals.calls, before?.totals.calls)}/s), ${totals.failedCalls} failed`;
  return [
    styled('bold', printable(`${location} ${state}, up ${Math.round(uptimeMs / 1_000)} s`)),
    printable(
      `${totals.connectionsOpen} connections, ${totals.requestsInProgress} running, ${totals.streamsOpen} streams; ${calls}`,
    ),
    '',
    ...table(
      ['OBJECT', 'CALLS/S', 'CALLS', 'FAILED'],
      busiest.map((one) => [
        one.objectId,
        rate(one.calls, callsBefore.get(one.objectId)),
        String(one.calls ?? '?'),
        String(one.failures ?? '?'),
      ]),
    ),
    ...more(totals.objects, 'objects'),
    '',
    ...table(
      ['CONNECTION', 'ADDRESS', 'PRINCIPAL', 'AGE', 'CALLS', 'FAILED', 'RUNNING', 'STREAMS'],
      newest.map((one) => [
        String(one.id),
        one.remoteAddress,
        one.principal ?? '-',
        `${Math.round(one.ageMs / 1_000)} s`,
        ...[one.calls, one.failures, one.requestsInProgress, one.streams].map(String),
      ]),
    ),
    ...more(totals.connectionsOpen, 'connections'),
    '',
  ];
}

function more(count: number, what: string): string[] {
  return count > MAX_ROWS ? [`… and ${count - MAX_ROWS} more ${what}`] : [];
}
