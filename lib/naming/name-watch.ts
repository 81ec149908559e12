import { setTimeout as sleep } from 'node:timers/promises';
import { FollowingEnd } from '../calls/following-end.js';
import { CommunicationError, NamingError, ProtocolError } from '../protocol/errors.js';
import { PyroUri } from '../protocol/uri.js';
import {
  ABORT_SIGNAL,
  checkArgument,
  checkOptions,
  milliseconds,
  type OptionRules,
  TEXT,
  TEXTS,
} from '../options/option-checks.js';
import { type NameRegistration, type NameServerChange, type TagFilter, TOO_MANY_WATCHES } from './name-records.js';

/** A change of a name, as a watch gives it. */
export type NameEvent =
  | {
      /** The name is registered, or its registration has changed. */
      readonly kind: 'registered';
      /** The name. */
      readonly name: string;
      /** URI of the object. */
      readonly uri: PyroUri;
      /** Metadata tags of the name; empty when it has none. */
      readonly metadata: ReadonlySet<string>;
    }
  | {
      /** The name is gone. */
      readonly kind: 'removed';
      /** The name. */
      readonly name: string;
    };

/** Options of a watch. */
export interface NameWatchOptions {
  /** Beginning of the names. Default: all names. */
  prefix?: string;
  /** Metadata tags that a name must have, all of them. Default none. */
  tags?: readonly string[];
  /** Pause between two questions to a name server that cannot be watched, as Python's. Default 1,000. */
  pollIntervalMs?: number;
  /** Ends the watch. */
  signal?: AbortSignal;
}

const WATCH_RULES: OptionRules<NameWatchOptions> = {
  prefix: TEXT,
  tags: TEXTS,
  pollIntervalMs: milliseconds({ least: 10 }),
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
 * @throws {PyroError} `CONFIG`, when an option is wrong
 */
export async function* watchNames(
  connect: WatchConnect,
  options: NameWatchOptions,
  end?: AbortSignal,
): AsyncGenerator<NameEvent, void> {
  checkOptions(options, WATCH_RULES);
  const { prefix = '', tags = [], pollIntervalMs = DEFAULT_POLL_MS } = options;
  // what a watch that was dropped has open is closed by the garbage collector
  using ending = new FollowingEnd(options.signal, end);
  const { signal } = ending;
  const known = new KnownNames();
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
  for await (const event of watchNames(connect, { prefix: name, signal: ending.signal })) {
    if (event.kind === 'registered' && event.name === name) return event.uri;
  }
  signal?.throwIfAborted();
  end?.throwIfAborted();
  throw new NamingError(`"${name}" was not registered within timeoutMs (${timeoutMs} ms)`);
}

function isForTooManyWatches(error: unknown): boolean {
  return error instanceof NamingError && error.message.startsWith(TOO_MANY_WATCHES);
}

function isTemporary(error: unknown): boolean {
  if (error instanceof NamingError) return isTemporary(error.cause);
  return error instanceof CommunicationError && !(error instanceof ProtocolError);
}

/** The names that the watch has given to its user. */
class KnownNames {
  private readonly names = new Map<string, NameRegistration>();

  /** Notes a registration. A name whose URI cannot be read counts as removed. @returns the event; undefined when nothing has changed */
  registered(name: string, registration: NameRegistration): NameEvent | undefined {
    const before = this.names.get(name);
    if (before && before.uri === registration.uri && isSameSet(before.metadata, registration.metadata)) return undefined;
    const uri = PyroUri.tryParse(registration.uri);
    // Python's name server takes URIs that are none here, such as one with port 99999
    if (uri === undefined) return this.removed(name);
    this.names.set(name, registration);
    return { kind: 'registered', name, uri, metadata: registration.metadata };
  }

  removed(name: string): NameEvent | undefined {
    return this.names.delete(name) ? { kind: 'removed', name } : undefined;
  }

  /** Notes all present names. @returns the changes */
  *all(now: ReadonlyMap<string, NameRegistration>): Iterable<NameEvent> {
    for (const name of this.names.keys()) {
      const event = now.has(name) ? undefined : this.removed(name);
      if (event) yield event;
    }
    for (const [name, registration] of now) {
      const event = this.registered(name, registration);
      if (event) yield event;
    }
  }
}

function isSameSet(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  return one.size === other.size && [...one].every((tag) => other.has(tag));
}

async function* follow(changes: AsyncIterable<NameServerChange>, known: KnownNames): AsyncGenerator<NameEvent> {
  // the names up to `ready`
  let first: Map<string, NameRegistration> | undefined = new Map();
  for await (const item of changes) {
    if (item.change === 'restart') first = new Map();
    else if (item.change === 'ready') {
      yield* known.all(first ?? new Map());
      first = undefined;
    } else if (item.change === 'registered' && first) first.set(item.name, item.registration);
    else {
      const event =
        item.change === 'registered'
          ? known.registered(item.name, item.registration)
          : item.change === 'removed'
            ? known.removed(item.name)
            : undefined;
      if (event) yield event;
    }
  }
}

/** Asks again and again. Between two questions there is no connection: each occupies a thread of Python's name server. */
async function* poll(
  nameServer: WatchedNameServer,
  { prefix, tags, pollIntervalMs, signal }: Required<NameWatchOptions>,
  known: KnownNames,
): AsyncGenerator<NameEvent> {
  for (;;) {
    const found =
      tags.length > 0 ? await nameServer.yplookup({ all: tags }) : await nameServer.listWithMetadata(prefix ? { prefix } : {});
    await nameServer.release();
    yield* known.all(new Map([...found].filter(([name]) => name.startsWith(prefix))));
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
