import type { PyroDaemon } from './pyro-daemon.js';
import { PyroError } from '../protocol/errors.js';
import { endsWithin } from '../calls/deadline.js';
import type { NameServerOptions } from '../naming/locate.js';
import { RegistrationKeeper } from '../naming/registration-keeper.js';

/** Where the objects of a daemon are registered, and how often it is looked after. */
export interface RegistrationOptions extends Omit<NameServerOptions, 'signal' | 'waitMs'> {
  /** How often a name server that is not there is looked for, and one that is there is asked for the names. Default 5,000. */
  retryIntervalMs?: number;
}

/** Most that the start of a server waits for a name server that does not answer. */
const MAX_FIRST_ROUND_MS = 2_000;

/**
 * Keeps the objects of one daemon registered at a name server for as long as they are registered at the daemon.
 *
 * The daemon's NAT address is published, if it has one; if it listens on all interfaces, the address that reaches the name server.
 */
export class DaemonNames {
  /** Tells what becomes of the names. */
  readonly keeper: RegistrationKeeper;
  private readonly nameByObject = new Map<string, string>();

  /**
   * @param options `true`: the name server at `localhost:9090`
   * @throws {PyroError} `CONFIG`, when an option is wrong
   */
  constructor(
    private readonly daemon: PyroDaemon,
    options: true | RegistrationOptions,
  ) {
    const { retryIntervalMs, ...nameServer } = options === true ? {} : options;
    this.keeper = new RegistrationKeeper({ nameServer, retryIntervalMs });
    daemon.on('unregistered', (objectId) => this.remove(objectId));
    daemon.once('close', () => void this.stop());
  }

  /**
   * Gives an object a name; one that it had before is taken off. The daemon must listen.
   *
   * @throws {PyroError} when the name is another object's
   * @throws {DaemonError} before the daemon listens
   */
  add(objectId: string, name: string, metadata?: Iterable<string>): void {
    const uri = this.daemon.uriFor(objectId);
    if (!this.daemon.isReachable) {
      throw new PyroError(`"${name}" cannot be registered: the daemon does not listen, it only serves sockets that it is given`, {
        code: 'CONFIG',
      });
    }
    for (const [otherId, taken] of this.nameByObject) {
      if (taken === name && otherId !== objectId)
        throw new PyroError(`"${objectId}" cannot have the name "${name}": "${otherId}" has it`, { code: 'CONFIG' });
    }
    this.remove(objectId);
    this.keeper.add({ name, uri, metadata });
    this.nameByObject.set(objectId, name);
  }

  /** Has the name of an object taken off, if it has one. */
  remove(objectId: string): void {
    const name = this.nameByObject.get(objectId);
    if (name === undefined) return;
    this.nameByObject.delete(objectId);
    this.keeper.remove(name);
  }

  /** Begins to register. Resolves behind the first attempt, or after 2 s: a name server that hangs holds nobody up. */
  async start(): Promise<void> {
    await endsWithin(this.keeper.start(), MAX_FIRST_ROUND_MS);
  }

  /** Takes the names off; waits no longer than `deadlineMs` for the name server. */
  stop(deadlineMs?: number): Promise<void> {
    return this.keeper.stop(deadlineMs);
  }
}
