import type { PeerCertificate } from 'node:tls';
import type { Annotations } from '../../protocol/annotations.js';

/** The connection of a client to a daemon. */
export interface PyroConnection {
  /** Number of the connection within its daemon, counted from 1. */
  readonly id: number;
  /** `address:port`, `[v6]:port`, or `local` for a unix socket and for streams that are no network sockets. */
  readonly remoteAddress: string;
  /** TLS certificate of the client, signed by one of `tls.ca`. Undefined when the client showed none, or none that is valid. */
  readonly peerCertificate: PeerCertificate | undefined;
  /**
   * Handshake data of the client. Undefined before the handshake, on a `connectedSocket`, and after the handshake when the data takes
   * more than 2 KiB of memory and `keepHandshake` is off.
   */
  readonly handshake: unknown;
  /** Annotations of the CONNECT message; none where {@link handshake} was dropped. */
  readonly handshakeAnnotations: Annotations;
  /** Values that the application keeps with the connection. The library never reads or writes them. */
  readonly metadata: Map<unknown, unknown>;
  /** False once the client has disconnected or {@link close} was called. */
  readonly connected: boolean;
  /** Sends the replies that were written, then ends the connection. Running calls go on; their replies are dropped. */
  close(): void;
}
