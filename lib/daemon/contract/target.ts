import type { CallContext } from './call-context.js';
import type { DaemonConnection } from '../session/connection.js';

/** What clients are told about an object. Attribute names are never method names. @see Pyro5/server.py, `_get_exposed_members` */
export interface ObjectMetadata {
  methods: ReadonlySet<string>;
  oneway: ReadonlySet<string>;
  attrs: ReadonlySet<string>;
}

/**
 * What the dispatcher needs of a registered object. The core makes one of any object or class (`exposed-target.ts`),
 * the Nest layer one of each `@PyroController`.
 *
 * Every method may return a promise or throw; errors go to the client. Names were checked against {@link metadata} before.
 */
export interface PyroTarget {
  readonly metadata: ObjectMetadata;
  /** Instances of this class travel as proxies of the object (autoproxy). */
  readonly type?: abstract new (...args: never[]) => object;
  /** Why `metadata` may be empty is the target's matter; it is read anew for each `get_metadata`. */
  invoke(method: string, args: unknown[], kwargs: Record<string, unknown>, context: CallContext): unknown;
  getAttribute(name: string, context: CallContext): unknown;
  setAttribute(name: string, value: unknown, context: CallContext): unknown;
  /** True for methods whose errors also surface on this side. */
  isCallback(method: string): boolean;
  /**
   * Lets the connection in, or throws why not. Asked once per connection and object before anything of the object is
   * shown or run. Gives what the handshake answers (undefined: the daemon's own answer) and who the peer is here.
   * Absent: everybody.
   */
  authorize?(request: AuthorizeRequest): Promise<Authorization> | Authorization;
  /** A connection was let in by a handshake that named the object. What it throws refuses the connection. */
  connected?(connection: DaemonConnection): Promise<void> | void;
  /**
   * A connection that used the object ended; drop what was kept for it, users before their dependencies.
   *
   * @param streamsEnded resolves when no stream of the connection lingers any more (at once, when there is none):
   *   until then its iterators may still use their instances
   */
  connectionEnded?(connection: DaemonConnection, streamsEnded: Promise<void>): Promise<void> | void;
  /** The object was unregistered or the daemon closed. */
  released?(): Promise<void> | void;
}

export interface AuthorizeRequest {
  connection: DaemonConnection;
  objectId: string;
  /** What the client sent as handshake data; undefined on a `connectedSocket`. */
  data: unknown;
  annotations: ReadonlyMap<string, Buffer>;
}

export interface Authorization {
  response?: unknown;
  principal?: unknown;
}
