import type { AnyClass } from '../../objects/decorated-member.js';
import type { AuthorizeRequest, HandshakeAnswer } from './authorization.js';
import type { CallContext } from './call-context.js';
import type { PyroConnection } from './connection.js';
import type { TargetDescription } from './snapshot.js';

/** An object that has guards. */
export interface GuardedObject {
  /** The target of the object. Its `authorize` is asked. */
  readonly target: PyroTarget;
  /** Id of the object, which its guards get as the object that the client wants. */
  readonly objectId: string;
}

/** The exposed members of an object, as clients are told them. An attribute never has the name of a method. @see Pyro5/server.py, `_get_exposed_members` */
export interface ObjectMetadata {
  /** Wire names of the exposed methods. */
  methods: ReadonlySet<string>;
  /** Wire names of the methods for whose reply clients do not wait. */
  oneway: ReadonlySet<string>;
  /** Wire names of the exposed attributes. */
  attrs: ReadonlySet<string>;
}

/**
 * A registered object as the dispatcher needs it. The core makes a target of any object or class (`exposed-object.ts`), the Nest
 * layer makes one of each `@PyroController`.
 *
 * Every method may return a promise or throw; errors go to the client. Names are checked against {@link metadata} before a method is called.
 */
export interface PyroTarget {
  /** Read for each call and each `get_metadata`. */
  readonly metadata: ObjectMetadata;
  /** Instances of this class travel as proxies of the object (autoproxy). */
  readonly type?: AnyClass;
  /** The object, if the target serves a single object. The object travels as its proxy (autoproxy). */
  readonly instance?: object;
  /** Calls an exposed method. */
  invoke(method: string, args: unknown[], kwargs: Record<string, unknown>, context: CallContext): unknown;
  /** Reads an exposed attribute. */
  getAttribute(name: string, context: CallContext): unknown;
  /** Sets an exposed attribute. */
  setAttribute(name: string, value: unknown, context: CallContext): unknown;
  /** True for a method whose errors also surface on this side. */
  isCallback(method: string): boolean;
  /**
   * Decides whether a connection may use the object. To refuse it, throw. Called once for each connection and object, before any
   * member of the object is shown or run. When absent, every connection may use the object.
   */
  authorize?(request: AuthorizeRequest): Promise<HandshakeAnswer> | HandshakeAnswer;
  /** The object whose guards decide in place of {@link authorize}: the object whose method registered this object. */
  readonly guardedBy?: GuardedObject;
  /** Called last in a handshake that named the object, before its answer. An error refuses the connection. */
  connected?(connection: PyroConnection): Promise<void> | void;
  /**
   * Called when a connection that used the object has ended. Drops what was kept for the connection, users before their dependencies.
   *
   * @param streamsEnded resolves when no stream of the connection lingers any more (at once, when there is none). Until then the
   *   iterators of these streams may still use their instances
   */
  connectionEnded?(connection: PyroConnection, streamsEnded: Promise<void>): Promise<void> | void;
  /** Describes the object for `daemon.inspect()`. When absent, the snapshot has the members of {@link metadata}. */
  describe?(): TargetDescription;
  /**
   * Called when the object was unregistered, after the last request and the last stream that use it; and when the daemon closes, although
   * calls may still run. Drops what was kept for connections, too. After the close of a daemon, {@link connectionEnded} may still follow.
   */
  released?(): Promise<void> | void;
}
