import type { NameSnapshot } from '../daemon/contract/snapshot.js';
import type { BaseDaemon } from '../daemon/base-daemon.js';
import { addressesOf, NAME_SERVERS } from '../client/options/name-resolver.js';
import { checkArgument, checkOptions, configError, type OptionRule, withMethods } from '../options/option-checks.js';
import { endsWithin } from '../calls/deadline.js';
import { type NameServerOptions, nameServersOf } from '../naming/locate.js';
import { NameRegistrar } from '../naming/registrar/name-registrar.js';

/** The name server at which the objects of a daemon are registered, and how often the names are checked. */
export interface DaemonNamesOptions extends Omit<NameServerOptions, 'signal' | 'waitMs'> {
  /**
   * Pause between two checks. A check connects to the name server, asks for the names, and closes the connection. Default 5,000. The
   * shortest pause in a list of name servers holds for all.
   */
  retryIntervalMs?: number;
}

/** Takes the option `nameServer` of a server. */
export const NAME_SERVER: OptionRule = {
  takes: `true, false, or ${NAME_SERVERS.takes}`,
  fits: (value) => typeof value === 'boolean' || NAME_SERVERS.fits(value),
};

/** Longest time that `start()` waits for a name server that does not answer. */
const MAX_FIRST_CHECK_MS = 2_000;

/**
 * Keeps objects of one daemon registered at a name server, each until the daemon unregisters it.
 *
 * The registered URI has the daemon's NAT address, if there is one. If the daemon listens on all interfaces, the URI has this
 * machine's address in the connection to the name server.
 */
export class DaemonNames {
  /** The registrar. Its events tell when a name is registered, removed or taken by another program. */
  readonly registrar: NameRegistrar;
  /** The names of objects, for objects that the daemon unregisters. The registrar has only names and URIs. */
  private readonly nameByObject = new Map<string, string>();
  private readonly nameServers: readonly string[];

  /**
   * @param options `true`: the name server at `localhost:9090`. A list: the objects are registered at all of these name servers
   * @throws {PyroError} `CONFIG`, when an option is wrong
   */
  constructor(
    private readonly daemon: BaseDaemon,
    options: true | DaemonNamesOptions | readonly DaemonNamesOptions[],
  ) {
    checkArgument('DaemonNames: the daemon', daemon, withMethods('a PyroDaemon', 'uriFor', 'registerTarget'));
    checkOptions<{ nameServer: unknown }>({ nameServer: options }, { nameServer: NAME_SERVER });
    const nameServer = options === true ? {} : options;
    const intervals = addressesOf<DaemonNamesOptions>(nameServer).flatMap(({ retryIntervalMs }) => retryIntervalMs ?? []);
    const retryIntervalMs = intervals.length > 0 ? Math.min(...intervals) : undefined;
    this.registrar = new NameRegistrar({ nameServer, retryIntervalMs });
    this.nameServers = nameServersOf(nameServer).map(({ location }) => location);
    daemon.nameSources.add(() => this.inspect());
    daemon.on('unregistered', (objectId) => this.remove(objectId));
    daemon.once('close', () => void this.stop());
  }

  private inspect(): NameSnapshot[] {
    return this.registrar.states().map(({ name, uri, ...state }) => ({ name, objectId: uri.object, ...state }));
  }

  /**
   * Gives an object a name, in place of the name that it had before. The daemon must listen.
   *
   * @throws {PyroError} when another object has the name
   * @throws {DaemonError} before the daemon listens
   */
  add(objectId: string, name: string, metadata?: Iterable<string>): void {
    const uri = this.daemon.uriFor(objectId);
    if (!this.daemon.isReachable) {
      throw configError(`"${name}" cannot be registered: the daemon does not listen, it only serves sockets that it is given`);
    }
    for (const [otherId, taken] of this.nameByObject) {
      if (taken === name && otherId !== objectId)
        throw configError(`"${objectId}" cannot have the name "${name}": "${otherId}" has it; give one of them another name`);
    }
    this.remove(objectId);
    this.registrar.add({ name, uri, metadata });
    this.nameByObject.set(objectId, name);
  }

  /** @internal Location of the daemon. @throws {DaemonError} before the daemon listens */
  get location(): string {
    return this.daemon.locationStr;
  }

  /** @internal True when an object of the daemon has the name at all name servers at which the other daemon would register the name. */
  competesFor(name: string, other: DaemonNames): boolean {
    return [...this.nameByObject.values()].includes(name) && other.nameServers.every((each) => this.nameServers.includes(each));
  }

  /** Removes the name of an object, if it has one. */
  remove(objectId: string): void {
    const name = this.nameByObject.get(objectId);
    if (name === undefined) return;
    this.nameByObject.delete(objectId);
    this.registrar.remove(name);
  }

  /** Starts registering. Resolves after the first check, or after 2 s, so that a name server that hangs does not delay the start. */
  async start(): Promise<void> {
    await endsWithin(this.registrar.start(), MAX_FIRST_CHECK_MS);
  }

  /** Removes the names; waits at most `deadlineMs` for the name server. */
  stop(deadlineMs?: number): Promise<void> {
    return this.registrar.stop(deadlineMs);
  }
}
