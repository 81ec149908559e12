import { connect, type Socket } from 'node:net';
import { endsWithin } from '../calls/deadline.js';
import { NAME_SERVER_OBJECT_ID } from '../protocol/constants.js';
import { socketAddressOf } from '../protocol/location.js';
import { PyroUri } from '../protocol/uri.js';
import type { NameRecord, NameStore } from './store/name-store.js';

/** Names of a server that cannot be reached for this time are removed. @see Pyro5/nameserver.py, `AutoCleaner.max_unreachable_time` */
const MAX_UNREACHABLE_MS = 20_000;
const CONNECT_TIMEOUT_MS = 5_000;
/** Servers that are tried at the same time. */
const PARALLEL = 16;
/** Longest that the end waits for a store that is asked. */
const MAX_STORE_WAIT_MS = 5_000;

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
  /** The URI of each name that is unreachable, and when it was first found so, in milliseconds of `performance.now()`. */
  private readonly unreachable = new Map<string, { readonly uri: string; readonly sinceMs: number }>();
  private readonly maxUnreachableMs: number;
  private readonly timer: NodeJS.Timeout;
  private running: Promise<void> | undefined;
  /** The connections of the running round. */
  private readonly sockets = new Set<Socket>();
  private isStopped = false;

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
    this.timer = setInterval(() => this.clean(), intervalMs).unref();
  }

  /** Ends the running round. Resolves when nothing asks or changes the store any more, or after 5 s. */
  async stop(): Promise<void> {
    this.isStopped = true;
    clearInterval(this.timer);
    for (const socket of this.sockets) socket.destroy();
    if (this.running) await endsWithin(this.running, MAX_STORE_WAIT_MS);
  }

  private clean(): void {
    this.running ??= this.round()
      .catch((error: unknown) => this.isStopped || this.onError(error))
      .then(() => (this.running = undefined));
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
    for (const name of this.unreachable.keys()) if (!names.has(name)) this.unreachable.delete(name);
    if (this.isStopped) return;
    const locations = byLocation.entries();
    const tries = await Promise.allSettled(Array.from({ length: PARALLEL }, () => this.tryEach(locations)));
    const failed = tries.find(({ status }) => status === 'rejected') as PromiseRejectedResult | undefined;
    if (failed) throw failed.reason;
  }

  private async tryEach(locations: Iterable<[string, NameRecord[]]>): Promise<void> {
    for (const [location, records] of locations) {
      const answers = await this.isAnswering(location);
      for (const record of records) {
        if (this.isStopped) return;
        await this.note(record, answers);
      }
    }
  }

  private async note(record: NameRecord, answers: boolean): Promise<void> {
    const { name, uri } = record;
    const known = this.unreachable.get(name);
    if (answers) this.unreachable.delete(name);
    else if (known?.uri !== uri) this.unreachable.set(name, { uri, sinceMs: performance.now() });
    else if (performance.now() - known.sinceMs >= this.maxUnreachableMs) {
      this.unreachable.delete(name);
      // the server may have registered the name again while it was tried
      if (await this.store.removeUnchanged(record)) this.onCleaned(name, uri);
    }
  }

  private isAnswering(location: string): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect({ ...socketAddressOf(location)!, timeout: CONNECT_TIMEOUT_MS });
      this.sockets.add(socket);
      const end = (answers: boolean): void => {
        this.sockets.delete(socket);
        socket.destroy();
        resolve(answers);
      };
      socket.once('connect', () => end(true));
      socket.once('timeout', () => end(false));
      socket.once('error', () => end(false));
      socket.once('close', () => end(false));
    });
  }
}

/** The address of the server of a URI; undefined for a URI that names no address, or that another name server wrote and nobody can read. */
function locationOf(text: string): string | undefined {
  const uri = PyroUri.tryParse(text);
  return uri?.protocol === 'PYRO' ? uri.location : undefined;
}
