import type { ProxyReference } from '../../protocol/proxy-reference.js';
import type { Autoproxy, AutoproxyLease } from '../options/proxy-options.js';

/** Objects of ours that are served because they were passed over a connection, for as long as that lasts. */
export class ConnectionLeases {
  private readonly held = new Map<object, AutoproxyLease>();
  private ended = false;

  constructor(private readonly autoproxy: Autoproxy | undefined) {}

  /** How an object travels over the connection; undefined when it does not as a proxy. */
  referenceFor(value: object): ProxyReference | undefined {
    const held = this.held.get(value) ?? this.autoproxy?.leaseFor?.(value);
    if (held === undefined) return this.autoproxy?.referenceFor(value);
    if (this.ended) held.release();
    else this.held.set(value, held);
    return held.reference;
  }

  /** The connection has ended. */
  end(): void {
    this.ended = true;
    for (const lease of this.held.values()) lease.release();
    this.held.clear();
  }
}
