import type { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import type { PeerCertificate, TLSSocket } from 'node:tls';
import { type Annotations, NO_ANNOTATIONS } from '../../protocol/annotations.js';
import { tcpLocation } from '../../protocol/location.js';
import type { PyroConnection } from '../contract/connection.js';
import type { PyroTarget } from '../contract/target.js';
import { Authorizations } from './authorizations.js';
import { TrackedResources } from './tracked-resources.js';

/** A connection with everything that its session keeps for it. Most connections need little of it, so the rest is made when it is used. */
export class SessionConnection implements PyroConnection {
  handshake: unknown;
  handshakeAnnotations: Annotations = NO_ANNOTATIONS;
  /** The object that the CONNECT message named. It may not exist. */
  requestedObject: string | undefined;
  readonly remoteAddress: string;
  readonly peerCertificate: PeerCertificate | undefined;
  readonly authorizations = new Authorizations(this);
  private metadataMap: Map<unknown, unknown> | undefined;
  private targets: Set<PyroTarget> | undefined;
  private trackedResources: TrackedResources | undefined;
  private goneHooks: Set<() => void> | undefined;
  private state: 'open' | 'closing' | 'gone' = 'open';

  constructor(
    readonly id: number,
    socket: Duplex,
    private readonly session: { close(): void },
  ) {
    this.remoteAddress = remoteAddressOf(socket);
    this.peerCertificate = certificateOf(socket);
  }

  get metadata(): Map<unknown, unknown> {
    return (this.metadataMap ??= new Map());
  }

  get resources(): TrackedResources {
    return (this.trackedResources ??= new TrackedResources());
  }

  /** Objects that were used over this connection and must be told when it ends, in the order of their first use. */
  get usedTargets(): Iterable<PyroTarget> {
    return this.targets ?? [];
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
    this.session.close();
  }

  /** The object is used over this connection. Only objects that want to be told of the end are kept. */
  use(target: PyroTarget): void {
    if (target.connectionEnded !== undefined) (this.targets ??= new Set()).add(target);
  }

  /** Runs `hook` when the socket closes. @returns a function that takes the hook back */
  onGone(hook: () => void): () => void {
    const hooks = (this.goneHooks ??= new Set());
    hooks.add(hook);
    return () => hooks.delete(hook);
  }

  /** The socket is closed: runs the hooks of {@link onGone}. */
  markGone(): void {
    if (this.state === 'gone') return;
    this.state = 'gone';
    for (const hook of this.goneHooks ?? []) hook();
    this.goneHooks = undefined;
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
