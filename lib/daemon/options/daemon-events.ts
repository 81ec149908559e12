import type { DaemonConnection } from '../session/connection.js';

/** Where a call failed. */
export interface CallErrorInfo {
  connection: DaemonConnection;
  objectId: string;
  method: string;
}

/** Events of a daemon and their arguments. */
export interface PyroDaemonEvents {
  /** Clients can connect; the location as in URIs. */
  listening: [location: string];
  /** A client passed its handshake. */
  connection: [connection: DaemonConnection];
  /** A connection that had passed its handshake has ended; `error`: why, unless it simply ended. */
  disconnect: [connection: DaemonConnection, error: Error | undefined];
  /** A client was refused, or did not speak Pyro. */
  handshakeFailed: [error: Error, connection: DaemonConnection];
  /** An object was taken out of the daemon; not told when the daemon closes. */
  unregistered: [objectId: string];
  /** Any call failed, or was refused: also those whose client is told of it. @see Pyro5/server.py, `methodcall_error_handler` */
  callFailed: [error: unknown, info: CallErrorInfo];
  /** A oneway call, a callback method or the clean-up of a stream failed. */
  callError: [error: unknown, info: CallErrorInfo];
  /** Something of the daemon's own failed: a hook, a disposal, the server socket. */
  error: [error: Error];
  /** The daemon is closed. */
  close: [];
}
