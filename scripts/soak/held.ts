import type { Footprint } from '../server-process.js';

/** The resources that a server holds. */
export interface Held extends Footprint {
  connections: number;
  streams: number;
  /** Requests that were refused because the values of all requests took too much memory. */
  refusals: number;
  problems: string[];
}

/** The object that clients pass to the server. */
export interface Listener {
  hear(value: number): Promise<number>;
}
