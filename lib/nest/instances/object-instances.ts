import type { ContextId } from '@nestjs/core';
import { instanceText, isDisposable } from '../../objects/disposal.js';
import { KeyedInstances, type Pending } from '../../objects/keyed-instances.js';
import { isThenable } from '../../calls/thenable.js';
import type { PyroDaemon } from '../../pyro/pyro-daemon.js';
import type { CallContext } from '../../daemon/contract/call-context.js';
import type { PyroConnection } from '../../daemon/contract/connection.js';
import { unknownObject } from '../../protocol/refusals.js';
import { PyroContext } from '../context/pyro-context.js';
import type { ObjectDefinition } from '../definition/object-definition.js';
import type { OnFailure } from '../errors/failures.js';
import type { ContextualLoader } from '../nest-internals.js';
import { disposeAll, instancesOfContext } from './context-instances.js';
import { DirectInstances } from './direct-instances.js';
import { InstanceHolder } from './instance-holder.js';
import { ConnectFailure } from './connect-failure.js';
import { hasConnectionHook, hasHook, type RunCleanUp, tellConnect, tellDisconnect, tellHousekeeping } from './lifecycle-hooks.js';
import type { ObjectContexts } from './object-contexts.js';
import { SingleInstance, type SingleUser } from './single-instance.js';

/** Makes the instances of one Pyro object on one server, tells them of connections, and disposes them. */
export class ObjectInstances implements SingleUser {
  isReleased = false;
  private readonly single: SingleInstance;
  /** The single instance, once this server has used it: the other servers cannot dispose it then. */
  private knownSingle: InstanceHolder | undefined;
  /** The instance that each connection uses: its own instance, or the single instance once `onPyroConnect` was called for the connection. */
  private readonly sessions = new KeyedInstances<PyroConnection, InstanceHolder>((connection) => {
    this.checkServed();
    return this.isShared ? this.connectSingle(connection) : this.makeSession(connection);
  });
  /** Undefined until Nest has made the first instance; null when Nest has to make all of them. */
  private direct: DirectInstances | null | undefined;
  private knownToFollow: boolean | undefined;

  /** @param daemon gives the daemon that serves the object */
  constructor(
    private readonly definition: ObjectDefinition,
    private readonly loader: ContextualLoader,
    private readonly contexts: ObjectContexts,
    private readonly daemon: () => PyroDaemon,
    private readonly onFailure: OnFailure,
  ) {
    this.single = SingleInstance.of(definition.wrapper);
  }

  /** True when the caller has to end each instance by {@link endCall}. */
  get isPerCall(): boolean {
    return this.definition.instanceMode === 'percall';
  }

  /**
   * True when each connection has its own instance, or the single instance has a hook for connections. Read when the object is used: the
   * single instance exists by then, and may have the hooks.
   */
  get followsConnections(): boolean {
    return (this.knownToFollow ??= this.isShared && this.isStatic ? hasConnectionHook(this.nestInstance) : !this.isPerCall);
  }

  /** The instance that serves a call. @throws {ConnectFailure} when `onPyroConnect` fails; the error of making the instance */
  forCall(call: CallContext): Pending<InstanceHolder> {
    if (this.isPerCall) return this.make(call);
    return this.followsConnections ? this.sessions.get(call.connection) : this.getSingle();
  }

  /** Keeps the single instance until {@link endAll}, though another server that serves the object may end before. */
  keepSingle(): void {
    if (this.isShared && !this.isReleased) this.single.join(this);
  }

  /**
   * Begins the session of a connection whose handshake named the object, if the object has `onPyroConnect`.
   *
   * @returns undefined when there is nothing to wait for
   * @throws {ConnectFailure} when `onPyroConnect` fails; the error of making the instance
   */
  connect(connection: PyroConnection): Promise<void> | undefined {
    if (this.isPerCall || !hasHook(this.described, 'onPyroConnect')) return undefined;
    return Promise.resolve(this.sessions.get(connection)).then(() => undefined);
  }

  /** Disposes the instance of a call, after the call and its stream have ended. Returns undefined when there is nothing to dispose. */
  endCall(holder: InstanceHolder, connection: PyroConnection | undefined): Promise<void> | undefined {
    const owned = this.ownedBy(holder);
    return owned.some(isDisposable) ? disposeAll(owned, this.cleanUpFor(connection)) : undefined;
  }

  /** Ends the session of a connection. Its instances are disposed after `streamsEnded`. */
  async endConnection(connection: PyroConnection, streamsEnded: Promise<void>): Promise<void> {
    const cleanUp = this.cleanUpFor(connection);
    const begin = `the begin of the session of ${this.definition.type.name}`;
    const end = (holder: InstanceHolder): Promise<void> => this.endSession(holder, connection, streamsEnded, cleanUp);
    await endOnceMade(this.sessions.remove(connection), begin, cleanUp, end);
  }

  private async endSession(
    holder: InstanceHolder,
    connection: PyroConnection,
    streamsEnded: Promise<void>,
    cleanUp: RunCleanUp,
  ): Promise<void> {
    if (this.isShared) return tellDisconnect([holder.instance], connection, cleanUp);
    await this.endHousekeeping(holder, cleanUp);
    const instances = this.ownedBy(holder);
    await tellDisconnect(instances, connection, cleanUp);
    await streamsEnded;
    await disposeAll(instances, cleanUp);
    this.contexts.forget(connection);
  }

  private async endHousekeeping({ housekeeping, instance }: InstanceHolder, cleanUp: RunCleanUp): Promise<void> {
    if (housekeeping) await cleanUp(`onPyroHousekeeping of ${instanceText(instance)}`, () => housekeeping);
  }

  /** @param connection undefined: all connections use the instances */
  private cleanUpFor(connection: PyroConnection | undefined): RunCleanUp {
    return async (what, cleanUp) => {
      try {
        const result = cleanUp();
        if (isThenable(result)) await this.daemon().cleanUps.wait(Promise.resolve(result), what, connection);
      } catch (error) {
        this.onFailure(what, error);
      }
    };
  }

  /** Starts `onPyroHousekeeping` of all instances that have no run of it under way. Of several servers, the first does it for `single`. */
  runHousekeeping(): void {
    if (this.isPerCall || this.isReleased) return;
    if (!this.isUndescribed && !hasHook(this.described, 'onPyroHousekeeping')) return;
    for (const holder of this.isShared ? this.ownSingle() : this.sessions.made()) {
      holder.housekeeping ??= tellHousekeeping(holder.instance, this.onFailure).finally(() => (holder.housekeeping = undefined));
    }
  }

  /**
   * Ends all sessions and the single instance, when the object is no longer served: after its calls and streams, or when the daemon has
   * closed. Calls that still run get no further instance.
   */
  async endAll(): Promise<void> {
    if (this.isReleased) return;
    this.isReleased = true;
    await Promise.all(this.sessions.keys().map((connection) => this.endConnection(connection, Promise.resolve())));
    this.knownSingle = undefined;
    await this.single.leave(this);
  }

  /**
   * Nest makes the single instance at the start of the application. Where a dependency or an enhancer is request-scoped, Nest makes
   * none, and the instance is made here, in a context of this library.
   */
  makeSingle(): Pending<InstanceHolder> {
    if (this.isStatic) return new InstanceHolder(this.nestInstance, 'nest');
    this.checkServed();
    return this.load(this.contexts.create(this.daemon()), undefined);
  }

  async disposeSingle(held: Pending<InstanceHolder>): Promise<void> {
    const cleanUp = this.cleanUpFor(undefined);
    // whoever asked for the instance was told why it could not be made
    const made = Promise.resolve(held).catch(() => undefined);
    await endOnceMade(made, `the making of ${this.definition.type.name}`, cleanUp, async (holder) => {
      await this.endHousekeeping(holder, cleanUp);
      await this.endCall(holder, undefined);
    });
    this.contexts.forget(this.daemon());
  }

  private getSingle(): Pending<InstanceHolder> {
    if (this.knownSingle !== undefined) return this.knownSingle;
    // whoever has left would never dispose an instance
    if (this.isReleased) return this.makeSingle();
    const single = this.single.get(this);
    if (single instanceof Promise) return single;
    return (this.knownSingle = single);
  }

  /** The single instance, if it is this server that starts the periodic work of the instance. */
  private ownSingle(): InstanceHolder[] {
    // an instance that Nest made exists before the first call
    if (this.isStatic) void this.getSingle();
    const { made } = this.single;
    return made !== undefined && this.single.isFirst(this) ? [made] : [];
  }

  /** An instance that nobody would dispose is not made. @throws {DaemonError} `unknown object`, after {@link endAll} */
  private checkServed(): void {
    if (this.isReleased) throw unknownObject();
  }

  private get isStatic(): boolean {
    return this.definition.wrapper.isDependencyTreeStatic();
  }

  /** The single instance, where Nest makes it. */
  private get nestInstance(): object {
    return this.definition.wrapper.instance as object;
  }

  /** True when all connections use the same instance. */
  private get isShared(): boolean {
    return this.definition.instanceMode === 'single';
  }

  /** An object that has the hooks of the instances: the only instance, or the prototype. */
  private get described(): object {
    return this.isStatic ? this.nestInstance : (this.definition.instanceType.prototype as object);
  }

  /** True when only a factory knows the class of the instances, and which hooks they have. */
  private get isUndescribed(): boolean {
    return this.definition.wrapper.isFactory && !this.isStatic;
  }

  /** Makes the instance of a session, and calls `onPyroConnect` of the session's instances. */
  private async makeSession(connection: PyroConnection): Promise<InstanceHolder> {
    const holder = await this.make(connection);
    try {
      await this.tellConnect(this.ownedBy(holder).reverse(), connection);
    } catch (error) {
      await this.endCall(holder, connection);
      throw error;
    }
    return holder;
  }

  /** Calls `onPyroConnect` of the single instance for one more connection. */
  private connectSingle(connection: PyroConnection): Pending<InstanceHolder> {
    const single = this.getSingle();
    if (!(single instanceof Promise) && !hasHook(single.instance, 'onPyroConnect')) return single;
    return Promise.resolve(single).then(async (holder) => {
      await this.tellConnect([holder.instance], connection);
      return holder;
    });
  }

  private async tellConnect(instances: readonly object[], connection: PyroConnection): Promise<void> {
    try {
      await tellConnect(instances, connection);
    } catch (error) {
      throw new ConnectFailure(error);
    }
  }

  /** Makes the instance of a call or of a session. */
  private make(user: CallContext | PyroConnection): Pending<InstanceHolder> {
    if (this.direct) return new InstanceHolder(this.direct.make(), 'direct');
    const request = this.isPerCall ? PyroContext.of(user as CallContext) : user;
    return this.load(this.contexts.create(request), 'connection' in user ? user.connection : user);
  }

  /** The instances that were made for a holder: a user before its dependencies. */
  private ownedBy({ instance, origin }: InstanceHolder): object[] {
    if (typeof origin === 'object') return instancesOfContext(this.definition.wrapper, origin);
    return origin === 'direct' ? [instance] : [];
  }

  /** @param connection undefined: all connections use the instance */
  private async load(contextId: ContextId, connection: PyroConnection | undefined): Promise<InstanceHolder> {
    const { wrapper } = this.definition;
    try {
      const instance = await this.loader.load(wrapper, contextId);
      if (this.direct === undefined) this.direct = DirectInstances.of(wrapper, this.loader) ?? null;
      return new InstanceHolder(instance, contextId);
    } catch (error) {
      // some dependencies may have been made before the failure
      await disposeAll(instancesOfContext(wrapper, contextId), this.cleanUpFor(connection));
      throw error;
    }
  }
}

/** Ends an instance, if it could be made. After the time of a clean-up it is no longer waited for, and ends by itself once it is made. */
async function endOnceMade(
  made: Promise<InstanceHolder | undefined>,
  what: string,
  cleanUp: RunCleanUp,
  end: (holder: InstanceHolder) => Promise<void>,
): Promise<void> {
  let holder: InstanceHolder | undefined;
  const waiting = made.then((known) => (holder = known));
  await cleanUp(what, () => waiting);
  if (holder) return end(holder);
  void waiting.then((late) => late && end(late));
}
