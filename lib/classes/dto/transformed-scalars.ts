import type { Spend } from '../../arrays/memory.js';
import { UnreadableError } from '../../serializers/contract/unreadable-error.js';
import { isPlainObject } from '../../serializers/contract/plain-object.js';
import { shortText } from '../../protocol/short-text.js';
import { PyFloat } from '../../serpent/values/values.js';
import { peerSet } from '../../serializers/reading/peer-tables.js';
import { expectedOf, isScalarClass } from '../fields/field-types.js';
import type { TransformedClass } from './dto-packages.js';

/** A member for which class-transformer calls a class. */
interface TypedMember {
  readonly transformed: TransformedClass;
  readonly member: string;
  /** `Number`, `Buffer`, `Array`. */
  readonly type: unknown;
}

/**
 * Refuses a value that class-transformer must not get for a member with a scalar class in `@Type`. It calls the class with any value:
 * `Buffer.from({ length })` takes memory that no limit knows, `String(dict)` makes a text of a dict.
 *
 * Scalars pass, and lists and Sets of them. Objects and bytes of other types do not, except where `@Transform` reads them and the class
 * takes no memory.
 *
 * @throws {UnreadableError} that names the member, or on items of a Set that collide
 */
export function checkScalars({ transformed, member, type }: TypedMember, value: unknown, spend: Spend): void {
  if (isBytes(type) || !transformed.hasTransform(member)) {
    for (const item of leavesOf(value, transformed.isMap(member)))
      if (!isScalarFor(type, item))
        throw new UnreadableError(`${member} of ${transformed.name} is ${shortText(item)}; it must be ${expectedOf(type)}`);
  }
  if (transformed.isSet(member) && Array.isArray(value)) peerSet(scalarsOf(type, value), spend);
}

/**
 * Refuses a dict with a length for a member with `@Type(() => Array)`: class-transformer would set the length of a new Array.
 *
 * @throws {UnreadableError} that names the member
 */
export function checkLengths({ transformed, member, type }: TypedMember, value: unknown): void {
  if (type !== Array) return;
  for (const item of leavesOf(value, false))
    if (isPlainObject(item) && Object.hasOwn(item, 'length'))
      throw new UnreadableError(`${member} of ${transformed.name} is ${shortText(item)}; it must be a list`);
}

/** The items of lists and Sets in each other. @param isMap true where class-transformer makes a Map of a dict: its values count as items */
export function* leavesOf(value: unknown, isMap: boolean): Generator<unknown> {
  const items =
    Array.isArray(value) || value instanceof Set ? value : isMap && isPlainObject(value) ? Object.values(value) : undefined;
  if (items === undefined) yield value;
  else for (const item of items as Iterable<unknown>) yield* leavesOf(item, false);
}

function isBytes(type: unknown): boolean {
  return type === Buffer || type === Uint8Array;
}

function isScalarFor(type: unknown, value: unknown): boolean {
  if (value === null || value === undefined) return true;
  if (isBytes(type)) return value instanceof Uint8Array;
  // `new Date(1n)` throws
  if (type === Date && typeof value === 'bigint') return false;
  return typeof value !== 'object' || value instanceof Date || value instanceof PyFloat;
}

/** The items that class-transformer puts into a Set, as far as they can collide. */
function scalarsOf(type: unknown, items: readonly unknown[]): unknown[] {
  return type === Number ? items.map(Number) : type === String ? items.map(String) : [];
}

/** True for a class with which class-transformer makes scalars. `Object` and `Array` say nothing of the values. */
export function makesScalars(type: unknown): boolean {
  return isScalarClass(type) && type !== Object && type !== Array;
}
