import type { ProxyReference } from '../protocol/proxy-reference.js';
import type { PyroUri } from '../protocol/uri.js';
import type { Daemon } from './daemon.js';
import { metadataFor } from './object/expose.js';

/** Keeps an object registered until it is released. */
export class ObjectLease implements Disposable {
  private onRelease: (() => void) | undefined;

  constructor(
    /** The object as it travels. */
    readonly reference: ProxyReference,
    onRelease?: () => void,
  ) {
    this.onRelease = onRelease;
  }

  get uri(): PyroUri {
    return this.reference.uri;
  }

  /** With the last lease, the object is unregistered. Releasing again does nothing. */
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
  /** Those of them that somebody took by name, and not a connection for itself. */
  explicit: number;
}

/** The objects of a daemon that are registered for a while. */
export class ObjectLeases {
  private readonly leased = new Map<object, Leased>();

  constructor(private readonly daemon: Daemon) {}

  /** @throws {DaemonError} before the daemon listens */
  lease(object: object): ObjectLease {
    return this.take(object, true) ?? new ObjectLease(this.daemon.proxyFor(object));
  }

  /** For a connection that the object is passed over. Undefined: it exposes nothing, or is served without this. */
  leaseFor(object: object): ObjectLease | undefined {
    const { methods, attrs } = metadataFor(object);
    if (methods.size + attrs.size === 0 || this.leased.get(object)?.explicit) return undefined;
    return this.take(object, false);
  }

  private take(object: object, isExplicit: boolean): ObjectLease | undefined {
    let leased = this.leased.get(object);
    const current = this.daemon.referenceFor(object);
    // somebody took it off meanwhile, or registered it himself
    if (leased && current?.uri.object !== leased.reference.uri.object) leased = undefined;
    if (leased === undefined) {
      if (current) return undefined;
      const { object: objectId } = this.daemon.register(object);
      leased = { reference: this.daemon.proxyFor(objectId), leases: 0, explicit: 0 };
      this.leased.set(object, leased);
    }
    return this.count(object, leased, isExplicit ? 1 : 0);
  }

  private count(object: object, leased: Leased, explicit: 0 | 1): ObjectLease {
    leased.leases++;
    leased.explicit += explicit;
    return new ObjectLease(leased.reference, () => {
      leased.explicit -= explicit;
      if (--leased.leases > 0) return;
      if (this.leased.get(object) === leased) this.leased.delete(object);
      this.daemon.unregister(leased.reference.uri.object);
    });
  }
}
