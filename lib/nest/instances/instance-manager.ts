import { type ContextId, createContextId } from '@nestjs/core';
import type { PyroConnection, PyroContext } from '../context/pyro-context.js';
import type { ContextualLoader } from '../nest-internals.js';
import type { ObjectDefinition } from '../objects/object-definition.js';
import { disposeAll, instancesOfContext, tellDisconnect } from './disposal.js';
import { InstanceHolder } from './instance-holder.js';

/** Makes `value` what `@Inject(REQUEST)` gives in a context. */
export type RegisterRequest = (value: unknown, contextId: ContextId) => void;

type Pending = InstanceHolder | Promise<InstanceHolder>;

/** The instances of one Pyro object on one server: when they are made, who shares them, when they go. */
export class InstanceManager {
  private single: Pending | undefined;
  private readonly sessions = new Map<PyroConnection, Pending>();
  /** Whom a single object has to tell of the end of which connections. */
  private readonly callers = new WeakSet<PyroConnection>();
  private isReleased = false;

  constructor(
    private readonly definition: ObjectDefinition,
    private readonly loader: ContextualLoader,
    private readonly registerRequest: RegisterRequest,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** True when the caller has to give each instance back by {@link endCall}. */
  get isPerCall(): boolean {
    return this.definition.instanceMode === 'percall' && !this.isGiven;
  }

  /** The instance that serves a call. First calls that come at once share one. */
  forCall(context: PyroContext): Pending {
    const { connection } = context;
    if (this.definition.instanceMode === 'single' || this.isGiven) {
      this.callers.add(connection);
      if (this.single !== undefined) return this.single;
      return this.share(
        () => this.makeSingle(context),
        (holder) => {
          this.single = holder;
        },
      );
    }
    if (this.isPerCall) return this.make(context);
    const session = this.sessions.get(connection);
    if (session !== undefined) return session;
    return this.share(
      () => this.make(connection),
      (holder) => {
        if (holder) this.sessions.set(connection, holder);
        else this.sessions.delete(connection);
      },
    );
  }

  /** A call or its stream has ended. */
  async endCall(holder: InstanceHolder): Promise<void> {
    if (holder.contextId) await disposeAll(instancesOfContext(this.definition.wrapper, holder.contextId), this.onError);
  }

  /** A connection has ended; what it had is disposed once its streams are through. */
  async endConnection(connection: PyroConnection, streamsEnded: Promise<void>): Promise<void> {
    if (this.callers.delete(connection)) {
      const holder = await settled(this.single);
      if (holder) await tellDisconnect([holder.instance], connection, this.onError);
      return;
    }
    const holder = await settled(this.sessions.get(connection));
    // unregistered and disconnected at once: the first to come here ends it
    if (!this.sessions.delete(connection) || !holder) return;
    const instances = instancesOfContext(this.definition.wrapper, holder.contextId!);
    await tellDisconnect(instances, connection, this.onError);
    await streamsEnded;
    await disposeAll(instances, this.onError);
  }

  /** The object is served no more. */
  async endAll(): Promise<void> {
    if (this.isReleased) return;
    this.isReleased = true;
    await Promise.all([...this.sessions.keys()].map((connection) => this.endConnection(connection, Promise.resolve())));
    const holder = await settled(this.single);
    this.single = undefined;
    if (holder?.contextId) await this.endCall(holder);
  }

  /** A value that was provided in the place of the class, as test modules do: there is nothing to make. */
  private get isGiven(): boolean {
    const { wrapper } = this.definition;
    return wrapper.isNotMetatype && wrapper.isDependencyTreeStatic();
  }

  private async make(request: PyroContext | PyroConnection): Promise<InstanceHolder> {
    const contextId = createContextId();
    this.registerRequest(request, contextId);
    return new InstanceHolder(await this.loader.load(this.definition.wrapper, contextId), contextId);
  }

  /** A single object lives in Nest's static context, unless something it needs, or a guard of it, is request-scoped: then in one of ours. */
  private makeSingle(context: PyroContext): Pending {
    const { wrapper } = this.definition;
    if (wrapper.isDependencyTreeStatic()) return new InstanceHolder(wrapper.instance as object, undefined);
    const contextId = createContextId();
    this.registerRequest(context.daemon, contextId);
    return this.loader.load(wrapper, contextId).then((instance) => new InstanceHolder(instance, contextId));
  }

  private share(make: () => Pending, keep: (holder: Pending | undefined) => void): Pending {
    const made = make();
    keep(made);
    if (made instanceof Promise) {
      made.then(keep, () => keep(undefined));
    }
    return made;
  }
}

/** An instance that could not be made has nothing to end, and its caller was told. */
async function settled(pending: Pending | undefined): Promise<InstanceHolder | undefined> {
  return Promise.resolve(pending).catch(() => undefined);
}
