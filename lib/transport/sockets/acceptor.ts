import type { Socket } from 'node:net';

/**
 * Takes the clients of a listener.
 *
 * `Slot`: a slot under `maxConnections`. A client holds it from accept to close.
 */
export interface Acceptor<Slot> {
  /** A client has connected. Undefined: no slot is free, and the client is cut off. */
  accept(remoteAddress: string | undefined): Slot | undefined;
  /** The client is ready for messages: at once, or after its TLS handshake. */
  enter(slot: Slot, socket: Socket): void;
  /** Called when the client disconnects before `enter()`. */
  leave(slot: Slot): void;
  /** The TLS handshake of the client failed. `leave()` follows. */
  refused(slot: Slot, error: Error, socket: Socket): void;
}
