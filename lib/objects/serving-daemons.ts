import { processWide } from '../copies/process-wide.js';
import type { ProxyReference } from '../protocol/proxy-reference.js';

/** Gives references of registered objects; implemented by the daemons. */
interface ReferenceSource {
  /** Gives the reference of a registered object; undefined for every other value. */
  referenceFor(value: object): ProxyReference | undefined;
}

/** The daemons of this process that have started and are not closed, in this order. */
const daemons = processWide('serving-daemons', () => new Set<ReferenceSource>());

/** Called when a daemon has started. From now on its objects travel as proxies, whoever sends them. */
export function addServingDaemon(daemon: ReferenceSource): void {
  daemons.add(daemon);
}

/** Called when a daemon closes. */
export function removeServingDaemon(daemon: ReferenceSource): void {
  daemons.delete(daemon);
}

/**
 * Gives the reference of an object that is registered at any daemon of this process; undefined for every other value.
 *
 * @param except a daemon that was asked already
 * @see Pyro5/server.py, `_pyro_obj_to_auto_proxy`
 */
export function servedReference(value: object, except?: ReferenceSource): ProxyReference | undefined {
  for (const daemon of daemons) {
    const reference = daemon === except ? undefined : daemon.referenceFor(value);
    if (reference) return reference;
  }
  return undefined;
}
