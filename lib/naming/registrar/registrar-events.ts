import type { PyroUri } from '../../protocol/uri.js';

/** Events of a `NameRegistrar`, for logging. With several name servers, each name server has its own events. */
export interface NameRegistrarEvents {
  /** The name server now has the name, with this URI. */
  registered: [name: string, uri: PyroUri, nameServer: PyroUri];
  /** Another program has registered the name with this URI. The name belongs to the other program while it is registered. Emitted once. */
  taken: [name: string, uri: PyroUri];
  /** The name was removed from the name server. */
  removed: [name: string];
  /** The name server does not answer or refuses a name. Emitted once until `available`; the registrar goes on trying. */
  unavailable: [error: Error];
  /** After `unavailable`: the name server answers again and has the names. */
  available: [nameServer: PyroUri];
}
