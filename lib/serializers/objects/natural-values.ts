import { objectOf } from '../contract/plain-object.js';
import { PyFloat } from '../../serpent/index.js';

/**
 * The natural form of a value that was read in faithful mode: numbers for floats, Arrays for tuples, plain objects for dicts with strings
 * as keys. Other values are the same in both modes. A value without floats, tuples and dicts is returned unchanged.
 */
export function naturalOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof PyFloat) return value.value;
  if (Array.isArray(value)) return Array.from(value as unknown[], naturalOf);
  if (!(value instanceof Map)) return value;
  const entries = [...(value as Map<unknown, unknown>)].map(([key, item]) => [naturalOf(key), naturalOf(item)] as const);
  const isRecord = entries.every(([key]) => typeof key === 'string' && key !== '__proto__');
  return isRecord ? objectOf(entries as [string, unknown][]) : new Map(entries);
}
