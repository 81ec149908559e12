import type { PyroProxyOptions } from '../../client/options/proxy-options.js';
import type { DaemonSnapshot, ListedFirst } from '../../daemon/contract/snapshot.js';
import { PyroUri } from '../../protocol/uri.js';
import type { InspectedServer } from './contract.js';
import { RequestRefusal } from './request-refusal.js';

/** The daemons that an inspector shows. */
export interface InspectorSource {
  /**
   * Takes a snapshot of each daemon. Never fails: a daemon that does not answer has an `error`.
   *
   * @param first the objects that a page looks for, where there are more than `maxListed`
   */
  take(first?: ListedFirst): Promise<InspectedServer[]>;
  /** Called when somebody begins to watch. @returns a function that is called when nobody watches any more */
  follow(): () => void;
  /**
   * Gives the URI and the options by which a proxy reaches an object. @throws {Error} when there is no such server, or no URI can have
   * the id
   */
  reach(server: string, objectId: string): ReachableObject;
}

/** An object, and how to connect to it. */
export interface ReachableObject {
  uri: PyroUri;
  options: PyroProxyOptions;
}

/** The names of each object of a snapshot. */
export function namesByObject({ names }: Pick<DaemonSnapshot, 'names'>): Map<string, string[]> {
  const byObject = new Map<string, Set<string>>();
  for (const { objectId, name } of names) byObject.set(objectId, (byObject.get(objectId) ?? new Set()).add(name));
  return new Map([...byObject].map(([objectId, all]) => [objectId, [...all]]));
}

/** The URI of an object that a page asks for. @throws {RequestRefusal} 400 when no URI can have the id */
export function uriToReach(objectId: string, location: string): PyroUri {
  const uri = PyroUri.tryAt(objectId, location);
  if (uri === undefined) throw new RequestRefusal(400, `no URI can have the object id ${JSON.stringify(objectId)}`);
  return uri;
}
