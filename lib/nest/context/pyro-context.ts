import { BaseRpcContext } from '@nestjs/microservices';
import { type CallContext, currentContext } from '../../daemon/contract/call-context.js';
import type { PyroConnection } from '../../daemon/contract/connection.js';
import type { PyroDaemon } from '../../pyro/pyro-daemon.js';
import { readPacketMetadata } from './packet-metadata.js';

/** A client's connection, as objects and guards see it. */
export type { PyroConnection };

const contexts = new WeakMap<CallContext, PyroContext>();

/** All about one remote call. Injected by `@Ctx()`; what `switchToRpc().getContext()` gives. */
export class PyroContext extends BaseRpcContext<[CallContext]> implements CallContext {
  private constructor(private readonly call: CallContext) {
    super([call]);
  }

  /** The context of a call; each has one. */
  static of(call: CallContext): PyroContext {
    let context = contexts.get(call);
    if (context === undefined) contexts.set(call, (context = new PyroContext(call)));
    return context;
  }

  /** The call that the running code serves, also behind its awaits; undefined outside of one. */
  static current(): PyroContext | undefined {
    const call = currentContext();
    return call && PyroContext.of(call);
  }

  get daemon(): PyroDaemon {
    return this.call.daemon as PyroDaemon;
  }
  get connection(): PyroConnection {
    return this.call.connection;
  }
  /** Who the client is to this object, as its handshake guards said. */
  get principal(): unknown {
    return this.call.principal;
  }
  get objectId(): string {
    return this.call.objectId;
  }
  /** Wire name; `__getattr__` and `__setattr__` for attributes. */
  get method(): string {
    return this.call.method;
  }
  /** Keyword arguments as they came, also those that parameters took. */
  get kwargs(): Readonly<Record<string, unknown>> {
    return this.call.kwargs;
  }
  get seq(): number {
    return this.call.seq;
  }
  get flags(): number {
    return this.call.flags;
  }
  get serializer(): string {
    return this.call.serializer;
  }
  /** UUID in its usual text form; calls made while this one runs carry it on. */
  get correlationId(): string {
    return this.call.correlationId;
  }
  get annotations(): ReadonlyMap<string, Buffer> {
    return this.call.annotations;
  }
  /** Goes back with the reply, or with the next item of a stream: four letters to bytes. */
  get responseAnnotations(): Map<string, Buffer> {
    return this.call.responseAnnotations;
  }
  /** The client does not wait for a reply. */
  get oneway(): boolean {
    return this.call.oneway;
  }
  /** Aborted when the client goes away or the call is over `callTimeoutMs`. */
  get signal(): AbortSignal {
    return this.call.signal;
  }

  /** What the dispatch hook of a `PyroClient` attached to the call, if anything: a trace id, say. Peers may send what they like. */
  getMetadata(): Record<string, string> | undefined {
    return readPacketMetadata(this.annotations);
  }

  /** Keeps a resource weakly and closes it when the connection ends. */
  track(resource: object): void {
    this.call.track(resource);
  }

  untrack(resource: object): void {
    this.call.untrack(resource);
  }
}
