import { UnreadableError } from '../../serializers/contract/unreadable-error.js';
import { isPlainObject } from '../../serializers/contract/plain-object.js';
import { shortText } from '../../protocol/short-text.js';
import { PyFloat } from '../../serpent/values.js';
import { expectedOf } from '../fields/field-types.js';

/**
 * Refuses a value that class-transformer must not get for a member with a scalar class in `@Type`. It calls the class with any value:
 * `Buffer.from({ length })` takes memory that no limit knows, `String(dict)` makes a text of a dict.
 *
 * Scalars pass, and lists and Sets of them. Objects and bytes of other types do not.
 *
 * @param isMap true for a member that TypeScript types with `Map`: class-transformer makes a Map of a dict
 * @param what names the value in the error: `data of Blob`
 * @throws {UnreadableError}
 */
export function checkScalars(type: unknown, value: unknown, isMap: boolean, what: string): void {
  const items = itemsOf(value, isMap);
  if (items === undefined) {
    if (!isScalarFor(type, value)) throw new UnreadableError(`${what} is ${shortText(value)}; it must be ${expectedOf(type)}`);
    return;
  }
  for (const item of items) checkScalars(type, item, false, what);
}

function itemsOf(value: unknown, isMap: boolean): Iterable<unknown> | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (Array.isArray(value) || value instanceof Set) return value as Iterable<unknown>;
  return isMap && isPlainObject(value) ? Object.values(value) : undefined;
}

function isScalarFor(type: unknown, value: unknown): boolean {
  if (value === null || value === undefined) return true;
  if (type === Buffer || type === Uint8Array) return value instanceof Uint8Array;
  // `new Date(1n)` throws
  if (type === Date && typeof value === 'bigint') return false;
  return typeof value !== 'object' || value instanceof Date || value instanceof PyFloat;
}

/** The items that class-transformer puts into a Set, as far as they can collide. */
export function scalarsOf(type: unknown, items: readonly unknown[]): unknown[] {
  return type === Number ? items.map(Number) : type === String ? items.map(String) : [];
}

/** True for a class in `@Type` that says nothing of the values. class-transformer would set the length of an Array to any number. */
export function isAnything(type: unknown): boolean {
  return type === Object || type === Array;
}
