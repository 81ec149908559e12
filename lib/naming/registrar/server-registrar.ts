import type { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { backOff } from '../../client/connection/backoff.js';
import { CommunicationError, NamingError } from '../../protocol/errors.js';
import type { PyroUri } from '../../protocol/uri.js';
import { warnIfItFails } from '../../reports/warning.js';
import { connectTo, connectToNameServer, type KnownNameServer } from '../locate.js';
import type { NameServerClient } from '../name-server-client.js';
import type { RegistrarEntry } from './named-object.js';
import { publishedUri } from './published-uri.js';
import type { NameRegistrarEvents } from './registrar-events.js';
import { currentUri, type RegistrarLease } from './registrar-lease.js';
import { NamesInStore, type StoresOfNames } from './registrar-stores.js';

/** Further attempts, 1.5 s in all, when the name server answers but takes no connection: all its threads may be busy. */
const BUSY_RETRIES = { maxRetries: 4, retryDelayMs: 100, maxRetryDelayMs: 1_000 };

/** The state that the name servers of a registrar share. */
interface Common {
  readonly intervalMs: number;
  readonly lease: RegistrarLease;
  /** The objects to register, by name. */
  readonly wanted: ReadonlyMap<string, RegistrarEntry>;
  readonly events: EventEmitter<NameRegistrarEvents>;
  /** The shared stores. Undefined when there is one name server. */
  readonly stores: StoresOfNames | undefined;
}

/** A name that is to be registered at one name server. */
export interface NameState {
  /** The name. */
  readonly name: string;
  /** URI of the object. */
  readonly uri: PyroUri;
  /** Location of the name server at the last check; null when no name server was found so far. */
  readonly nameServer: string | null;
  /**
   * `waiting`: not registered yet, or missing at the last check, or the name server did not answer then. `taken`: another program has the
   * name.
   */
  readonly state: 'registered' | 'taken' | 'waiting';
  /** False after the name server did not answer, or refused a name, at the last check. */
  readonly isAvailable: boolean;
}

/** Keeps the names of a registrar at one name server. */
export class ServerRegistrar {
  private names = new NamesInStore(undefined);
  /** The connection of the running check. */
  private nameServer: NameServerClient | undefined;
  /** URI of the name server at the last check. */
  private lastUri: PyroUri | undefined;
  private isUnavailable = false;
  /** False before the name server was found, and after a check that it has not answered to the end. */
  private isReached = false;
  private running: Promise<void> | undefined;
  /** Aborted to end the pause between two checks early. */
  private pause = new AbortController();

  constructor(
    private readonly address: KnownNameServer,
    private readonly common: Common,
    private readonly stopping: AbortSignal,
  ) {}

  hasRegistered(entry: RegistrarEntry): boolean {
    return this.names.states.get(entry)?.is === 'registered';
  }

  /** True when the name server answers the checks, and its store has the names of the other name server. */
  reaches(other: ServerRegistrar): boolean {
    return this.isReached && this.names === other.names;
  }

  /** @param isStoreReached true when the store of the names was reached at the last check, over this name server or another */
  stateOf(entry: RegistrarEntry, isStoreReached: boolean): NameState {
    const { is = 'waiting' } = this.names.states.get(entry) ?? {};
    return {
      name: entry.name,
      uri: entry.uri,
      nameServer: this.lastUri?.location ?? null,
      state: is === 'registered' && !isStoreReached ? 'waiting' : is,
      isAvailable: !this.isUnavailable,
    };
  }

  /** Ends the pause between two checks. */
  checkSoon(): void {
    this.pause.abort();
  }

  /** Checks the names again and again until the registrar stops. Resolves after the first check. */
  start(): Promise<void> {
    const first = this.check();
    this.running = first.then(() => this.repeat());
    return first;
  }

  /** Removes the names that the name server still has with the URIs of this registrar, after the running check. */
  async end(deadline: AbortSignal): Promise<void> {
    this.pause.abort();
    const giveUp = (): void => void this.nameServer?.release();
    deadline.addEventListener('abort', giveUp);
    try {
      await this.running;
      if (this.sent().length > 0) await this.visit(deadline, (nameServer) => this.unregisterAll(nameServer));
    } catch (error) {
      this.reportUnavailable(error as Error);
    } finally {
      deadline.removeEventListener('abort', giveUp);
    }
  }

  private registered(): RegistrarEntry[] {
    return [...this.names.states].filter(([, { is }]) => is === 'registered').map(([entry]) => entry);
  }

  /** The names that the name server may have from this registrar: it may have taken a name whose answer was lost. */
  private sent(): RegistrarEntry[] {
    return [...this.names.states].filter(([, { is }]) => is !== 'taken').map(([entry]) => entry);
  }

  private async repeat(): Promise<void> {
    while (!this.stopping.aborted) {
      // registered names do not keep the process alive
      await sleep(this.common.intervalMs, undefined, { signal: this.pause.signal, ref: false }).catch(() => undefined);
      await this.check();
    }
  }

  /** Registers missing names, and removes names that are not wanted any more. Never fails. */
  private async check(): Promise<void> {
    if (this.pause.signal.aborted) this.pause = new AbortController();
    if (this.stopping.aborted) return;
    try {
      await this.visit(this.stopping, (nameServer) => this.syncAll(nameServer));
    } catch (error) {
      this.common.stores?.leave(this);
      if (this.stopping.aborted) return;
      this.isReached = false;
      this.reportUnavailable(error as Error);
    }
  }

  /** Connects to the name server, runs `work`, and closes the connection. */
  private async visit(signal: AbortSignal, work: (nameServer: NameServerClient) => Promise<void>): Promise<void> {
    const nameServer = (this.nameServer = await this.connect(signal));
    this.lastUri = nameServer.uri;
    this.isReached = true;
    try {
      if (await this.isOwnerAt(nameServer)) await work(nameServer);
      else this.reportAvailable(nameServer);
    } finally {
      this.nameServer = undefined;
      await nameServer.release();
    }
  }

  /** False when the names are registered over another name server with the same store. */
  private async isOwnerAt(nameServer: NameServerClient): Promise<boolean> {
    if (this.common.stores === undefined) return true;
    const storeId = (await nameServer.storeId()) ?? nameServer.uri.toString();
    const { names, isOwner } = this.common.stores.take(storeId, this, this.names);
    this.names = names;
    return isOwner;
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

  /** Connects to the last address of the name server. The network is asked only when no name server answers at this address. */
  private async locate(signal: AbortSignal): Promise<NameServerClient> {
    const options = { ...this.address.options, signal };
    const before = this.lastUri && (await connectToNameServer(this.lastUri, options).catch(() => undefined));
    return before ?? connectTo(this.address, signal);
  }

  private async syncAll(nameServer: NameServerClient): Promise<void> {
    const { lease, wanted } = this.common;
    const names = this.registered().map(({ name }) => name);
    const lost = new Set(await lease.renew(nameServer, names));
    const entries = new Set([...this.names.states.keys(), ...wanted.values()]);
    const refusal = await eachOf(entries, async (entry) => {
      if (this.stopping.aborted) return;
      const current = wanted.get(entry.name);
      if (current === entry) await this.register(entry, nameServer, lost.has(entry.name));
      else if (current === undefined) await this.unregister(entry, nameServer);
      // a new object with this name takes the name over
      else this.names.states.delete(entry);
    });
    if (refusal) this.reportUnavailable(refusal);
    else this.reportAvailable(nameServer);
  }

  private async register(entry: RegistrarEntry, nameServer: NameServerClient, hasLostLease: boolean): Promise<void> {
    const { name, metadata } = entry;
    const { states } = this.names;
    const uri = publishedUri(entry.uri, nameServer.ends.localAddress);
    const state = states.get(entry);
    const sent = state?.is === 'taken' ? undefined : state;
    const ours = sent?.uri;
    const isFirst = state === undefined || sent?.isFirst === true;
    const current = isFirst ? undefined : await currentUri(nameServer, name);
    if (current !== undefined && !current.equals(uri) && !current.equals(ours)) return this.noteTaken(entry, current);
    const isAsBefore = state?.is === 'registered' && current?.equals(uri) === true;
    if (isAsBefore && !hasLostLease) {
      states.set(entry, { is: 'registered', uri });
      return;
    }
    // before the name server has it: its answer may be lost
    if (state?.is !== 'registered' || current === undefined) states.set(entry, { is: 'waiting', uri, isFirst });
    if (!(await this.common.lease.put(nameServer, name, uri, metadata))) {
      const taken = await currentUri(nameServer, name);
      // the program that was at this address before has the lease: the name leads here, and a later check gets the lease
      if (!taken?.equals(uri)) return this.noteTaken(entry, taken);
    }
    states.set(entry, { is: 'registered', uri });
    if (!isAsBefore) warnIfItFails(() => this.common.events.emit('registered', name, uri, nameServer.uri));
  }

  private noteTaken(entry: RegistrarEntry, uri: PyroUri | undefined): void {
    const { states } = this.names;
    if (uri !== undefined && states.get(entry)?.is !== 'taken')
      warnIfItFails(() => this.common.events.emit('taken', entry.name, uri));
    states.set(entry, { is: 'taken' });
  }

  private async unregisterAll(nameServer: NameServerClient): Promise<void> {
    const refusal = await eachOf(this.sent(), (entry) => this.unregister(entry, nameServer));
    if (refusal) this.reportUnavailable(refusal);
  }

  private async unregister(entry: RegistrarEntry, nameServer: NameServerClient): Promise<void> {
    const { name } = entry;
    const { states } = this.names;
    const state = states.get(entry);
    if (state !== undefined && state.is !== 'taken' && (await currentUri(nameServer, name))?.equals(state.uri)) {
      if (await this.common.lease.remove(nameServer, name)) warnIfItFails(() => this.common.events.emit('removed', name));
    }
    states.delete(entry);
  }

  private reportUnavailable(error: Error): void {
    if (!this.isUnavailable) warnIfItFails(() => this.common.events.emit('unavailable', error));
    this.isUnavailable = true;
  }

  private reportAvailable(nameServer: NameServerClient): void {
    if (!this.isUnavailable || this.stopping.aborted) return;
    this.isUnavailable = false;
    warnIfItFails(() => this.common.events.emit('available', nameServer.uri));
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
