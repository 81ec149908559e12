import { EventEmitter } from 'node:events';
import { inspect } from 'node:util';
import { NamingError } from '../../protocol/errors.js';
import { hideMembers } from '../../protocol/texts/hidden-members.js';
import { checkOptions, configError, milliseconds, type OptionRules } from '../../options/option-checks.js';
import { checkNameServers, NAME_SERVERS } from '../../client/options/name-resolver.js';
import { type NameServerOptions, nameServersOf } from '../locate.js';
import { entryOf, type NamedObject, type RegistrarEntry } from './named-object.js';
import { followListeners } from '../../reports/failed-listeners.js';
import { warnOfError } from '../../reports/warning.js';
import { RegistrarLease } from './registrar-lease.js';
import type { NameRegistrarEvents } from './registrar-events.js';
import { StoresOfNames } from './registrar-stores.js';
import { type NameState, ServerRegistrar } from './server-registrar.js';

/** Options of a {@link NameRegistrar}. */
export interface NameRegistrarOptions {
  /**
   * The name server, or a list: the names are registered at all of these name servers. If some of them share their names, the names are
   * registered over one of these.
   */
  nameServer: NameServerOptions | readonly NameServerOptions[];
  /** Objects to register from the start; `add()` takes more later. Default none. */
  objects?: Iterable<NamedObject>;
  /** Pause between two checks. A check connects to the name server, asks for the names, and closes the connection. Default 5,000. */
  retryIntervalMs?: number;
}

const RULES: OptionRules<NameRegistrarOptions> = {
  nameServer: NAME_SERVERS,
  objects: {
    takes: 'a list of objects: [{ name, uri }]',
    fits: (value) => typeof value === 'object' && value !== null && Symbol.iterator in value,
  },
  retryIntervalMs: milliseconds({ least: 1 }),
};
const DEFAULT_RETRY_INTERVAL_MS = 5_000;

/**
 * Keeps objects registered at a name server, or at several.
 *
 * The registrar waits for a name server that starts later. It registers the objects again when the name server has lost them or has moved,
 * and removes its own names at the end. At a name server of this library each name has a lease of four checks, at least 15 s. If this
 * program crashes, the name is removed; while this program runs, no other program can take the name. Between two checks the registrar has
 * no connection, because a connection takes a thread of Python's name server.
 */
export class NameRegistrar extends EventEmitter<NameRegistrarEvents> {
  /** The objects to register, by name. */
  private readonly wanted = new Map<string, RegistrarEntry>();
  private readonly servers: readonly ServerRegistrar[];
  private readonly stopping = new AbortController();
  private started: Promise<unknown> | undefined;
  private stopped: Promise<void> | undefined;

  /** @throws {PyroError} when an option is wrong, two objects have the same name, or a URI is not a PYRO URI */
  constructor(options: NameRegistrarOptions) {
    super({ captureRejections: true });
    followListeners(this, warnOfError);
    checkOptions(options, RULES);
    checkNameServers(options.nameServer);
    const intervalMs = options.retryIntervalMs ?? DEFAULT_RETRY_INTERVAL_MS;
    const nameServers = nameServersOf(options.nameServer);
    const stores = nameServers.length > 1 ? new StoresOfNames(intervalMs) : undefined;
    const common = { intervalMs, stores, lease: new RegistrarLease(intervalMs), wanted: this.wanted, events: this };
    this.servers = nameServers.map((address) => new ServerRegistrar(address, common, this.stopping.signal));
    for (const object of options.objects ?? []) this.add(object);
    hideMembers(this, 'servers');
  }

  /** @internal */
  [inspect.custom](): string {
    return `NameRegistrar <${this.wanted.size} names>`;
  }

  /**
   * Adds an object. After `start()` it is registered at once, if the name server answers.
   *
   * @throws {PyroError} when another object has the name, or the URI is not a PYRO URI
   */
  add(object: NamedObject): void {
    const entry = entryOf(object);
    const taken = this.wanted.get(entry.name);
    if (taken !== undefined) {
      const uris = `${String(taken.uri)} and ${String(entry.uri)}`;
      throw configError(`name "${entry.name}" is given to two objects, ${uris}; give one of them another name`);
    }
    this.wanted.set(entry.name, entry);
    for (const server of this.servers) server.checkSoon();
  }

  /**
   * Removes a name, if the name server still has it with the URI of this registrar: at once, if the name server answers. Ignores unknown
   * names.
   */
  remove(name: string): void {
    if (!this.wanted.delete(name)) return;
    for (const server of this.servers) server.checkSoon();
  }

  /**
   * Starts registering. A second call waits for the first.
   *
   * @returns resolves after the first check: true when all names are registered, at all name servers
   */
  async start(): Promise<boolean> {
    this.started ??= Promise.all(this.servers.map((server) => server.start()));
    await this.started;
    const entries = [...this.wanted.values()];
    return this.servers.every((server) => entries.every((entry) => server.hasRegistered(entry)));
  }

  /**
   * Stops, and removes the names that the name server still has with the URIs of this registrar. A second call waits for the first.
   *
   * @param deadlineMs longest wait for the name server. Default 5,000
   */
  stop(deadlineMs = 5_000): Promise<void> {
    return (this.stopped ??= this.end(AbortSignal.timeout(deadlineMs)));
  }

  /**
   * The state of each name at each name server. If name servers share a store, a name counts for the name server over which it is
   * registered.
   */
  states(): NameState[] {
    const entries = [...this.wanted.values()];
    return this.servers.flatMap((server) => {
      const isStoreReached = this.servers.some((each) => each.reaches(server));
      return entries.map((entry) => server.stateOf(entry, isStoreReached));
    });
  }

  private async end(deadline: AbortSignal): Promise<void> {
    this.stopping.abort(new NamingError('the name registrar was stopped'));
    await Promise.all(this.servers.map((server) => server.end(deadline)));
  }
}
