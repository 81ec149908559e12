import type { Socket } from 'node:net';

/** Who takes the clients of a listener. `Place`: what a client takes up from its arrival on. */
export interface Arrivals<Place> {
  /** A client has come; undefined: there is no place for it, and it is cut off. */
  arrive(): Place | undefined;
  /** It may be talked to. */
  enter(place: Place, socket: Socket): void;
  /** It went before that. */
  leave(place: Place): void;
  /** It was turned away before that; it leaves as well. */
  refused(place: Place, error: Error, socket: Socket): void;
}
