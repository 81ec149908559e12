import type { PyroConnection } from './connection.js';
import type { Daemon } from './daemon.js';

/** Everything about one call: what came with its request, and what goes back with its reply. A batch has one context for each entry. */
export interface CallContext {
  /** The daemon that serves the call. */
  readonly daemon: Daemon;
  /** The connection over which the request came. */
  readonly connection: PyroConnection;
  /** Id of the called object. */
  readonly objectId: string;
  /** Wire name of the method. For attributes: `__getattr__` or `__setattr__`. */
  readonly method: string;
  /** All keyword arguments of the call, also the arguments that parameters took. */
  readonly kwargs: Readonly<Record<string, unknown>>;
  /** Sequence number of the request, 0 to 65,535. */
  readonly seq: number;
  /** Flags of the request, see `FLAGS`. */
  readonly flags: number;
  /** Name of the serializer. */
  readonly serializer: string;
  /** UUID in text form. */
  readonly correlationId: string;
  /** Annotations of the request: four letters to bytes. */
  readonly annotations: ReadonlyMap<string, Buffer>;
  /**
   * Annotations that go back with the reply. When the call returns a stream, annotations that are set before the stream is opened go back
   * with the reply, and later annotations with the next item.
   */
  readonly responseAnnotations: Map<string, Buffer>;
  /** True when the client does not wait for a reply. */
  readonly oneway: boolean;
  /** The principal that the handshake guards of this object set. */
  readonly principal: unknown;
  /**
   * Aborts when the client disconnects, the call runs longer than `callTimeoutMs`, or an interceptor of Nest has given the method up. A oneway
   * call goes on when its client disconnects.
   */
  readonly signal: AbortSignal;
  /** Holds a resource weakly and closes it (`Symbol.asyncDispose`, `Symbol.dispose` or `close`) when the connection ends. */
  track(resource: object): void;
  /** Forgets a tracked resource without closing it. */
  untrack(resource: object): void;
}
