import { DaemonError } from '../../protocol/errors.js';
import { overLimit } from '../../protocol/over-limit.js';
import { fullDaemonText } from '../../protocol/texts/refusal-texts.js';
import type { AbandonedConnections } from '../connection/abandoned-connections.js';
import type { ResolvedDaemonOptions } from '../options/daemon-options.js';
import { type RemoteAddress, RemoteAddresses } from '../connection/remote-addresses.js';

/** A slot under `maxConnections`. A client holds it from accept to close. */
export interface Slot {
  readonly connectionId: number;
  /** `performance.now()` when the client was accepted. */
  readonly acceptedAt: number;
  /** Why the client was accepted only to be refused: some limit is reached. */
  readonly refusal: Error | undefined;
  /** The remote address, where its uses are limited. */
  readonly address: RemoteAddress | undefined;
  /** True until the handshake has ended: its guards may run on when the client has gone. */
  isInHandshake: boolean;
  /** True once the socket is closed. */
  isGone: boolean;
}

/** Clients over a limit that are refused with a message at the same time. Further clients are closed without a message. */
const MAX_REFUSED_SLOTS = 1_000;

/**
 * Counts the connections of a daemon and of each remote address.
 *
 * `take` → `handshakeEnded` → `gone` (the socket is closed: the slot is free) → `giveBack` (the last call has ended). When a client goes in
 * its handshake, the handshake ends with `giveBack`.
 */
export class Slots {
  /** Open connections. */
  taken = 0;
  private refused = 0;
  private lastId = 0;
  readonly addresses: RemoteAddresses;

  /**
   * @param abandoned counts connections that are gone while a call of theirs, or their handshake, still runs
   * @param onCut gets the refusal of a client that is closed without a message
   */
  constructor(
    private readonly options: ResolvedDaemonOptions,
    private readonly abandoned: AbandonedConnections,
    private readonly onCut: (refusal: Error) => void,
  ) {
    this.addresses = new RemoteAddresses(options);
  }

  /** Takes a slot, which must be given back. Undefined: not even a refusal can be sent. */
  take(remoteAddress: string | undefined): Slot | undefined {
    const acceptedAt = performance.now();
    const address = this.addresses.of(remoteAddress);
    const refusal = this.refusal() ?? address?.refusal(acceptedAt);
    if (refusal && this.refused >= MAX_REFUSED_SLOTS) {
      this.onCut(refusal);
      return undefined;
    }
    if (refusal) {
      this.refused++;
    } else {
      this.taken++;
      if (address) address.connections++;
      if (address) address.handshakes++;
    }
    return { connectionId: ++this.lastId, acceptedAt, refusal, address, isInHandshake: true, isGone: false };
  }

  /** The handshake has succeeded or failed. */
  handshakeEnded(slot: Slot): void {
    if (!slot.isInHandshake) return;
    slot.isInHandshake = false;
    if (slot.address && slot.refusal === undefined) slot.address.handshakes--;
  }

  /** The socket is closed. Calls of the connection, or its handshake, may still run. */
  gone(slot: Slot): void {
    if (slot.isGone) return;
    slot.isGone = true;
    if (slot.refusal) this.refused--;
    else this.taken--;
    this.abandoned.add(slot.address);
  }

  /** The socket is closed, and neither a call of the connection nor its handshake runs any more. */
  giveBack(slot: Slot): void {
    this.gone(slot);
    this.handshakeEnded(slot);
    this.abandoned.end(slot.address);
    if (slot.address && slot.refusal === undefined) slot.address.connections--;
  }

  /** Forgets addresses that nobody uses. */
  sweep(): void {
    this.addresses.forgetUnused(performance.now());
  }

  private refusal(): Error | undefined {
    const { maxConnections, maxAbandonedConnections } = this.options;
    if (this.taken >= maxConnections) {
      return overLimit('maxConnections', new DaemonError(fullDaemonText(`maxConnections (${maxConnections}) are open`)));
    }
    if (!this.abandoned.isFull) return undefined;
    const why = `calls or clean-ups of ${this.abandoned.count} clients that have gone still run (maxAbandonedConnections is ${maxAbandonedConnections})`;
    return overLimit('maxAbandonedConnections', new DaemonError(fullDaemonText(why)));
  }
}
