import { NdArray } from '../arrays/nd-array.js';
import type { AnyClass } from '../objects/decorated-member.js';
import { UnreadableError } from '../serializers/contract/unreadable-error.js';
import { shortText } from '../serializers/objects/short-text.js';
import {
  emittedType,
  type NestedClass,
  type TransformedClass,
  transformedClass,
  type ValidatedMember,
  validatedMembers,
} from './dto-packages.js';
import { arrayTypeOf, type FindClass, type ValueType } from './field-types.js';
import { inside, readTyped } from './field-values.js';

/** Reads the value of a member; undefined when class-transformer reads it. */
export type MemberReader = (member: string) => ((value: object) => unknown) | undefined;

/** Stands for the value of a member that is ready. class-transformer lets every value pass that is no object. */
const READY = Symbol('a value that is ready');

/**
 * Makes an instance with class-transformer, but only this instance: class-transformer would make the instances of nested classes without
 * the rules of these classes.
 *
 * @param given the received members, by their names on the wire
 * @param readerOf called for the members whose values are objects
 */
export function transformedInstance(
  transformed: TransformedClass,
  given: Record<string, unknown>,
  readerOf: MemberReader,
): object {
  const ready = new Map<string, unknown>();
  const plain = Object.entries(given).map(([key, value]): [string, unknown] => {
    const member = transformed.memberOf(key);
    const read = typeof value === 'object' && value !== null ? readerOf(member) : undefined;
    // class-transformer would take an array apart
    if (read === undefined && !(value instanceof NdArray)) return [key, value];
    const made = read === undefined ? value : inside(member, () => read(value as object));
    // @Transform gets the value, of which class-transformer makes a copy
    if (transformed.hasTransform(member)) return [key, made];
    ready.set(member, made);
    return [key, READY];
  });
  const instance = transformed.make(Object.fromEntries(plain) as Record<string, unknown>) as Record<string, unknown>;
  // members with @Exclude are not there
  for (const [member, value] of ready) if (instance[member] === READY) instance[member] = value;
  return instance;
}

/** Reads the values of a member whose class is in `@Type`: one object, a list, a Set, or a Map of them. */
export function nestedReader(owner: AnyClass, member: string, nested: NestedClass, find: FindClass): (value: object) => unknown {
  const emitted = emittedType(owner, member);
  const one = (value: unknown): unknown => {
    if (!isPlainObject(value)) return value;
    const { type, members } = nested.of(value);
    return find(type)?.accept(members) ?? unregisteredInstance(type, members, find);
  };
  const items = (list: readonly unknown[]): unknown[] =>
    list.map((item, index) => inside(index, () => (Array.isArray(item) ? items(item) : one(item))));
  return (value) => {
    if (Array.isArray(value)) return emitted === Set ? new Set(items(value)) : items(value);
    if (emitted !== Map || !isPlainObject(value)) return one(value);
    return new Map(Object.entries(value).map(([key, item]) => [key, inside(key, () => one(item))]));
  };
}

/**
 * An instance of a nested class that is not registered. The validators of the class run when the member has `@ValidateNested`.
 *
 * @throws {UnreadableError} on members without decorators, when others have decorators of class-validator
 */
function unregisteredInstance(type: AnyClass, given: Record<string, unknown>, find: FindClass): object {
  const { validated, transformed } = decorationsOf(type);
  const unknown = Object.keys(given).filter((key) => !validated.has(transformed.memberOf(key)));
  if (validated.size > 0 && unknown.length > 0)
    throw new UnreadableError(`${type.name} has no member ${unknown.slice(0, 5).map(shortText).join(', ')}`);
  const readArray = (member: string, value: unknown): unknown => {
    const array = arrayMember(type, member);
    return array === undefined || value === null ? value : readTyped(array, value, `${member} of ${type.name}`);
  };
  const instance = transformedInstance(transformed, given, (member) => {
    if (arrayMember(type, member) !== undefined) return (value) => readArray(member, value);
    const nested = transformed.nestedClassOf(member);
    return nested && nestedReader(type, member, nested, find);
  }) as Record<string, unknown>;
  // a text or number in the place of an array
  for (const member of Object.keys(instance))
    if (instance[member] !== undefined) instance[member] = inside(member, () => readArray(member, instance[member]));
  return instance;
}

/** The type of a member that is an array, or a list of arrays. */
function arrayMember(type: AnyClass, member: string): ValueType | undefined {
  const { arrays, transformed } = decorationsOf(type);
  if (!arrays.has(member)) {
    const emitted = emittedType(type, member);
    const item = arrayTypeOf(emitted) ?? arrayTypeOf(transformed.typeOf(member));
    arrays.set(member, item !== undefined && emitted === Array ? { kind: 'list', item } : item);
  }
  return arrays.get(member);
}

/** Decorations of classes that are not registered, by class: looking them up takes longer than making an instance. */
const decorations = new WeakMap<AnyClass, Decorations>();

interface Decorations {
  readonly validated: ReadonlyMap<string, ValidatedMember>;
  readonly transformed: TransformedClass;
  /** By member, as they are asked for. Undefined: the member is no array. */
  readonly arrays: Map<string, ValueType | undefined>;
}

function decorationsOf(type: AnyClass): Decorations {
  let known = decorations.get(type);
  if (known === undefined) {
    known = { validated: validatedMembers(type), transformed: transformedClass(type, [], true)!, arrays: new Map() };
    decorations.set(type, known);
  }
  return known;
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
