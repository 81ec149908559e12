import { networkOf, socketAddressOf } from '../../protocol/location.js';

/** Who chose a host name. */
export interface HostChooser {
  /** The address of the peer, or another text. Each has its queue and its turn. */
  readonly name: string;
  /** Names of the chooser that may wait or be looked up at the same time. Undefined: no limit. */
  readonly maxHostLookups?: number | undefined;
}

/** The peer at a location, as the chooser of a host name. */
export function chooserAt(location: string, maxHostLookups: number | undefined): HostChooser {
  const address = socketAddressOf(location);
  const name = address !== undefined && 'host' in address ? (networkOf(address.host) ?? address.host) : location;
  return { name, maxHostLookups };
}

/** The name server at a location, as the chooser of the host names that it gives. They have turns besides those of clients at its address. */
export function registrarAt(location: string): HostChooser {
  return { name: `names of ${chooserAt(location, undefined).name}` };
}
