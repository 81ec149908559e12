import type { RemoteAddress } from './remote-addresses.js';

/**
 * Counts the work of the application for clients that have gone: their calls and handshakes that still run, and clean-ups that hang. Each
 * address counts up to `maxAbandonedConnectionsPerAddress`, so a single address cannot use up `maxAbandonedConnections`.
 */
export class AbandonedConnections {
  count = 0;

  constructor(private readonly limits: { readonly maxAbandonedConnections: number }) {}

  get isFull(): boolean {
    return this.count >= this.limits.maxAbandonedConnections;
  }

  /** True when there may be no more, of any address or of this. @param address undefined where its uses are not limited */
  isFullFor(address: RemoteAddress | undefined): boolean {
    return this.isFull || address?.hasMostAbandoned === true;
  }

  add(address: RemoteAddress | undefined): void {
    if (address?.hasMostAbandoned !== true) this.count++;
    if (address) address.abandoned++;
  }

  end(address: RemoteAddress | undefined): void {
    if (address) address.abandoned--;
    if (address?.hasMostAbandoned !== true) this.count--;
  }
}
