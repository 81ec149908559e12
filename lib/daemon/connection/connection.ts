import type { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import type { PeerCertificate, TLSSocket } from 'node:tls';
import { type Annotations, NO_ANNOTATIONS } from '../../protocol/annotations.js';
import { tcpLocation } from '../../protocol/location.js';
import type { PyroConnection } from '../contract/connection.js';
import type { PyroTarget } from '../contract/target.js';
import { Authorizations } from './authorizations.js';
import type { RemoteAddress } from './remote-addresses.js';
import { TrackedResources } from './tracked-resources.js';

/** The limits of one connection. */
export interface ConnectionLimits {
  /** Longest time that the guards of an object take; 0: no limit. */
  handshakeTimeoutMs: number;
  address: RemoteAddress | undefined;
}

/** A connection with everything that its session keeps for it. */
export class SessionConnection implements PyroConnection {
  readonly metadata = new Map<unknown, unknown>();
  handshake: unknown;
  handshakeAnnotations: Annotations = NO_ANNOTATIONS;
  /** The object that the CONNECT message named. It may not exist. */
  requestedObject: string | undefined;
  readonly remoteAddress: string;
  readonly peerCertificate: PeerCertificate | undefined;

  /** Objects that were used over this connection and must be told when it ends. */
  readonly usedTargets = new Set<PyroTarget>();
  readonly authorizations: Authorizations;
  /** The remote address, where its uses are limited. */
  readonly address: RemoteAddress | undefined;
  readonly resources = new TrackedResources();
  private readonly goneHooks = new Set<() => void>();
  private state: 'open' | 'closing' | 'gone' = 'open';

  constructor(
    readonly id: number,
    socket: Duplex,
    private readonly closeSession: () => void,
    { handshakeTimeoutMs, address }: ConnectionLimits,
  ) {
    this.authorizations = new Authorizations(this, handshakeTimeoutMs);
    this.address = address;
    this.remoteAddress = remoteAddressOf(socket);
    this.peerCertificate = certificateOf(socket);
  }

  get connected(): boolean {
    return this.state === 'open';
  }

  /** True once the socket is closed. */
  get isGone(): boolean {
    return this.state === 'gone';
  }

  close(): void {
    if (this.state === 'open') this.state = 'closing';
    this.closeSession();
  }

  /** Runs `hook` when the socket closes. @returns a function that takes the hook back */
  onGone(hook: () => void): () => void {
    this.goneHooks.add(hook);
    return () => this.goneHooks.delete(hook);
  }

  /** The socket is closed: runs the hooks of {@link onGone}. */
  markGone(): void {
    if (this.state === 'gone') return;
    this.state = 'gone';
    for (const hook of this.goneHooks) hook();
    this.goneHooks.clear();
  }
}

/** Read when the connection is made: a closed socket has no certificate. */
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
