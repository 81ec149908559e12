import type { PyroConnection } from './connection.js';

/** One question whether a connection may use an object. */
export interface AuthorizeRequest {
  connection: PyroConnection;
  objectId: string;
  /** Handshake data of the client. Undefined on a `connectedSocket`. */
  data: unknown;
  annotations: ReadonlyMap<string, Buffer>;
}

/** The answer when a connection may use an object. */
export interface Authorization {
  /** Answer of the handshake. Undefined: the answer of the daemon's own hook, or else `hello`. */
  response?: unknown;
  /** Who the peer is, see `CallContext.principal`. Undefined: the principal of the daemon's own hook. */
  principal?: unknown;
}
