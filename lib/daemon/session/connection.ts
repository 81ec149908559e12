import type { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import type { PeerCertificate, TLSSocket } from 'node:tls';
import { type Annotations, NO_ANNOTATIONS } from '../../protocol/annotations.js';
import { tcpLocation } from '../../protocol/location.js';
import { Admissions } from './admissions.js';
import type { PyroTarget } from '../contract/target.js';
import { TrackedResources } from './tracked-resources.js';

/** One client connection, for as long as it lasts. */
export class DaemonConnection {
  /** Yours: whatever belongs to the connection. */
  readonly metadata = new Map<unknown, unknown>();
  /** What the client sent as handshake data; undefined before the handshake and on a `connectedSocket`. */
  handshake: unknown;
  /** Annotations of the CONNECT message. */
  handshakeAnnotations: Annotations = NO_ANNOTATIONS;
  /** `address:port`, `[v6]:port`, or the socket's path. */
  readonly remoteAddress: string;
  /** The client's TLS certificate, which one of `tls.ca` has signed; undefined when it has none, or none that is good. */
  readonly peerCertificate: PeerCertificate | undefined;

  /** Objects that were used over this connection and want to know of its end. */
  readonly usedTargets = new Set<PyroTarget>();
  readonly admissions = new Admissions(this);
  readonly resources = new TrackedResources();
  private readonly goneHooks = new Set<() => void>();
  private gone = false;
  private closing = false;

  constructor(
    /** Counts from 1 on within a daemon. */
    readonly id: number,
    socket: Duplex,
    private readonly closeLoop: () => void,
  ) {
    this.remoteAddress = remoteAddressOf(socket);
    this.peerCertificate = certificateOf(socket);
  }

  /** False once the peer is gone or {@link close} was called. */
  get connected(): boolean {
    return !this.gone && !this.closing;
  }

  /** Ends the connection after what was written to it. Running calls go on, their replies go nowhere. */
  close(): void {
    this.closing = true;
    this.closeLoop();
  }

  /** Runs `hook` when the peer goes away, until it is taken back. */
  onGone(hook: () => void): () => void {
    this.goneHooks.add(hook);
    return () => this.goneHooks.delete(hook);
  }

  /** The peer is gone: tells all who wait for it. */
  markGone(): void {
    if (this.gone) return;
    this.gone = true;
    for (const hook of this.goneHooks) hook();
    this.goneHooks.clear();
  }
}

/** Read at once: of a closed socket there is none. */
function certificateOf(socket: Duplex): PeerCertificate | undefined {
  const { authorized, getPeerCertificate } = socket as Partial<TLSSocket>;
  const certificate = authorized ? getPeerCertificate?.call(socket) : undefined;
  return certificate && Object.keys(certificate).length > 0 ? certificate : undefined;
}

function remoteAddressOf(socket: Duplex): string {
  const { remoteAddress, remotePort } = socket as Partial<Socket>;
  if (remoteAddress === undefined) return 'local';
  return tcpLocation(remoteAddress, remotePort);
}
