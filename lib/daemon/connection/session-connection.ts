import type { Duplex } from 'node:stream';
import { inspect } from 'node:util';
import type { PeerCertificate, TLSSocket } from 'node:tls';
import { type Annotations, copiedAnnotations, NO_ANNOTATIONS } from '../../protocol/messages/annotations.js';
import { PyroError } from '../../protocol/errors.js';
import { refusal } from '../../protocol/refusals.js';
import { remoteLocation } from '../../protocol/location.js';
import type { PyroConnection } from '../contract/connection.js';
import type { PyroTarget } from '../contract/target.js';
import { Authorizations } from './authorizations.js';
import type { RemoteAddress } from './remote-addresses.js';
import { TrackedResources } from './tracked-resources.js';

/** Memory of a daemon that is held for some time. */
interface HeldMemory {
  hold(holder: SessionConnection, bytes: number): void;
  release(holder: SessionConnection, bytes: number): void;
}

/** Handshake data and annotations that take no more memory stay with the connection. */
const SMALL_HANDSHAKE_BYTES = 2 * 1024;

/** The limits of one connection. */
export interface ConnectionLimits {
  /** Longest time that the guards of an object take; 0: no limit. */
  handshakeTimeoutMs: number;
  address: RemoteAddress | undefined;
}

/** A connection with all state that its session keeps for it. Most connections need little state, so most of it is made at its first use. */
export class SessionConnection implements PyroConnection {
  handshake: unknown;
  handshakeAnnotations: Annotations = NO_ANNOTATIONS;
  /** The object that the CONNECT message named. It may not exist. */
  requestedObject: string | undefined;
  /** Calls over this connection that were run. */
  calls = 0;
  /** Calls over this connection that failed or were refused. */
  failures = 0;
  /** Memory that its running requests and its handshake hold under `maxInFlightValueBytes`. */
  valueBytes = 0;
  readonly remoteAddress: string;
  readonly peerCertificate: PeerCertificate | undefined;
  readonly authorizations: Authorizations;
  /** The remote address, where its uses are limited. */
  readonly address: RemoteAddress | undefined;
  private handshakeMemory: { readonly memory: HeldMemory; readonly bytes: number } | undefined;
  private metadataMap: Map<unknown, unknown> | undefined;
  private targets: Set<PyroTarget> | undefined;
  private trackedResources: TrackedResources | undefined;
  private goneHooks: Set<() => void> | undefined;
  private state: 'open' | 'closing' | 'gone' = 'open';

  constructor(
    readonly id: number,
    socket: Duplex,
    private readonly session: { close(): void },
    { handshakeTimeoutMs, address }: ConnectionLimits,
  ) {
    this.authorizations = new Authorizations(this, handshakeTimeoutMs);
    this.address = address;
    this.remoteAddress = remoteLocation(socket);
    this.peerCertificate = certificateOf(socket);
  }

  /** Handshake data are no text for logs. */
  toJSON(): object {
    return { id: this.id, remoteAddress: this.remoteAddress };
  }

  /** @internal */
  [inspect.custom](): string {
    return `PyroConnection <${this.id}, ${this.remoteAddress}>`;
  }

  /** Holds the memory of the handshake data until {@link endHandshake} or {@link releaseHandshake}. */
  holdHandshake(memory: HeldMemory, bytes: number): void {
    memory.hold(this, bytes);
    this.handshakeMemory = { memory, bytes };
  }

  /** The handshake is over: keeps its data and annotations, or drops them. @param keepsLarge the option `keepHandshake` */
  endHandshake(keepsLarge: boolean): void {
    const isSmall = (this.handshakeMemory?.bytes ?? 0) <= SMALL_HANDSHAKE_BYTES;
    this.requestedObject = undefined;
    if (isSmall || keepsLarge) {
      this.handshakeAnnotations = copiedAnnotations(this.handshakeAnnotations);
    } else {
      this.handshake = undefined;
      this.handshakeAnnotations = NO_ANNOTATIONS;
    }
    if (isSmall || !keepsLarge) this.releaseHandshake();
  }

  /** Gives the memory of the handshake data back. */
  releaseHandshake(): void {
    const held = this.handshakeMemory;
    held?.memory.release(this, held.bytes);
    this.handshakeMemory = undefined;
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

  /** Notes that the object is used over this connection. Only objects with `connectionEnded` are kept. */
  use(target: PyroTarget): void {
    if (target.connectionEnded !== undefined) (this.targets ??= new Set()).add(target);
  }

  /** The object was released, and has ended what it kept for the connection. */
  forget(target: PyroTarget): void {
    this.targets?.delete(target);
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

/** Why work for a client ends that has disconnected. */
export const CLIENT_GONE = 'the client has gone away';

export function clientGone(): PyroError {
  return refusal(new PyroError(CLIENT_GONE));
}
