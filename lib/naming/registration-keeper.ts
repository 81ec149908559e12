import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { CommunicationError, NamingError, PyroError } from '../protocol/errors.js';
import { PyroUri } from '../protocol/uri.js';
import { checkNumber } from '../options/option-checks.js';
import { checkNameServerAddress, locateNameServer, type NameServerOptions } from './locate.js';
import type { NameServer } from './name-server.js';
import { publishedUri } from './published-uri.js';
import { tagList } from './tags.js';

/** An object that shall have a name. */
export interface NamedObject {
  name: string;
  /** A PYRO URI. Host `0.0.0.0` or `::` stands for the address that this machine has towards the name server. */
  uri: PyroUri | string;
  metadata?: Iterable<string>;
}

export interface RegistrationKeeperOptions {
  nameServer: NameServerOptions;
  /** More may be added later. Default none. */
  objects?: Iterable<NamedObject>;
  /** How often a name server that is not there is looked for, and one that is there is asked for the names. Default 5,000. */
  retryIntervalMs?: number;
}

/** What a keeper tells; log it. */
export interface RegistrationKeeperEvents {
  /** The name stands for the URI now, at that name server. */
  registered: [name: string, uri: PyroUri, nameServer: PyroUri];
  /** Somebody else has given the name another URI; it is theirs now. Told once. */
  taken: [name: string, uri: PyroUri];
  /** The name was taken off. */
  removed: [name: string];
  /** No name server, or it refuses; told once until it works again. It is tried again. */
  unavailable: [error: Error];
  /** After `unavailable`: it works again, and has the names. */
  available: [nameServer: PyroUri];
}

interface Entry {
  readonly name: string;
  readonly uri: PyroUri;
  readonly metadata: readonly string[];
  state: { is: 'new' } | { is: 'registered'; uri: PyroUri } | { is: 'taken' };
  /** False: to be taken off. */
  isWanted: boolean;
}

const DEFAULT_RETRY_INTERVAL_MS = 5_000;

/**
 * Keeps objects registered at a name server: waits for one that starts later, registers again at one that forgot them or moved,
 * and takes its own names off at the end.
 */
export class RegistrationKeeper extends EventEmitter<RegistrationKeeperEvents> {
  private readonly entries = new Map<string, Entry>();
  private readonly retryIntervalMs: number;
  private readonly stopping = new AbortController();
  private nameServer: NameServer | undefined;
  private isUnavailable = false;
  private running: Promise<void> | undefined;
  private stopped: Promise<void> | undefined;
  /** Ends the pause between two rounds. */
  private pause = new AbortController();

  /** @throws {PyroError} when an option is wrong, a name stands twice, or a URI is none that can be published */
  constructor(private readonly options: RegistrationKeeperOptions) {
    super();
    checkNameServerAddress(options.nameServer);
    this.retryIntervalMs = options.retryIntervalMs ?? DEFAULT_RETRY_INTERVAL_MS;
    checkNumber('retryIntervalMs', this.retryIntervalMs, { least: 1 });
    for (const object of options.objects ?? []) this.add(object);
  }

  /**
   * Has one more object registered: at once when the keeper runs and the name server is there.
   *
   * @throws {PyroError} when the name is another object's, or the URI is none that can be published
   */
  add(object: NamedObject): void {
    const entry = entryOf(object);
    if (this.entries.get(entry.name)?.isWanted)
      throw new PyroError(`name "${entry.name}" is given to two objects`, { code: 'CONFIG' });
    this.entries.set(entry.name, entry);
    this.pause.abort();
  }

  /** Has a name taken off, if it still stands for our object: at once when the name server is there. Unknown names are passed over. */
  remove(name: string): void {
    const entry = this.entries.get(name);
    if (entry === undefined) return;
    entry.isWanted = false;
    this.pause.abort();
  }

  /**
   * Begins to keep the names; a second call is the same as the first.
   *
   * @returns resolves behind the first round: true when all names are registered
   */
  async start(): Promise<boolean> {
    if (this.running === undefined) {
      const first = this.round();
      this.running = first.then(() => this.repeat());
      await first;
    }
    return [...this.entries.values()].every(({ state }) => state.is === 'registered');
  }

  /**
   * Ends keeping, and takes off the names that still stand for our objects. A second call waits for the first.
   *
   * @param deadlineMs waits for the name server no longer than this. Default 5,000
   */
  stop(deadlineMs = 5_000): Promise<void> {
    return (this.stopped ??= this.end(deadlineMs));
  }

  private async end(deadlineMs: number): Promise<void> {
    this.stopping.abort(new NamingError('the registration keeper was stopped'));
    this.pause.abort();
    const deadline = AbortSignal.timeout(deadlineMs);
    const giveUp = (): void => void this.nameServer?.release();
    deadline.addEventListener('abort', giveUp);
    try {
      await this.running;
      const registered = [...this.entries.values()].filter(({ state }) => state.is === 'registered');
      if (registered.length > 0) {
        const nameServer = (this.nameServer ??= await this.locate(deadline));
        const refusal = await eachOf(registered, (entry) => this.takeOff(entry, nameServer));
        if (refusal) this.tellUnavailable(refusal);
      }
    } catch (error) {
      this.tellUnavailable(error as Error);
    } finally {
      deadline.removeEventListener('abort', giveUp);
      await this.nameServer?.release();
      this.nameServer = undefined;
    }
  }

  private async repeat(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      // what is registered keeps no process alive
      await sleep(this.retryIntervalMs, undefined, { signal: this.pause.signal, ref: false }).catch(() => undefined);
      if (!signal.aborted) await this.round();
    }
  }

  /** Sees to it that every name is there. Never fails. */
  private async round(): Promise<void> {
    if (this.pause.signal.aborted) this.pause = new AbortController();
    const { signal } = this.stopping;
    try {
      if (this.nameServer) {
        // that an old connection broke says little of the name server
        const isKept = await this.keepAll(this.nameServer).catch(() => this.forget());
        if (isKept) return;
      }
      if (signal.aborted) return;
      await this.keepAll((this.nameServer = await this.locate(signal)));
    } catch (error) {
      // looked for anew, since it may come back elsewhere
      await this.forget();
      if (!signal.aborted) this.tellUnavailable(error as Error);
    }
  }

  private async keepAll(nameServer: NameServer): Promise<boolean> {
    const refusal = await eachOf(this.entries.values(), async (entry) => {
      if (this.stopping.signal.aborted) return;
      await (entry.isWanted ? this.keep(entry, nameServer) : this.takeOff(entry, nameServer));
    });
    if (refusal) this.tellUnavailable(refusal);
    else if (this.isUnavailable && !this.stopping.signal.aborted) {
      this.isUnavailable = false;
      this.emit('available', nameServer.uri);
    }
    return true;
  }

  private async forget(): Promise<false> {
    const gone = this.nameServer;
    this.nameServer = undefined;
    await gone?.release();
    return false;
  }

  private async keep(entry: Entry, nameServer: NameServer): Promise<void> {
    const { name, metadata } = entry;
    const uri = publishedUri(entry.uri, nameServer.ends.localAddress);
    if (entry.state.is !== 'new') {
      const current = await currentUri(nameServer, name);
      if (current?.equals(uri)) {
        entry.state = { is: 'registered', uri };
        return;
      }
      const ours = entry.state.is === 'registered' ? entry.state.uri : undefined;
      if (current !== undefined && !current.equals(ours)) {
        if (entry.state.is !== 'taken') this.emit('taken', name, current);
        entry.state = { is: 'taken' };
        return;
      }
    }
    await nameServer.register(name, uri, { metadata });
    entry.state = { is: 'registered', uri };
    this.emit('registered', name, uri, nameServer.uri);
  }

  private async takeOff(entry: Entry, nameServer: NameServer): Promise<void> {
    const { name, state } = entry;
    if (state.is === 'registered' && (await currentUri(nameServer, name))?.equals(state.uri)) {
      await nameServer.remove(name);
      this.emit('removed', name);
    }
    // the name may have been given to another object meanwhile
    if (this.entries.get(name) === entry) this.entries.delete(name);
  }

  private locate(signal: AbortSignal): Promise<NameServer> {
    return locateNameServer({ ...this.options.nameServer, waitMs: 0, signal });
  }

  private tellUnavailable(error: Error): void {
    if (!this.isUnavailable) this.emit('unavailable', error);
    this.isUnavailable = true;
  }
}

function entryOf({ name, uri, metadata = [] }: NamedObject): Entry {
  const parsed = typeof uri === 'string' ? new PyroUri(uri) : uri;
  if (parsed.protocol !== 'PYRO')
    throw new PyroError(`"${name}" cannot stand for ${parsed}: it is no PYRO uri`, { code: 'BAD_URI' });
  return { name, uri: parsed, metadata: tagList(metadata), state: { is: 'new' }, isWanted: true };
}

/**
 * Sees to one entry after the other. What the name server refuses of one holds up no other.
 *
 * @returns the first refusal
 * @throws {CommunicationError} when the name server does not answer any more
 */
async function eachOf(entries: Iterable<Entry>, see: (entry: Entry) => Promise<void>): Promise<NamingError | undefined> {
  let refusal: NamingError | undefined;
  for (const entry of entries) {
    try {
      await see(entry);
    } catch (error) {
      if (error instanceof CommunicationError) throw error;
      refusal ??= new NamingError(`the name server refuses "${entry.name}": ${(error as Error).message}`, { cause: error });
    }
  }
  return refusal;
}

/** Undefined: nothing has the name. */
async function currentUri(nameServer: NameServer, name: string): Promise<PyroUri | undefined> {
  try {
    return await nameServer.lookup(name);
  } catch (error) {
    if (error instanceof NamingError) return undefined;
    throw error;
  }
}
