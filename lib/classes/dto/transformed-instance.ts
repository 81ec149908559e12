import type { Spend } from '../../arrays/memory.js';
import { NdArray } from '../../arrays/nd-array.js';
import type { AnyClass } from '../../objects/decorated-member.js';
import { configError } from '../../options/option-checks.js';
import { safeText } from '../../protocol/texts/safe-text.js';
import { isPlainObject, objectOf } from '../../serializers/contract/plain-object.js';
import { UnreadableError } from '../../serializers/contract/unreadable-error.js';
import { peerMap, peerSet } from '../../serializers/reading/peer-tables.js';
import { shortText } from '../../protocol/short-text.js';
import {
  emittedType,
  type NestedClass,
  type TransformedClass,
  transformedClass,
  type ValidatedMember,
  validatedMembers,
} from './dto-packages.js';
import { bytesOfCopies } from '../fields/checked-objects.js';
import { arrayTypeOf, type FindClass, isScalarClass, type ValueType } from '../fields/field-types.js';
import { inside, readTyped } from '../fields/field-values.js';
import { isOpaqueClass } from '../fields/opaque-values.js';
import { checkLengths, checkScalars, makesScalars } from './transformed-scalars.js';

/** Reads the value of a member; undefined when class-transformer reads it. */
export type MemberReader = (member: string) => ((value: object) => unknown) | undefined;

/** Replaces the value of a member that is ready. class-transformer does not change a value that is no object. */
const READY = Symbol('a value that is ready');

/**
 * Makes an instance with class-transformer, but only this instance: class-transformer would make the instances of nested classes without
 * the rules of these classes.
 *
 * @param given the received members, by their names on the wire
 * @param readerOf called for the members whose values are objects
 * @param spend of the read
 */
export function transformedInstance(
  transformed: TransformedClass,
  given: Record<string, unknown>,
  readerOf: MemberReader,
  spend: Spend,
): object {
  spend(bytesOfCopies(given));
  const ready = new Map<string, unknown>();
  const entries = Object.entries(given).map(([key, value]): [string, unknown] => {
    const member = transformed.memberOf(key);
    if (value === undefined || value === null) return [key, value];
    const isObject = typeof value === 'object';
    const hasTransform = transformed.hasTransform(member);
    // a @Transform reads bytes
    const read = isObject && !(hasTransform && Buffer.isBuffer(value)) ? readerOf(member) : undefined;
    const type = read === undefined ? transformed.typeOf(member, given) : undefined;
    const isScalar = makesScalars(type);
    if (isScalar && !isObject) checkScalars({ transformed, member, type }, value, spend);
    if (!isObject || (isScalar && !hasTransform)) return [key, value];
    // class-transformer copies objects member by member: arrays would lose their class, and the time grows with the square of the members
    const made = read === undefined ? value : inside(member, () => read(value));
    if (hasTransform) {
      if (holds(made, isArrayOfNumbers))
        throw new UnreadableError(`${member} has an array, and class-transformer cannot give one to @Transform`);
      return [key, made];
    }
    ready.set(member, read === undefined && Array.isArray(made) && transformed.isSet(member) ? peerSet(made, spend) : made);
    return [key, READY];
  });
  const plain = objectOf(entries);
  for (const [key, value] of entries) {
    if (typeof value !== 'object' || value === null) continue;
    const member = transformed.memberOf(key);
    // a @Type that chooses by a member which is ready may choose another class here
    const type = transformed.typeOf(member, plain);
    if (makesScalars(type)) checkScalars({ transformed, member, type }, value, spend);
    checkLengths({ transformed, member, type }, value);
  }
  const instance = transformed.make(plain) as Record<string, unknown>;
  // members with @Exclude are missing
  for (const [member, value] of ready) if (instance[member] === READY) instance[member] = value;
  return instance;
}

/** Reads the values of a member whose class is in `@Type`: one object, a list, a Set, or a Map of them. */
export function nestedReader(
  owner: AnyClass,
  member: string,
  nested: NestedClass,
  find: FindClass,
  spend: Spend,
): (value: object) => unknown {
  const emitted = emittedType(owner, member);
  const one = (value: unknown): unknown => {
    // the validators of a class do not see other items of a container
    if (value instanceof Map || value instanceof Set)
      throw new UnreadableError(`${member} of ${owner.name} is ${shortText(value)}, which the class does not expect there`);
    // class-validator refuses scalars; of other objects it would run the rules of their own class
    if (typeof value !== 'object' || value === null || nested.isInstance(value)) return value;
    const made = isPlainObject(value) ? nested.of(value) : undefined;
    if (made === undefined || isOpaqueClass(made.type)) throw notNested(`${member} of ${owner.name}`, value, nested.names);
    const { type, members } = made;
    return find(type)?.accept(members, spend) ?? unregisteredInstance(type, members, find, spend);
  };
  const items = (list: readonly unknown[]): unknown[] => list.map((item, index) => inside(index, () => listOrOne(item)));
  const listOrOne = (value: unknown): unknown => (Array.isArray(value) ? items(value) : one(value));
  return (value) => {
    if (emitted === Set && (Array.isArray(value) || value instanceof Set)) return peerSet(items([...value]), spend);
    // a dict with keys that are no texts is read as a Map
    const entries =
      value instanceof Map ? [...(value as Map<unknown, unknown>)] : isPlainObject(value) ? Object.entries(value) : undefined;
    if (emitted !== Map || entries === undefined) return listOrOne(value);
    const read = entries.map(([key, item]) => [key, inside(safeText(key), () => listOrOne(item))] as const);
    return peerMap(read, spend);
  };
}

/**
 * Makes an instance of a nested class that is not registered. The validators of the class run when the member has `@ValidateNested`.
 *
 * @throws {UnreadableError} on members without decorators, when others have decorators of class-validator
 */
function unregisteredInstance(type: AnyClass, given: Record<string, unknown>, find: FindClass, spend: Spend): object {
  const { validated, transformed, nested } = decorationsOf(type);
  const unknown = Object.keys(given).filter((key) => !validated.has(transformed.memberOf(key)));
  if (validated.size > 0 && unknown.length > 0)
    throw new UnreadableError(`${type.name} has no member ${unknown.slice(0, 5).map(shortText).join(', ')}`);
  const readArray = (member: string, value: unknown): unknown => {
    const array = arrayMember(type, member);
    return array === undefined || value === null ? value : readTyped(array, value, `${member} of ${type.name}`, spend);
  };
  const readerOf: MemberReader = (member) => {
    if (arrayMember(type, member) !== undefined) return (value) => readArray(member, value);
    const nestedClass = transformed.nestedClassOf(member, given);
    return nestedClass && nestedReader(type, member, nestedClass, find, spend);
  };
  const instance = transformedInstance(transformed, given, readerOf, spend) as Record<string, unknown>;
  // a text or number where an array is expected
  for (const member of Object.keys(instance))
    if (instance[member] !== undefined) instance[member] = inside(member, () => readArray(member, instance[member]));
  refuseUnvalidated(type.name, nested, instance, (member) => transformed.nestedClassOf(member, given), find);
  return instance;
}

/** A member whose values class-validator validates by the class of each value: `@ValidateNested`. */
export interface NestedMember {
  readonly name: string;
  /** The class that TypeScript emitted; undefined when it tells nothing of the values. */
  readonly type: AnyClass | undefined;
}

/** The members of a class with `@ValidateNested`. */
export function nestedMembersOf(owner: AnyClass, validated: ReadonlyMap<string, ValidatedMember>): NestedMember[] {
  return [...validated]
    .filter(([, { isNested }]) => isNested)
    .map(([name]) => {
      const emitted = emittedType(owner, name);
      const tellsNothing = typeof emitted !== 'function' || isScalarClass(emitted) || emitted === Map || emitted === Set;
      return { name, type: tellsNothing ? undefined : (emitted as AnyClass) };
    });
}

/**
 * Refuses members with `@ValidateNested` that hold objects which class-validator would validate by no rules, or by those of another class:
 * a `@Transform` may have made them.
 *
 * @param classOf tells the class in `@Type` of a member
 * @throws {PyroError} `CONFIG` on a plain object
 * @throws {UnreadableError} on an object of another class
 */
export function refuseUnvalidated(
  owner: string,
  members: readonly NestedMember[],
  instance: Record<string, unknown>,
  classOf: (member: string) => NestedClass | undefined,
  find: FindClass,
): void {
  for (const { name, type } of members) {
    const value = instance[name];
    if (typeof value !== 'object' || value === null) continue;
    if (holds(value, isPlainObject)) {
      throw configError(
        `${owner}.${name} has @ValidateNested, but no class is known for it; give it @Type(() => …) of class-transformer, or give the class @PyroClass`,
      );
    }
    const typed = classOf(name);
    const isMember = (item: object): boolean =>
      typed?.isInstance(item) ?? (type === undefined ? hasRules(item, find) : item instanceof type);
    const isForeign = (item: unknown): boolean => typeof item === 'object' && item !== null && !isMember(item);
    if (holds(value, isForeign))
      throw notNested(`${name} of ${owner}`, value, typed?.names ?? type?.name ?? 'a class with rules');
  }
}

/** True for an instance of a class that has rules of class-validator, or is registered: its rules have run then. */
function hasRules(value: object, find: FindClass): boolean {
  const type = (Object.getPrototypeOf(value) as object | null)?.constructor as AnyClass | undefined;
  return type !== undefined && (find(type) !== undefined || decorationsOf(type).validated.size > 0);
}

/** The error of an object of another class in a nested place. */
export function notNested(what: string, value: unknown, names: string): UnreadableError {
  return new UnreadableError(`${what} is ${shortText(value)}; it must be an object of ${names}`);
}

/** The type of a member that is an array, or a list of arrays. */
function arrayMember(type: AnyClass, member: string): ValueType | undefined {
  const { arrays, transformed } = decorationsOf(type);
  if (arrays.has(member)) return arrays.get(member);
  const emitted = emittedType(type, member);
  const given = transformed.typeOf(member);
  const item = arrayTypeOf(emitted) ?? arrayTypeOf(given);
  const array: ValueType | undefined = item !== undefined && emitted === Array ? { kind: 'list', item } : item;
  // a peer chooses the names of other members
  if (emitted !== undefined || given !== undefined) arrays.set(member, array);
  return array;
}

/** Decorations of classes that are not registered, by class: looking them up takes longer than making an instance. */
const decorations = new WeakMap<AnyClass, Decorations>();

interface Decorations {
  readonly validated: ReadonlyMap<string, ValidatedMember>;
  readonly transformed: TransformedClass;
  readonly nested: readonly NestedMember[];
  /** The types of members, filled when they are asked for. Undefined: the member is no array. */
  readonly arrays: Map<string, ValueType | undefined>;
}

/** The decorators of both packages on a class that need not be registered. */
export function decorationsOf(type: AnyClass): Decorations {
  let known = decorations.get(type);
  if (known === undefined) {
    const validated = validatedMembers(type);
    const transformed = transformedClass(type, [], true)!;
    known = { validated, transformed, nested: nestedMembersOf(type, validated), arrays: new Map() };
    decorations.set(type, known);
  }
  return known;
}

/** True when a value, or an item of it, is of a kind. Members of objects are not looked at. */
function holds(value: unknown, isKind: (item: unknown) => boolean): boolean {
  if (Array.isArray(value) || value instanceof Set) {
    for (const item of value as Iterable<unknown>) if (holds(item, isKind)) return true;
    return false;
  }
  if (value instanceof Map) {
    for (const item of value.values()) if (holds(item, isKind)) return true;
    return false;
  }
  return isKind(value);
}

function isArrayOfNumbers(value: unknown): boolean {
  if (value instanceof NdArray || (ArrayBuffer.isView(value) && !Buffer.isBuffer(value))) return true;
  const isInstance = typeof value === 'object' && value !== null && !ArrayBuffer.isView(value);
  return isInstance && Object.values(value).some((member) => holds(member, isArrayOfNumbers));
}
