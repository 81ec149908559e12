import type { DaemonSnapshot } from '../daemon/contract/snapshot.js';

/** The names of each object of a snapshot. */
export function namesByObject({ names }: Pick<DaemonSnapshot, 'names'>): Map<string, string[]> {
  const byObject = new Map<string, Set<string>>();
  for (const { objectId, name } of names) byObject.set(objectId, (byObject.get(objectId) ?? new Set()).add(name));
  return new Map([...byObject].map(([objectId, all]) => [objectId, [...all]]));
}
