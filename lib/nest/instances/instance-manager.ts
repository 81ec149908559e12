import type { ContextId } from '@nestjs/core';
import type { PyroDaemon } from '../../pyro/pyro-daemon.js';
import type { PyroConnection, PyroContext } from '../context/pyro-context.js';
import type { ContextualLoader } from '../nest-internals.js';
import type { ObjectDefinition } from '../definition/object-definition.js';
import { disposeAll, instancesOfContext } from './disposal.js';
import { InstanceHolder } from './instance-holder.js';
import { hasHook, type OnFailure, tellConnect, tellDisconnect, tellHousekeeping } from './lifecycle-hooks.js';
import type { ObjectContexts } from './object-contexts.js';

type Pending = InstanceHolder | Promise<InstanceHolder>;

/** The instances of one Pyro object on one server: when they are made, who shares them, when they go. */
export class InstanceManager {
  private single: Pending | undefined;
  /** The instance that each connection uses: its own, or the single one, once that has been told of the connection. */
  private readonly sessions = new Map<PyroConnection, Pending>();
  private isReleased = false;

  constructor(
    private readonly definition: ObjectDefinition,
    private readonly loader: ContextualLoader,
    private readonly contexts: ObjectContexts,
    private readonly onFailure: OnFailure,
  ) {}

  /** True when the caller has to give each instance back by {@link endCall}. */
  get isPerCall(): boolean {
    return this.definition.instanceMode === 'percall' && !this.isGiven;
  }

  /** The instance that serves a call. First calls that come at once share one. */
  forCall(context: PyroContext): Pending {
    return this.isPerCall ? this.make(context) : this.sessionOf(context.connection, context.daemon);
  }

  /** A connection was let in for the object: begins the session if the object wants to know. @throws what it throws */
  async connect(connection: PyroConnection, daemon: PyroDaemon): Promise<void> {
    if (!this.isPerCall && hasHook(this.described, 'onPyroConnect')) await this.sessionOf(connection, daemon);
  }

  /** A call or its stream has ended. */
  async endCall({ contextId }: InstanceHolder): Promise<void> {
    if (contextId) await disposeAll(instancesOfContext(this.definition.wrapper, contextId), this.onFailure);
  }

  /** A connection has ended; what it had is disposed once its streams are through. */
  async endConnection(connection: PyroConnection, streamsEnded: Promise<void>): Promise<void> {
    const holder = await settled(this.sessions.get(connection));
    // unregistered and disconnected at once: the first to come here ends it
    if (!this.sessions.delete(connection) || !holder) return;
    if (this.isShared) {
      await tellDisconnect([holder.instance], connection, this.onFailure);
      return;
    }
    await holder.housekeeping;
    const instances = instancesOfContext(this.definition.wrapper, holder.contextId!);
    await tellDisconnect(instances, connection, this.onFailure);
    await streamsEnded;
    await disposeAll(instances, this.onFailure);
  }

  /** Periodic work of the instances there are. */
  keepHouse(daemon: PyroDaemon): void {
    if (this.isPerCall || this.isReleased || !hasHook(this.described, 'onPyroHousekeeping')) return;
    // Nest's own is there before anybody called it
    if (this.isShared && this.isStatic) this.single ??= this.makeSingle(daemon);
    for (const holder of this.isShared ? [this.single] : this.sessions.values()) {
      if (!(holder instanceof InstanceHolder) || holder.housekeeping) continue;
      holder.housekeeping = tellHousekeeping(holder.instance, this.onFailure).finally(() => (holder.housekeeping = undefined));
    }
  }

  /** The object is served no more. */
  async endAll(): Promise<void> {
    if (this.isReleased) return;
    this.isReleased = true;
    await Promise.all([...this.sessions.keys()].map((connection) => this.endConnection(connection, Promise.resolve())));
    const holder = await settled(this.single);
    this.single = undefined;
    await holder?.housekeeping;
    if (holder) await this.endCall(holder);
  }

  /** A value that was provided in the place of the class, as test modules do: there is nothing to make. */
  private get isGiven(): boolean {
    return this.definition.wrapper.isNotMetatype && this.isStatic;
  }

  private get isStatic(): boolean {
    return this.definition.wrapper.isDependencyTreeStatic();
  }

  /** All connections have the same instance. */
  private get isShared(): boolean {
    return this.definition.instanceMode === 'single' || this.isGiven;
  }

  /** What tells which hooks instances have. */
  private get described(): object {
    const { type, wrapper } = this.definition;
    return this.isGiven ? (wrapper.instance as object) : (type.prototype as object);
  }

  private sessionOf(connection: PyroConnection, daemon: PyroDaemon): Pending {
    const known = this.sessions.get(connection);
    if (known !== undefined) return known;
    return share(
      () => (this.isShared ? this.introduce(connection, daemon) : this.begin(connection)),
      () => this.sessions.get(connection),
      (holder) => {
        if (holder) this.sessions.set(connection, holder);
        else this.sessions.delete(connection);
      },
    );
  }

  /** A session's own instance. */
  private async begin(connection: PyroConnection): Promise<InstanceHolder> {
    const holder = await this.make(connection);
    const instances = instancesOfContext(this.definition.wrapper, holder.contextId!);
    try {
      await tellConnect(instances.reverse(), connection);
    } catch (error) {
      await this.endCall(holder);
      throw error;
    }
    return holder;
  }

  /** The single instance, told of one more connection. */
  private introduce(connection: PyroConnection, daemon: PyroDaemon): Pending {
    const single = this.single ?? this.shareSingle(daemon);
    if (single instanceof InstanceHolder && !hasHook(single.instance, 'onPyroConnect')) return single;
    return Promise.resolve(single).then(async (holder) => {
      await tellConnect([holder.instance], connection);
      return holder;
    });
  }

  private shareSingle(daemon: PyroDaemon): Pending {
    return share(
      () => this.makeSingle(daemon),
      () => this.single,
      (holder) => {
        this.single = holder;
      },
    );
  }

  private make(request: PyroContext | PyroConnection): Promise<InstanceHolder> {
    return this.load(this.contexts.create(request));
  }

  /** A single object lives in Nest's static context, unless something it needs, or a guard of it, is request-scoped: then in one of ours. */
  private makeSingle(daemon: PyroDaemon): Pending {
    const { wrapper } = this.definition;
    if (this.isStatic) return new InstanceHolder(wrapper.instance as object, undefined);
    return this.load(this.contexts.create(daemon));
  }

  private async load(contextId: ContextId): Promise<InstanceHolder> {
    const { wrapper } = this.definition;
    try {
      return new InstanceHolder(await this.loader.load(wrapper, contextId), contextId);
    } catch (error) {
      // what was made for an instance that then could not be made
      await disposeAll(instancesOfContext(wrapper, contextId), this.onFailure);
      throw error;
    }
  }
}

/** Makes something that everybody who comes meanwhile waits for; one that could not be made is forgotten. */
function share(make: () => Pending, kept: () => Pending | undefined, keep: (holder: Pending | undefined) => void): Pending {
  const made = make();
  keep(made);
  if (made instanceof Promise) {
    const settle = (holder: InstanceHolder | undefined): void => {
      if (kept() === made) keep(holder);
    };
    made.then(settle, () => settle(undefined));
  }
  return made;
}

/** An instance that could not be made has nothing to end, and its caller was told. */
async function settled(pending: Pending | undefined): Promise<InstanceHolder | undefined> {
  return Promise.resolve(pending).catch(() => undefined);
}
