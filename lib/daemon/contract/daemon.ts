import type { Server } from 'node:net';
import type { Duplex } from 'node:stream';
import type { AnnotationValues } from '../../protocol/messages/annotations.js';
import type { ProxyReference } from '../../protocol/proxy-reference.js';
import type { PyroUri } from '../../protocol/uri.js';
import type { LimitName } from '../limits/limit.js';
import type { PyroConnection } from './connection.js';
import type { DaemonSnapshot, InspectOptions } from './snapshot.js';
import type { AuthorizeRequest, HandshakeAnswer } from './authorization.js';

/** Options of {@link Daemon.register}. */
export interface RegisterOptions {
  /** Replace the object that has the id, or give a registered object a further id. Default false. */
  force?: boolean;
  /** Hold the object weakly: it is unregistered when it is garbage-collected. Not for classes. Default false. */
  weak?: boolean;
  /**
   * The connections that may use the object. All of them are authorized by the daemon first. `inherit`: if a method of a guarded object
   * registers the object, the connections that may use the guarded object; else all. `none`: all. A function decides for each connection,
   * and throws to refuse it. Default `inherit`.
   */
  guards?: 'inherit' | 'none' | ObjectGuard;
}

/** Decides whether a connection may use an object. To refuse it, throw: the client is told the message. */
export type ObjectGuard = (request: AuthorizeRequest) => Promise<HandshakeAnswer> | HandshakeAnswer;

/** Options of a lease. */
export type LeaseOptions = Pick<RegisterOptions, 'guards'>;

/** Keeps an object registered until {@link release} is called. */
export interface ObjectLease extends Disposable {
  /** The object as it travels: URI and exposed members. */
  readonly reference: ProxyReference;
  /** The URI of the object. */
  readonly uri: PyroUri;
  /** Unregisters the object when this was its last lease. A second call does nothing. */
  release(): void;
}

/** The request that brought a proxy. */
export interface ProxyOrigin {
  /** The daemon that got the proxy. */
  readonly daemon: Daemon;
  /** The connection over which the proxy came. */
  readonly connection: PyroConnection;
  /** Runs `hook` when the request is over: its method has ended, and so has its item stream, if it returned one. At once, if it is over already. */
  onEnd(hook: () => void): void;
}

/**
 * Turns the proxies that clients send into values. `PyroDaemon` gives the daemon an implementation: the room `daemon/` does not import
 * `client/`.
 */
export interface ProxyReceiver {
  receive(reference: ProxyReference, origin: ProxyOrigin): unknown;
  /** Ends the connections of all received proxies. Called once, before the daemon is closed. */
  release(): Promise<void>;
}

/** Counts the error of a limit that a client has reached. */
export type OnOverLimit = (error: Error, connection: PyroConnection) => void;

/** A daemon as the rest of the library sees it. `PyroDaemon` implements it. */
export interface Daemon {
  /** `host:port`, `[v6]:port` or `./u:path`. @throws {DaemonError} before the daemon listens */
  readonly locationStr: string;
  /** `natHost:natPort`. Undefined without NAT, and for a connected socket. */
  readonly natLocationStr: string | undefined;
  /** The listening server, or the connected socket. Undefined before the daemon listens. */
  readonly sock: Server | Duplex | undefined;
  /** Number of registered objects, `Pyro.Daemon` included. */
  readonly objectCount: number;
  /** Connections that passed their handshake. */
  readonly connections: PyroConnection[];
  /** Number of open item streams, lingering ones included. */
  readonly streamCount: number;
  /** Numbers of times that each limit was reached since the daemon was made, by the name of the option. A new plain object each time. */
  readonly counters: Readonly<Record<LimitName, number>>;
  /** True while the daemon accepts connections and calls. */
  readonly isListening: boolean;
  /** True when the daemon has a listening socket, so that its URIs lead to it. False when it serves only connected sockets. */
  readonly isReachable: boolean;

  /** Takes a snapshot of the daemon, as values that JSON has. */
  inspect(options?: InspectOptions): DaemonSnapshot;

  /** Registers an object, or a class with `behavior(…)`. Default of `objectId`: a new random id. @throws {DaemonError} when the object or the id is registered already, unless forced */
  register(objectOrClass: object, objectId?: string, options?: RegisterOptions): PyroUri;
  /** Unregisters an object with all its ids, or the object that has the id. An unknown id is ignored. @throws {DaemonError} when an object is not registered */
  unregister(objectOrId: object | string): void;
  /** The URI of a registered object, or of any id. @param nat name the NAT address, if there is one. Default true @throws {DaemonError} when an object is not registered */
  uriFor(objectOrId: object | string, nat?: boolean): PyroUri;
  /** A registered object as it travels: URI and exposed members. @throws {DaemonError} when the object is not registered */
  proxyFor(objectOrId: object | string, nat?: boolean): ProxyReference;
  /** The reference by which a registered object travels as a proxy. Undefined for every other value. */
  referenceFor(value: object): ProxyReference | undefined;
  /** Keeps an object registered until the lease is released. */
  lease(object: object, options?: LeaseOptions): ObjectLease;
  /** Reads the exposed members of an object's class anew. Clients see them with their next proxy. @throws {DaemonError} when an object is not registered */
  resetMetadataCache(objectOrId: object | string): void;

  /** Serves one connected socket or other byte stream, with a handshake and without TLS. */
  serve(socket: Duplex): void;
  /** Accepts no more connections and calls, and waits for running calls and their replies. @param deadlineMs longest wait. Default 10,000 @returns true when all calls have ended and their replies have left */
  drain(deadlineMs?: number): Promise<boolean>;
  /** Drains for at most `deadlineMs` (default 10,000), then closes. */
  shutdown(deadlineMs?: number): Promise<void>;
  /** Closes at once: connections are cut, sessions and streams end. Replies of running calls are dropped. */
  close(): Promise<void>;

  // Hooks. A subclass may override them; the options of the same names do the same.

  /** Annotations that every reply carries. */
  annotations(): AnnotationValues;
  /** Decides whether a connection may be used. To refuse it, throw: the client is told the message. */
  validateHandshake(request: AuthorizeRequest): Promise<HandshakeAnswer> | HandshakeAnswer;
  /** Called when a connection that had passed its handshake has ended. */
  clientDisconnect(connection: PyroConnection): Promise<void> | void;
  /** Called every `housekeepingIntervalMs`. */
  housekeeping(): Promise<void> | void;
}
