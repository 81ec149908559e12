import { indexArrayBytes } from '../../serpent/costs/index-keys.js';
import type { ValueType } from './field-types.js';

/** Items of a list that count as one object: a rule with `each` looks at every item. */
export const ITEMS_PER_OBJECT = 64;

/**
 * Members of one dict that count as one further object. Twice as many members count as four objects, because class-transformer compares
 * each with all others.
 */
const MEMBERS = 128;

/** Characters of a text that count as one object: a rule with a regular expression looks at each. */
export const CHARACTERS_PER_OBJECT = 1_024;

/** Objects for which the members of one dict count, besides the dict. */
export function membersCount(members: number): number {
  return Math.floor((members / MEMBERS) ** 2);
}

/**
 * Number of the objects in a value, the value and its containers included: an estimate of the work of rules that check all of them. Each 64
 * items of lists, sets and maps count as one further object, and so do 1,024 characters of a text. Many members of one dict count with the square of their number. Elements of
 * bytes and typed arrays do not count, because rules do not look at them.
 *
 * @param most counting ends over this number, and the result is over it then
 */
export function objectsIn(value: unknown, most: number): number {
  if (typeof value === 'string') return Math.floor(value.length / CHARACTERS_PER_OBJECT);
  if (typeof value !== 'object' || value === null) return 0;
  if (ArrayBuffer.isView(value)) return 1;
  const items = itemsOf(value);
  const parts = items?.parts ?? Object.values(value);
  let count = 1 + (items === undefined ? membersCount((parts as unknown[]).length) : items.count / ITEMS_PER_OBJECT);
  for (const part of parts) {
    if (count > most) break;
    if (typeof part === 'object' || typeof part === 'string') count += objectsIn(part, most - count);
  }
  return count;
}

/** Copies of a dict that exist at the same time: two of class-transformer, in an instance and in plain data, and one of the application. */
const COPIES = 3;

/** Memory of the arrays that V8 makes for keys like array indices when an object is copied, in bytes. @param object its members do not count */
export function bytesOfCopies(object: object): number {
  return COPIES * indexArrayBytes(object);
}

/** The same for an object and all objects in it. */
export function bytesOfDeepCopies(value: unknown): number {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return 0;
  const parts = itemsOf(value)?.parts;
  let bytes = parts === undefined ? bytesOfCopies(value) : 0;
  for (const part of parts ?? Object.values(value)) bytes += bytesOfDeepCopies(part);
  return bytes;
}

function itemsOf(value: object): { count: number; parts: Iterable<unknown> } | undefined {
  if (Array.isArray(value)) return { count: value.length, parts: value as unknown[] };
  if (value instanceof Map) return { count: value.size, parts: value.values() as Iterable<unknown> };
  return value instanceof Set ? { count: value.size, parts: value as Set<unknown> } : undefined;
}

/** Number of the objects that rules check when a value of a type is read. @param most as in {@link objectsIn} */
export function countChecks(type: ValueType, value: unknown, most: number): number {
  if (type.kind === 'class') return type.described()?.countChecks(value, most) ?? 0;
  if (type.kind !== 'list' || !Array.isArray(value)) return 0;
  let count = 0;
  for (const item of value as unknown[]) {
    if (count > most) break;
    count += countChecks(type.item, item, most - count);
  }
  return count;
}
