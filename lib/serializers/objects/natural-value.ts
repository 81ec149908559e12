import type { Spend } from '../../arrays/memory.js';
import { isLongText } from '../../serpent/costs/hash-collisions.js';
import { PyFloat } from '../../serpent/index.js';
import { objectOf } from '../contract/plain-object.js';
import { peerMap } from '../reading/peer-tables.js';

/**
 * The natural form of a value that was read in faithful mode: numbers for floats, Arrays for tuples, plain objects for dicts with strings
 * as keys, unless one is a {@link isLongText}. Other values are the same in both modes. A value without floats, tuples and dicts is returned unchanged.
 *
 * A peer can choose floats that collide as numbers; as keys of faithful dicts they are objects, which do not.
 */
export function naturalValue(value: unknown, spend: Spend): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof PyFloat) return value.value;
  if (Array.isArray(value)) return Array.from(value as unknown[], (item) => naturalValue(item, spend));
  if (!(value instanceof Map)) return value;
  const entries = Array.from(value, ([key, item]) => [naturalValue(key, spend), naturalValue(item, spend)] as const);
  const isRecord = entries.every(([key]) => typeof key === 'string' && key !== '__proto__' && !isLongText(key));
  return isRecord ? objectOf(entries as [string, unknown][]) : peerMap(entries, spend);
}
