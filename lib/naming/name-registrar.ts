import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { CommunicationError, NamingError } from '../protocol/errors.js';
import type { PyroUri } from '../protocol/uri.js';
import { ANYTHING, checkOptions, configError, milliseconds, OBJECT, type OptionRules } from '../options/option-checks.js';
import { checkNameServerAddress } from '../client/options/name-resolver.js';
import { backOff } from '../client/connection/backoff.js';
import { connectToNameServer, locateNameServer, type NameServerOptions } from './locate.js';
import type { NameServerClient } from './name-server-client.js';
import { publishedUri } from './published-uri.js';
import { currentUri, RegistrarLease } from './registrar-lease.js';
import { entryOf, type NamedObject, type RegistrarEntry } from './named-object.js';

export interface NameRegistrarOptions {
  nameServer: NameServerOptions;
  /** Objects to register from the start; `add()` takes more later. Default none. */
  objects?: Iterable<NamedObject>;
  /** Pause between two checks: each connects to the name server, asks for the names, and lets the connection go. Default 5,000. */
  retryIntervalMs?: number;
}

/** Events of a `NameRegistrar`, for logging. */
export interface NameRegistrarEvents {
  /** The name server now has the name, with this URI. */
  registered: [name: string, uri: PyroUri, nameServer: PyroUri];
  /** Another program has registered the name with this URI. The name stays theirs as long as it is registered. Emitted once. */
  taken: [name: string, uri: PyroUri];
  /** The name was removed from the name server. */
  removed: [name: string];
  /** The name server does not answer or refuses a name. Emitted once until `available`; the registrar goes on trying. */
  unavailable: [error: Error];
  /** After `unavailable`: the name server answers again and has the names. */
  available: [nameServer: PyroUri];
}

const RULES: OptionRules<NameRegistrarOptions> = {
  nameServer: OBJECT,
  objects: ANYTHING,
  retryIntervalMs: milliseconds({ least: 1 }),
};
const DEFAULT_RETRY_INTERVAL_MS = 5_000;

/** Further attempts, 1.5 s in all, when the name server answers but takes no connection: its few threads may serve others just now. */
const BUSY_RETRIES = { maxRetries: 4, retryDelayMs: 100, maxRetryDelayMs: 1_000 };

/**
 * Keeps objects registered at a name server.
 *
 * It waits for a name server that starts later, registers the objects again when the name server has lost them or has moved, and
 * removes its own names at the end. At a name server of this library each name has a lease of four checks, at least 15 s: if this program
 * crashes, the name goes away, and while it lives, no other program can take the name. Between two checks it has no connection, because
 * each takes a thread of Python's name server.
 */
export class NameRegistrar extends EventEmitter<NameRegistrarEvents> {
  private readonly entries = new Map<string, RegistrarEntry>();
  private readonly retryIntervalMs: number;
  private readonly lease: RegistrarLease;
  private readonly stopping = new AbortController();
  /** The connection of the running check. */
  private nameServer: NameServerClient | undefined;
  /** Where the name server was at the last check. */
  private lastUri: PyroUri | undefined;
  private isUnavailable = false;
  private running: Promise<void> | undefined;
  private stopped: Promise<void> | undefined;
  /** Aborted to end the pause between two checks early. */
  private pause = new AbortController();

  /** @throws {PyroError} when an option is wrong, two objects have the same name, or a URI is not a PYRO URI */
  constructor(private readonly options: NameRegistrarOptions) {
    super();
    checkOptions(options, RULES);
    checkNameServerAddress(options.nameServer);
    this.retryIntervalMs = options.retryIntervalMs ?? DEFAULT_RETRY_INTERVAL_MS;
    this.lease = new RegistrarLease(this.retryIntervalMs);
    for (const object of options.objects ?? []) this.add(object);
  }

  /**
   * Adds an object. After `start()` it is registered at once, if the name server answers.
   *
   * @throws {PyroError} when another object has the name, or the URI is not a PYRO URI
   */
  add(object: NamedObject): void {
    const entry = entryOf(object);
    if (this.entries.get(entry.name)?.isWanted) throw configError(`name "${entry.name}" is given to two objects`);
    this.entries.set(entry.name, entry);
    this.pause.abort();
  }

  /** Removes a name, if the name server still has it with our URI: at once, if the name server answers. Ignores unknown names. */
  remove(name: string): void {
    const entry = this.entries.get(name);
    if (entry === undefined) return;
    entry.isWanted = false;
    this.pause.abort();
  }

  /**
   * Starts registering. A second call changes nothing.
   *
   * @returns resolves after the first check: true when all names are registered
   */
  async start(): Promise<boolean> {
    if (this.running === undefined) {
      const first = this.check();
      this.running = first.then(() => this.repeat());
      await first;
    }
    return [...this.entries.values()].every(({ state }) => state.is === 'registered');
  }

  /**
   * Stops, and removes the names that the name server still has with our URIs. A second call waits for the first.
   *
   * @param deadlineMs longest wait for the name server. Default 5,000
   */
  stop(deadlineMs = 5_000): Promise<void> {
    return (this.stopped ??= this.end(deadlineMs));
  }

  private async end(deadlineMs: number): Promise<void> {
    this.stopping.abort(new NamingError('the name registrar was stopped'));
    this.pause.abort();
    const deadline = AbortSignal.timeout(deadlineMs);
    const giveUp = (): void => void this.nameServer?.release();
    deadline.addEventListener('abort', giveUp);
    try {
      await this.running;
      const registered = this.registered();
      if (registered.length > 0) {
        const refusal = await this.visit(deadline, (nameServer) =>
          eachOf(registered, (entry) => this.unregister(entry, nameServer)),
        );
        if (refusal) this.reportUnavailable(refusal);
      }
    } catch (error) {
      this.reportUnavailable(error as Error);
    } finally {
      deadline.removeEventListener('abort', giveUp);
    }
  }

  private registered(): RegistrarEntry[] {
    return [...this.entries.values()].filter(({ state }) => state.is === 'registered');
  }

  private async repeat(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      // registered names are no reason to keep the process alive
      await sleep(this.retryIntervalMs, undefined, { signal: this.pause.signal, ref: false }).catch(() => undefined);
      if (!signal.aborted) await this.check();
    }
  }

  /** Registers the names that are missing and removes those that are not wanted any more. Never fails. */
  private async check(): Promise<void> {
    if (this.pause.signal.aborted) this.pause = new AbortController();
    const { signal } = this.stopping;
    try {
      if (!signal.aborted) await this.visit(signal, (nameServer) => this.syncAll(nameServer));
    } catch (error) {
      if (!signal.aborted) this.reportUnavailable(error as Error);
    }
  }

  /** Connects to the name server for `work` alone. */
  private async visit<T>(signal: AbortSignal, work: (nameServer: NameServerClient) => Promise<T>): Promise<T> {
    const nameServer = (this.nameServer = await this.connect(signal));
    this.lastUri = nameServer.uri;
    try {
      return await work(nameServer);
    } finally {
      this.nameServer = undefined;
      await nameServer.release();
    }
  }

  private async connect(signal: AbortSignal): Promise<NameServerClient> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.locate(signal);
      } catch (error) {
        if (signal.aborted || attempt > BUSY_RETRIES.maxRetries || !isFull((error as Error).cause)) throw error;
        await backOff(attempt, BUSY_RETRIES, signal);
      }
    }
  }

  private async syncAll(nameServer: NameServerClient): Promise<void> {
    await this.lease.renew(
      nameServer,
      this.registered().map(({ name }) => name),
    );
    const refusal = await eachOf(this.entries.values(), async (entry) => {
      if (this.stopping.signal.aborted) return;
      await (entry.isWanted ? this.register(entry, nameServer) : this.unregister(entry, nameServer));
    });
    if (refusal) this.reportUnavailable(refusal);
    else if (this.isUnavailable && !this.stopping.signal.aborted) {
      this.isUnavailable = false;
      this.emit('available', nameServer.uri);
    }
  }

  private async register(entry: RegistrarEntry, nameServer: NameServerClient): Promise<void> {
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
    if (!(await this.lease.put(nameServer, name, uri, metadata))) {
      const current = await currentUri(nameServer, name);
      if (current !== undefined && entry.state.is !== 'taken') this.emit('taken', name, current);
      entry.state = { is: 'taken' };
      return;
    }
    entry.state = { is: 'registered', uri };
    this.emit('registered', name, uri, nameServer.uri);
  }

  private async unregister(entry: RegistrarEntry, nameServer: NameServerClient): Promise<void> {
    const { name, state } = entry;
    if (state.is === 'registered' && (await currentUri(nameServer, name))?.equals(state.uri)) {
      await this.lease.remove(nameServer, name);
      this.emit('removed', name);
    }
    // the name may belong to another entry by now, added after remove()
    if (this.entries.get(name) === entry) this.entries.delete(name);
  }

  /** Connects where the name server was before, so that the network is asked only when there is none any more. */
  private async locate(signal: AbortSignal): Promise<NameServerClient> {
    const options = { ...this.options.nameServer, waitMs: 0, signal };
    const before = this.lastUri && (await connectToNameServer(this.lastUri, options).catch(() => undefined));
    return before ?? locateNameServer(options);
  }

  private reportUnavailable(error: Error): void {
    if (!this.isUnavailable) this.emit('unavailable', error);
    this.isUnavailable = true;
  }
}

/** True when a name server answered, but takes no more connections at the moment. */
function isFull(error: unknown): boolean {
  return error instanceof CommunicationError && error.code === 'DAEMON_FULL';
}

/**
 * Runs `work` for one entry after the other. A refusal of one entry does not stop the others.
 *
 * @returns the first refusal
 * @throws {CommunicationError} when the connection to the name server breaks
 */
async function eachOf(
  entries: Iterable<RegistrarEntry>,
  work: (entry: RegistrarEntry) => Promise<void>,
): Promise<NamingError | undefined> {
  let refusal: NamingError | undefined;
  for (const entry of entries) {
    try {
      await work(entry);
    } catch (error) {
      if (error instanceof CommunicationError) throw error;
      refusal ??= new NamingError(`the name server refuses "${entry.name}": ${(error as Error).message}`, { cause: error });
    }
  }
  return refusal;
}
