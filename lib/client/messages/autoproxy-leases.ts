import type { ProxyReference } from '../../protocol/proxy-reference.js';
import type { Autoproxy, AutoproxyLease } from '../options/proxy-options.js';

/** The leases of one connection: objects of this program that were passed over the connection are served until it closes. */
export class AutoproxyLeases {
  private readonly leases = new Map<object, AutoproxyLease>();
  private ended = false;

  constructor(private readonly autoproxy: Autoproxy | undefined) {}

  /** True when the connection has no leases, so closing it takes no object away from the peer. */
  get isEmpty(): boolean {
    return this.leases.size === 0;
  }

  /** Gives the reference that is sent for an object; undefined when the object is not sent as a proxy. */
  referenceFor(value: object): ProxyReference | undefined {
    const lease = this.leases.get(value) ?? this.autoproxy?.leaseFor?.(value);
    if (lease === undefined) return this.autoproxy?.referenceFor(value);
    if (this.ended) lease.release();
    else this.leases.set(value, lease);
    return lease.reference;
  }

  /** Gives all leases to another connection, which then holds them until it ends. Each object is leased once. */
  moveTo(other: AutoproxyLeases): void {
    for (const [object, lease] of this.leases) {
      if (other.ended || other.leases.has(object)) lease.release();
      else other.leases.set(object, lease);
    }
    this.leases.clear();
  }

  /** Releases all leases. Called when the connection has ended. */
  end(): void {
    this.ended = true;
    for (const lease of this.leases.values()) lease.release();
    this.leases.clear();
  }
}
