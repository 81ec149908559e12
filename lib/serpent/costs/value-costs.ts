import type { HashCollisions } from './hash-collisions.js';

/**
 * The memory that one read may take. A reader adds the estimated cost of each part of a value to `spentBytes`, and fails once it is
 * over `limitBytes`, unless the budget grows.
 */
export interface ReadBudget {
  spentBytes: number;
  readonly limitBytes: number;
  /** Called when `spentBytes` is over `limitBytes`. True: the limit was raised over `spentBytes`. */
  grow?(): boolean;
  /** The limit on colliding keys of the read, once there are tables to check. See {@link collisionsOf} in hash-collisions.ts. */
  collisions?: HashCollisions | undefined;
  /** Bytes of the message, once a reader has begun with it: the limit on colliding keys depends on them. */
  messageBytes?: number | undefined;
  /** Bytes of the message on the wire, where it came compressed. The limit on colliding keys depends on the lesser of both. */
  wireBytes?: number | undefined;
}

/**
 * Memory of the parts of a value in the heap of V8, in bytes, on 64-bit machines. `npm run cost` compares these figures with the heap, over
 * many shapes: the estimate of a value is within a factor of two.
 */
export const COSTS = {
  /** An Array without items, and a plain object with up to four members. */
  emptyList: 32,
  dict: 56,
  /** An Array with room for one item, and the room for each further item. */
  list: 56,
  slot: 8,
  /** A Map or Set with room for four entries, and the room for each further entry. */
  map: 184,
  mapEntry: 28,
  set: 152,
  setMember: 20,
  /** A number that is no int of 32 bits, outside of a list of numbers. */
  number: 16,
  /** A string of two characters or more, or of one over U+00FF, without its characters. Other strings are shared. */
  string: 24,
  /** A Buffer, without its bytes. */
  bytes: 140,
  /** A bigint, without its digits. */
  bigint: 24,
  /** Instances of the classes that faithful mode makes. */
  float: 48,
  complex: 80,
  tuple: 80,
  /**
   * A member whose name has not followed the members before it in this read: V8 makes a hidden class for it. The characters of the name are
   * counted separately.
   */
  newMember: 75,
  /** The hash table for members of a plain object that look like array indices: with the first member, and for each further member. */
  indexTable: 200,
  indexMember: 50,
} as const;

/** Members for which V8 makes room in an empty plain object. */
export const ROOMY_MEMBERS = 4;

/** A plain object with this number of members becomes a hash table. */
export const TABLE_MEMBERS = 20;
/** The cost of becoming a hash table, and of each further member. */
export const TABLE_COST = 680;
export const TABLE_MEMBER_COST = 55;

/** A plain object, besides the members over {@link TABLE_MEMBERS}. */
export function dictCost(members: number): number {
  if (members >= TABLE_MEMBERS) return COSTS.dict + TABLE_COST;
  return members > ROOMY_MEMBERS ? COSTS.dict + (members - ROOMY_MEMBERS) * COSTS.slot : COSTS.dict;
}

/**
 * Begins a list of numbers.
 *
 * V8 holds such a list in 8 bytes for each number; other lists take 24. It chooses the kind of a list by the lists that the same literal in
 * the source made before: 20 lists to which an application pushed a text would make all later lists take 24. So the list of the literal goes
 * to nobody. V8 does not remember where a copy was made.
 */
export function numberList(first: number): number[] {
  return [first].slice();
}

/** V8's room for items after a push to an Array that is full. */
export function grownCapacity(capacity: number): number {
  return capacity + 1 + ((capacity + 1) >> 1) + 16;
}

/** V8's room for items in an Array that was filled by pushes after its first item. */
export function capacityOf(length: number): number {
  let capacity = 1;
  while (capacity < length) capacity = grownCapacity(capacity);
  return capacity;
}

const LAST_SHARED_CODE = 0xff;
const WIDE = /[\u0100-\uffff]/;

/** True for a text that V8 keeps with two bytes for each character: one character over U+00FF is enough. */
export function isWide(text: string): boolean {
  return WIDE.test(text);
}

/** True for a text of one character that V8 does not share. */
export function isOwnCharacter(text: string): boolean {
  return text.length === 1 && text.charCodeAt(0) > LAST_SHARED_CODE;
}

/** True for numbers that V8 keeps in place of a reference: ints of 32 bits. Minus zero is no such int, but counting it as one is harmless. */
export function isSmallInt(value: number): boolean {
  return value === (value | 0);
}
