import { setTimeout as sleep } from 'node:timers/promises';
import { FollowingEnd } from '../calls/following-end.js';
import { CommunicationError, NamingError, ProtocolError } from '../protocol/errors.js';
import { PyroUri } from '../protocol/uri.js';
import {
  ABORT_SIGNAL,
  checkArgument,
  checkOptions,
  givenOptions,
  milliseconds,
  type OptionRules,
  TEXT,
  TEXTS,
} from '../options/option-checks.js';
import { KnownNames } from './known-names.js';
import { DEFAULT_WATCH_LIMITS, type NameWatchLimits, NO_TEXT_LIMITS, WATCH_LIMITS_RULE } from './name-limits.js';
import {
  isForTooManyWatches,
  type NameEvent,
  type NameRegistration,
  type NameServerChange,
  type TagFilter,
} from './name-records.js';

/** Options of a watch. */
export interface NameWatchOptions {
  /** Beginning of the names. Default: all names. */
  prefix?: string;
  /** Metadata tags that a name must have, all of them. Default none. */
  tags?: readonly string[];
  /** Pause between two questions to a name server that cannot be watched, as Python's. Default 1,000. */
  pollIntervalMs?: number;
  /** The limits of the watch. Default: see each. */
  limits?: Partial<NameWatchLimits>;
  /** Ends the watch. */
  signal?: AbortSignal;
}

const WATCH_RULES: OptionRules<NameWatchOptions> = {
  prefix: TEXT,
  tags: TEXTS,
  pollIntervalMs: milliseconds({ least: 10 }),
  limits: WATCH_LIMITS_RULE,
  signal: ABORT_SIGNAL,
};

/** Options of the wait for a name. */
export interface NameWaitOptions {
  /** Longest wait for the name. Default 30,000. */
  timeoutMs?: number;
  /** Ends the wait. The error is its reason. */
  signal?: AbortSignal;
}

const WAIT_RULES: OptionRules<NameWaitOptions> = { timeoutMs: milliseconds({ least: 1 }), signal: ABORT_SIGNAL };
const DEFAULT_WAIT_MS = 30_000;

const DEFAULT_POLL_MS = 1_000;
/** Pause before the next attempt, when the name server does not answer. */
const RETRY_MS = 1_000;
/** While the name server takes no more watches, each pause is twice the last one: this often at most. */
const MAX_DOUBLINGS = 4;

/** The part of a name server's client that a watch needs. */
interface WatchedNameServer {
  /** True when the name server tells of changes. */
  readonly tellsChanges: boolean;
  changes(prefix: string, tags: readonly string[]): Promise<AsyncIterable<NameServerChange>>;
  listWithMetadata(filter: { prefix?: string }): Promise<Map<string, NameRegistration>>;
  yplookup(filter: TagFilter): Promise<Map<string, NameRegistration>>;
  /** Connects again after {@link release}. */
  connect(): Promise<void>;
  release(): Promise<void>;
}

/** Opens a connection to the name server for a watch. It, and all its calls, end when the signal aborts. */
export type WatchConnect = (signal: AbortSignal) => Promise<WatchedNameServer>;

/**
 * Follows names: gives the registered names first, then each change. A name server of this library tells of changes at once; other name
 * servers are asked again and again. When the connection is lost, the watch connects again and gives the changes of the meantime. When the
 * name server takes no more watches, the watch asks again until another one has ended.
 *
 * @param end ends the watch, as the option `signal` does
 * @param only other names are passed over. Default: all names with the prefix
 * @throws {PyroError} `CONFIG`, when an option is wrong
 * @throws {NamingError} when the names are over a limit of the watch; the text says which
 */
export async function* watchNames(
  connect: WatchConnect,
  options: NameWatchOptions,
  end?: AbortSignal,
  only?: string,
): AsyncGenerator<NameEvent, void> {
  checkOptions(options, WATCH_RULES);
  const { prefix = '', tags = [], pollIntervalMs = DEFAULT_POLL_MS, limits } = options;
  // what a watch that was dropped has open is closed by the garbage collector
  using ending = new FollowingEnd(options.signal, end);
  const { signal } = ending;
  const isWanted = only === undefined ? (name: string) => name.startsWith(prefix) : (name: string) => name === only;
  const known = new KnownNames({ ...DEFAULT_WATCH_LIMITS, ...(limits && givenOptions(limits)) }, isWanted);
  let refusals = 0;
  while (!signal.aborted) {
    let nameServer: WatchedNameServer | undefined;
    const giveUp = (): void => void nameServer?.release();
    signal.addEventListener('abort', giveUp);
    try {
      nameServer = await connect(signal);
      if (signal.aborted) return;
      if (nameServer.tellsChanges) yield* follow(await nameServer.changes(prefix, tags), known);
      else yield* poll(nameServer, { prefix, tags, pollIntervalMs, signal }, known);
      refusals = 0;
    } catch (error) {
      if (signal.aborted) return;
      refusals = isForTooManyWatches(error) ? refusals + 1 : 0;
      if (refusals === 0 && !isTemporary(error)) throw error;
    } finally {
      signal.removeEventListener('abort', giveUp);
      await nameServer?.release();
    }
    await pause(RETRY_MS * 2 ** Math.min(refusals, MAX_DOUBLINGS), signal);
  }
}

/**
 * Waits until a name is registered.
 *
 * @param end ends the wait, as the option `signal` does
 * @throws {NamingError} after `timeoutMs`
 */
export async function waitForName(
  connect: WatchConnect,
  name: string,
  options: NameWaitOptions,
  end?: AbortSignal,
): Promise<PyroUri> {
  checkArgument('the name', name, TEXT);
  checkOptions(options, WAIT_RULES);
  const { timeoutMs = DEFAULT_WAIT_MS, signal } = options;
  using ending = new FollowingEnd(signal, end, AbortSignal.timeout(timeoutMs));
  const watch: NameWatchOptions = { prefix: name, signal: ending.signal, limits: NO_TEXT_LIMITS };
  for await (const event of watchNames(connect, watch, undefined, name)) {
    if (event.kind === 'registered') return event.uri;
  }
  signal?.throwIfAborted();
  end?.throwIfAborted();
  throw new NamingError(`"${name}" was not registered within timeoutMs (${timeoutMs} ms)`);
}

function isTemporary(error: unknown): boolean {
  if (error instanceof NamingError) return isTemporary(error.cause);
  return error instanceof CommunicationError && !(error instanceof ProtocolError);
}

async function* follow(changes: AsyncIterable<NameServerChange>, known: KnownNames): AsyncGenerator<NameEvent> {
  known.beginList();
  for await (const item of changes) {
    if (item.change === 'restart') known.beginList();
    else if (item.change === 'ready') yield* known.endList();
    else if (item.change === 'registered' || item.change === 'removed') {
      const event = item.change === 'removed' ? known.removed(item.name) : known.registered(item.name, item.registration);
      if (event) yield event;
    }
  }
}

/** Asks again and again. Between two questions there is no connection: each occupies a thread of Python's name server. */
async function* poll(
  nameServer: WatchedNameServer,
  { prefix, tags, pollIntervalMs, signal }: Required<Omit<NameWatchOptions, 'limits'>>,
  known: KnownNames,
): AsyncGenerator<NameEvent> {
  for (;;) {
    const found =
      tags.length > 0 ? await nameServer.yplookup({ all: tags }) : await nameServer.listWithMetadata(prefix ? { prefix } : {});
    await nameServer.release();
    known.beginList();
    for (const [name, registration] of found) {
      const event = known.registered(name, registration);
      if (event) yield event;
    }
    found.clear();
    yield* known.endList();
    await pause(pollIntervalMs, signal);
    if (signal.aborted) return;
    await nameServer.connect();
    // a name server of this library has taken the place: the watch begins anew
    if (nameServer.tellsChanges) return;
  }
}

/** Ends early, without an error, when the signal aborts. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
