import type { Spend } from '../../arrays/memory.js';
import { collisionsOf, type HashCollisions, longKeysReason } from '../../serpent/costs/hash-collisions.js';
import { UnreadableError } from '../contract/unreadable-error.js';

/** The limits on colliding keys of what no budget counts, by the function that counts the memory. */
const unbudgeted = new WeakMap<Spend, HashCollisions>();

/**
 * Makes a Set of values that a peer chose.
 *
 * @param spend of the read: all tables that it makes share one limit on colliding keys
 * @throws {UnreadableError} when so many values collide that they were made for it
 */
export function peerSet(values: Iterable<unknown>, spend: Spend): Set<unknown> {
  const collisions = sharedBy(spend);
  const set = new Set<unknown>();
  for (const value of values) {
    if (!collisions.admits(set, value, !set.has(value))) throw collidingKeys(value);
    set.add(value);
  }
  return set;
}

/** Makes a Map with keys that a peer chose. Parameters and errors are those of {@link peerSet}. */
export function peerMap(entries: Iterable<readonly [unknown, unknown]>, spend: Spend): Map<unknown, unknown> {
  const collisions = sharedBy(spend);
  const map = new Map<unknown, unknown>();
  for (const [key, value] of entries) {
    if (!collisions.admits(map, key, !map.has(key))) throw collidingKeys(key);
    map.set(key, value);
  }
  return map;
}

export function collidingKeys(key: unknown): UnreadableError {
  return new UnreadableError(longKeysReason(key) ?? 'keys collide so often that they were made for it');
}

function sharedBy(spend: Spend): HashCollisions {
  if (spend.budget !== undefined) return collisionsOf(spend.budget);
  let collisions = unbudgeted.get(spend);
  if (collisions === undefined) unbudgeted.set(spend, (collisions = collisionsOf({})));
  return collisions;
}
