import { connect } from 'node:net';
import { NAME_SERVER_OBJECT_ID } from '../protocol/constants.js';
import { UNIX_PREFIX } from '../protocol/location.js';
import { PyroUri } from '../protocol/uri.js';
import type { NameRecord, NameStore } from './store/name-store.js';

/** Names of a server that cannot be reached for this time are removed. @see Pyro5/nameserver.py, `AutoCleaner.max_unreachable_time` */
const MAX_UNREACHABLE_MS = 20_000;
const CONNECT_TIMEOUT_MS = 5_000;
/** Servers that are tried at the same time. */
const PARALLEL = 16;

/** The times of an {@link AutoCleaner}. */
export interface AutoCleanTimes {
  /** Pause between two rounds. */
  intervalMs: number;
  /** A name is removed when its server was unreachable for this time. Default 20,000. */
  maxUnreachableMs?: number;
}

/**
 * Removes names whose servers cannot be reached any more.
 *
 * It opens a connection to the address of each name without a lease. A name with a lease is removed when the lease ends.
 *
 * @see Pyro5/nameserver.py, `AutoCleaner`
 */
export class AutoCleaner {
  /** Time at which each name was first found unreachable, in milliseconds of `performance.now()`. */
  private readonly unreachableSince = new Map<string, number>();
  private readonly maxUnreachableMs: number;
  private readonly timer: NodeJS.Timeout;
  private isRunning = false;

  /**
   * @param onCleaned called with each removed name and its URI
   * @param onError called when the store fails
   */
  constructor(
    private readonly store: NameStore,
    { intervalMs, maxUnreachableMs = MAX_UNREACHABLE_MS }: AutoCleanTimes,
    private readonly onCleaned: (name: string, uri: string) => void,
    private readonly onError: (error: unknown) => void,
  ) {
    this.maxUnreachableMs = maxUnreachableMs;
    this.timer = setInterval(() => void this.clean(), intervalMs).unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private async clean(): Promise<void> {
    if (this.isRunning) return;
    this.isRunning = true;
    try {
      await this.round();
    } catch (error) {
      this.onError(error);
    } finally {
      this.isRunning = false;
    }
  }

  private async round(): Promise<void> {
    const byLocation = new Map<string, NameRecord[]>();
    const names = new Set<string>();
    for (const record of await this.store.list({ by: 'all' })) {
      const location = record.lease === undefined && record.name !== NAME_SERVER_OBJECT_ID ? locationOf(record.uri) : undefined;
      if (location === undefined) continue;
      names.add(record.name);
      const others = byLocation.get(location);
      if (others) others.push(record);
      else byLocation.set(location, [record]);
    }
    for (const name of this.unreachableSince.keys()) if (!names.has(name)) this.unreachableSince.delete(name);
    const locations = byLocation.entries();
    await Promise.all(Array.from({ length: PARALLEL }, () => this.tryEach(locations)));
  }

  private async tryEach(locations: Iterable<[string, NameRecord[]]>): Promise<void> {
    for (const [location, records] of locations) {
      const answers = await isAnswering(location);
      for (const record of records) await this.note(record, answers);
    }
  }

  private async note({ name, uri }: NameRecord, answers: boolean): Promise<void> {
    if (answers) {
      this.unreachableSince.delete(name);
      return;
    }
    const since = this.unreachableSince.get(name);
    if (since === undefined) {
      this.unreachableSince.set(name, performance.now());
      return;
    }
    if (performance.now() - since < this.maxUnreachableMs) return;
    this.unreachableSince.delete(name);
    // the name may have moved while its old server was tried
    if ((await this.store.get(name))?.uri !== uri) return;
    if ((await this.store.remove([name], { takeover: false })) > 0) this.onCleaned(name, uri);
  }
}

/** The address of the server of a URI; undefined for a URI that names no address. */
function locationOf(uri: string): string | undefined {
  const { protocol, location } = new PyroUri(uri);
  return protocol === 'PYRO' ? location : undefined;
}

function isAnswering(location: string): Promise<boolean> {
  const colon = location.lastIndexOf(':');
  const address = location.startsWith(UNIX_PREFIX)
    ? { path: location.slice(UNIX_PREFIX.length) }
    : { host: location.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(location.slice(colon + 1)) };
  return new Promise((resolve) => {
    const socket = connect({ ...address, timeout: CONNECT_TIMEOUT_MS });
    const end = (answers: boolean): void => {
      socket.destroy();
      resolve(answers);
    };
    socket.once('connect', () => end(true));
    socket.once('timeout', () => end(false));
    socket.once('error', () => end(false));
  });
}
