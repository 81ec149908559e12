import type { ProxyReference } from '../protocol/proxy-reference.js';
import type { PyroUri } from '../protocol/uri.js';
import type { Daemon, LeaseOptions, ObjectLease } from './contract/daemon.js';
import { metadataFor } from './object/expose.js';

class Lease implements ObjectLease {
  private onRelease: (() => void) | undefined;

  constructor(
    readonly reference: ProxyReference,
    onRelease?: () => void,
  ) {
    this.onRelease = onRelease;
  }

  get uri(): PyroUri {
    return this.reference.uri;
  }

  release(): void {
    const release = this.onRelease;
    this.onRelease = undefined;
    release?.();
  }

  [Symbol.dispose](): void {
    this.release();
  }
}

interface Leased {
  reference: ProxyReference;
  leases: number;
  /** Leases that the application took, not a connection. */
  explicit: number;
}

/** The objects of a daemon that are registered for a while, by leases. */
export class ObjectLeases {
  private readonly leased = new Map<object, Leased>();

  constructor(private readonly daemon: Daemon) {}

  /** Number of leases that are held, by the id of the leased object. */
  held(): Map<string, number> {
    return new Map([...this.leased.values()].map(({ reference, leases }) => [reference.uri.object, leases]));
  }

  /** @throws {DaemonError} before the daemon listens */
  lease(object: object, options: LeaseOptions): ObjectLease {
    return this.take(object, true, options) ?? new Lease(this.daemon.proxyFor(object));
  }

  /** For a connection over which the object is sent. Undefined: the object exposes nothing, or is registered anyway. */
  leaseFor(object: object): ObjectLease | undefined {
    const { methods, attrs } = metadataFor(object);
    if (methods.size + attrs.size === 0 || this.leased.get(object)?.explicit) return undefined;
    return this.take(object, false, {});
  }

  private take(object: object, isExplicit: boolean, options: LeaseOptions): ObjectLease | undefined {
    let leased = this.leased.get(object);
    const current = this.daemon.referenceFor(object);
    // unregistered meanwhile, or registered by the application itself
    if (leased && current?.uri.object !== leased.reference.uri.object) leased = undefined;
    if (leased === undefined) {
      if (current) return undefined;
      const { object: objectId } = this.daemon.register(object, undefined, options);
      leased = { reference: this.daemon.proxyFor(objectId), leases: 0, explicit: 0 };
      this.leased.set(object, leased);
    }
    return this.add(object, leased, isExplicit ? 1 : 0);
  }

  private add(object: object, leased: Leased, explicit: 0 | 1): ObjectLease {
    leased.leases++;
    leased.explicit += explicit;
    return new Lease(leased.reference, () => {
      leased.explicit -= explicit;
      if (--leased.leases > 0) return;
      if (this.leased.get(object) === leased) this.leased.delete(object);
      this.daemon.unregister(leased.reference.uri.object);
    });
  }
}
