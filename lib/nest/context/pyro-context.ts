import { inspect } from 'node:util';
import { recogniseInstances, sharedSymbol } from '../../copies/process-wide.js';
import { BaseRpcContext } from '@nestjs/microservices';
import { currentContext } from '../../daemon/call/call.js';
import type { CallContext } from '../../daemon/contract/call-context.js';
import type { PyroConnection } from '../../daemon/contract/connection.js';
import { PyroDaemon } from '../../pyro/pyro-daemon.js';
import { readPacketMetadata } from '../../protocol/packet-metadata.js';

/** The call keeps its context: a WeakMap with an entry for each call costs a third of the time of a small call. */
const CONTEXT: unique symbol = sharedSymbol('context') as never;

/** The context of one remote call: injected by `@Ctx()`, and returned by `switchToRpc().getContext()`. */
export class PyroContext extends BaseRpcContext<[CallContext]> implements CallContext {
  static {
    recogniseInstances(this, 'PyroContext');
  }

  private constructor(private readonly call: CallContext) {
    super([call]);
  }

  /** The context of a call. The same call always has the same context. */
  static of(call: CallContext): PyroContext {
    return ((call as { [CONTEXT]?: PyroContext })[CONTEXT] ??= new PyroContext(call));
  }

  /** The context of the call that runs this code, also after `await`; undefined outside of a call. */
  static current(): PyroContext | undefined {
    const call = currentContext();
    return call && PyroContext.of(call);
  }

  /** @internal */
  [inspect.custom](): string {
    return inspect(this.call);
  }

  /** The daemon that serves the call. @throws {TypeError} when the call is served by a daemon of another kind */
  get daemon(): PyroDaemon {
    const { daemon } = this.call;
    if (daemon instanceof PyroDaemon) return daemon;
    throw new TypeError('the daemon of this call is no PyroDaemon of this copy of nestjs-pyro');
  }
  /** The connection over which the request came. */
  get connection(): PyroConnection {
    return this.call.connection;
  }
  /** The principal that the object's handshake guards set for the client. */
  get principal(): unknown {
    return this.call.principal;
  }
  /** Id of the called object. */
  get objectId(): string {
    return this.call.objectId;
  }
  /** Wire name; `__getattr__` and `__setattr__` for attributes. */
  get method(): string {
    return this.call.method;
  }
  /** All keyword arguments of the call, also the arguments that parameters took. */
  get kwargs(): Readonly<Record<string, unknown>> {
    return this.call.kwargs;
  }
  /** Sequence number of the request, 0 to 65,535. */
  get seq(): number {
    return this.call.seq;
  }
  /** Flags of the request, see `FLAGS`. */
  get flags(): number {
    return this.call.flags;
  }
  /** Name of the serializer of the request. The reply has the same. */
  get serializer(): string {
    return this.call.serializer;
  }
  /** A UUID in its usual text form. Calls that are made while this call runs carry the same id. */
  get correlationId(): string {
    return this.call.correlationId;
  }
  /** Annotations of the request: four letters to bytes. */
  get annotations(): ReadonlyMap<string, Buffer> {
    return this.call.annotations;
  }
  /** Annotations of the reply, or of the next item of a stream: four letters to bytes. */
  get responseAnnotations(): Map<string, Buffer> {
    return this.call.responseAnnotations;
  }
  /** True when the client does not wait for a reply. */
  get oneway(): boolean {
    return this.call.oneway;
  }
  /**
   * Aborted when the client disconnects, when the call takes longer than `callTimeoutMs`, or when an interceptor has given the method up, as
   * `timeout()` does. A oneway call goes on when its client disconnects.
   */
  get signal(): AbortSignal {
    return this.call.signal;
  }

  /** `objectId.method`: the name by which tools for traces and metrics know the call. */
  getPattern(): string {
    return `${this.objectId}.${this.method}`;
  }

  /** Metadata that the dispatch hook of a `PyroClient` attached to the call, a trace id for example. Any peer can send metadata. */
  getMetadata(): Record<string, string> | undefined {
    return readPacketMetadata(this.annotations);
  }

  /** Closes a resource when the connection ends. The resource is held weakly. */
  track(resource: object): void {
    this.call.track(resource);
  }

  /** Forgets a tracked resource without closing it. */
  untrack(resource: object): void {
    this.call.untrack(resource);
  }
}
