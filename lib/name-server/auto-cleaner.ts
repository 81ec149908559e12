import { setMaxListeners } from 'node:events';
import { connect, isIP, type LookupFunction, type Socket } from 'node:net';
import { endsWithin } from '../calls/deadline.js';
import { NAME_SERVER_OBJECT_ID } from '../protocol/constants.js';
import { socketAddressOf } from '../protocol/location.js';
import { PyroUri } from '../protocol/uri.js';
import type { HostChooser } from '../transport/sockets/host-choosers.js';
import { hostLookups } from '../transport/sockets/host-lookups.js';
import { lookupOf } from '../transport/sockets/socket-lookup.js';
import type { NameRecord, NameStore } from './store/name-store.js';
import { TimeSlices } from './store/time-slices.js';

/** Names of a server that cannot be reached for this time are removed. @see Pyro5/nameserver.py, `AutoCleaner.max_unreachable_time` */
const MAX_UNREACHABLE_MS = 20_000;
const CONNECT_TIMEOUT_MS = 5_000;
/** Servers that are tried at the same time: so many by their IP addresses or unix sockets, and so many by host names. */
const PARALLEL = 16;
/** Programs choose the host names of their servers, and register them. */
const CHOOSER: HostChooser = { name: 'autoclean' };
/** Longest that the end waits for a store that is asked. */
const MAX_STORE_WAIT_MS = 5_000;

/** The names of each server, by its location. */
type Servers = Map<string, NameRecord[]>;

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
 * The cleaner opens a connection to the address of each name without a lease, and reads the names in slices between which others are
 * served. A name with a lease is removed when the lease ends. Names whose hosts have to be looked up hold up no others: rounds go on
 * without them while they are tried.
 *
 * @see Pyro5/nameserver.py, `AutoCleaner`
 */
export class AutoCleaner {
  /** The URI of each name that is unreachable, and when it was first found so, in milliseconds of `performance.now()`. */
  private readonly unreachable = new Map<string, { readonly uri: string; readonly sinceMs: number }>();
  private readonly maxUnreachableMs: number;
  private readonly timer: NodeJS.Timeout;
  private running: Promise<void> | undefined;
  /** The servers that are tried by host names. */
  private lookingUp: Promise<void> | undefined;
  private readonly ending = new AbortController();
  /** The connections of the running round. */
  private readonly sockets = new Set<Socket>();

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
    // each lookup takes its listener off: a leak warning of Node would be wrong
    setMaxListeners(0, this.ending.signal);
    this.timer = setInterval(() => this.clean(), intervalMs).unref();
  }

  /** Ends the running round. Resolves when nothing asks or changes the store any more, or after 5 s. */
  async stop(): Promise<void> {
    this.ending.abort();
    clearInterval(this.timer);
    for (const socket of this.sockets) socket.destroy();
    await endsWithin(Promise.all([this.running, this.lookingUp]), MAX_STORE_WAIT_MS);
  }

  private get isStopped(): boolean {
    return this.ending.signal.aborted;
  }

  private clean(): void {
    this.running ??= this.reported(this.round()).then(() => (this.running = undefined));
  }

  private async reported(work: Promise<void>): Promise<void> {
    await work.catch((error: unknown) => this.isStopped || this.onError(error));
  }

  private async round(): Promise<void> {
    const slices = new TimeSlices();
    const names = new Set<string>();
    const withHostName: Servers = new Map();
    const others: Servers = new Map();
    for (const record of await this.store.list({ by: 'all' })) {
      if (slices.isOver) await slices.next();
      const location = record.lease === undefined && record.name !== NAME_SERVER_OBJECT_ID ? locationOf(record.uri) : undefined;
      if (location === undefined) continue;
      names.add(record.name);
      const known = withHostName.get(location) ?? others.get(location);
      if (known) known.push(record);
      else (hostNameOf(location) === undefined ? others : withHostName).set(location, [record]);
    }
    for (const name of this.unreachable.keys()) {
      if (slices.isOver) await slices.next();
      if (!names.has(name)) this.unreachable.delete(name);
    }
    if (this.isStopped) return;
    this.lookingUp ??= this.reported(this.tryAll(withHostName)).then(() => (this.lookingUp = undefined));
    await this.tryAll(others);
  }

  private async tryAll(servers: Servers): Promise<void> {
    const locations = servers.entries();
    const tries = await Promise.allSettled(Array.from({ length: PARALLEL }, () => this.tryEach(locations)));
    const failed = tries.find(({ status }) => status === 'rejected') as PromiseRejectedResult | undefined;
    if (failed) throw failed.reason;
  }

  private async tryEach(locations: Iterable<[string, NameRecord[]]>): Promise<void> {
    for (const [location, records] of locations) {
      if (this.isStopped) return;
      const answers = await this.isAnswering(location);
      const slices = new TimeSlices();
      for (const record of records) {
        if (this.isStopped) return;
        await this.note(record, answers);
        if (slices.isOver) await slices.next();
      }
      // a host may be refused at once
      await slices.next();
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

  private async isAnswering(location: string): Promise<boolean> {
    try {
      const host = hostNameOf(location);
      if (host === undefined) return await this.takesConnection(location);
      // before the time of the connection begins: the name may have to wait for its turn
      const addresses = await hostLookups().lookUp(host, CHOOSER, this.ending.signal);
      return !this.isStopped && (await this.takesConnection(location, lookupOf(addresses)));
    } catch {
      return false;
    }
  }

  private takesConnection(location: string, lookup?: LookupFunction): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect({ ...socketAddressOf(location)!, lookup, timeout: CONNECT_TIMEOUT_MS });
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

/** The host name in a location, which has to be looked up; undefined for an IP address and for a unix socket. */
function hostNameOf(location: string): string | undefined {
  const address = socketAddressOf(location);
  return address && 'host' in address && isIP(address.host) === 0 ? address.host : undefined;
}

/** The address of the server of a URI; undefined for a URI that names no address, or that another name server wrote and nobody can read. */
function locationOf(text: string): string | undefined {
  const uri = PyroUri.tryParse(text);
  return uri?.protocol === 'PYRO' ? uri.location : undefined;
}
