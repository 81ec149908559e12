import type { PyroConnection } from './connection.js';

/** Asks whether a connection may use an object. */
export interface AuthorizeRequest {
  /** The connection that asks. */
  connection: PyroConnection;
  /** Id of the object that the client wants to use. */
  objectId: string;
  /** Handshake data of the client. Undefined on a `connectedSocket`, and where `PyroConnection.handshake` was dropped. */
  data: unknown;
  /** Annotations of the CONNECT message: four letters to bytes. */
  annotations: ReadonlyMap<string, Buffer>;
}

/** The answer when a connection may use an object. */
export interface Authorization {
  /** Answer of the handshake; null is Python's None. Undefined: the answer of the daemon's own hook, or else `hello`. */
  response?: unknown;
  /** The principal of the peer, see `CallContext.principal`. Undefined: the principal of the daemon's own hook. */
  principal?: unknown;
  /**
   * Identifies the principal, for example the id of a user. Another connection may resume a stream only with the same key. Default: the
   * principal itself; two objects are then the same principal only if they are identical.
   */
  principalKey?: string;
}

/**
 * The answer of a handshake hook: an {@link Authorization}, or undefined for its defaults. A text, a number, a list, or null (Python's
 * None) is the response.
 */
export type HandshakeAnswer = Authorization | string | number | bigint | boolean | readonly unknown[] | null | undefined | void;
