import type { Spend } from '../../arrays/memory.js';
import type { NdArray } from '../../arrays/nd-array.js';
import type { AnyClass } from '../../objects/decorated-member.js';
import { configError } from '../../options/option-checks.js';
import { optionText } from '../../protocol/texts/safe-text.js';
import { type ArrayConverter, arrayConverterOf } from './array-conversion.js';

/** Python's types that a member of a class, or an argument, can have by name. `number` is an int or a float, `any` is not checked. */
export type ScalarType =
  | 'any'
  | 'str'
  | 'int'
  | 'float'
  | 'number'
  | 'bool'
  | 'bytes'
  | 'datetime'
  | 'date'
  | 'time'
  | 'timedelta'
  | 'Decimal'
  | 'UUID'
  | 'Path';

/** The description of the values of each type, in errors. */
export const EXPECTED: Readonly<Record<ScalarType, string>> = {
  any: 'anything',
  str: 'a str',
  int: 'an int',
  float: 'a float',
  number: 'a number',
  bool: 'a bool',
  bytes: 'bytes',
  datetime: 'a datetime, as text in the form of isoformat()',
  date: 'a date, as text in the form of isoformat()',
  time: 'a time, as text in the form of isoformat()',
  timedelta: 'a timedelta, as a number of seconds',
  Decimal: 'a Decimal, as text',
  UUID: 'a UUID, as text',
  Path: 'a Path, as text',
};

const TYPES = `a type is one of ${Object.keys(EXPECTED).join(', ')}, the Python name of a registered class, a class, an enum, or a list of one type: [Point]`;

/** An enum of TypeScript, or an object of this form. */
export type EnumObject = Readonly<Record<string, string | number>>;

/**
 * The type of a member or of an argument. It is the name of a Python type, the Python name of a registered class (`lab.Point`), a class, an
 * enum, `NdArray`, or a typed array. A list of a type is written `[Point]`.
 *
 * `Number`, `String`, `Boolean`, `BigInt`, `Date` and `Buffer` stand for number, str, bool, int, datetime and bytes.
 */
export type FieldType = ScalarType | (string & {}) | AnyClass | typeof NdArray | EnumObject | readonly [FieldType];

/** A class that is described by its fields. */
export interface DescribedClass {
  readonly name: string;
  /**
   * Makes an instance of the class from an instance, or from the plain dict of its members.
   *
   * @param spend called with the memory of arrays that are converted
   * @throws {UnreadableError} on another value
   */
  accept(value: unknown, spend: Spend): object;
  /** True when instances have arrays as members, or in members of registered classes. @param asked classes that are being asked */
  holdsArrays(asked?: Set<DescribedClass>): boolean;
  /** Number of objects in a value that rules check when {@link accept} makes an instance of it; it need not count further than `most`. */
  countChecks(value: unknown, most: number): number;
  /** True when rules check instances of the class, or of a class among its members. @param seen the classes that were asked before */
  reachesRules(seen: Set<DescribedClass>): boolean;
  /** The members that travel. */
  membersOf(value: object): Record<string, unknown>;
}

/** A type in its parts. */
export type ValueType =
  | { readonly kind: 'scalar'; readonly scalar: ScalarType }
  | { readonly kind: 'enum'; readonly object: EnumObject }
  | { readonly kind: 'list'; readonly item: ValueType }
  /** An `NdArray`, or a typed array. */
  | { readonly kind: 'array'; readonly type: AnyClass; readonly convert: ArrayConverter }
  /** `described` is called when the first value is read, because classes may name each other. Undefined: the class is not registered. */
  | { readonly kind: 'class'; readonly type: AnyClass | string; readonly described: () => DescribedClass | undefined };

/** Finds registered classes, by class or Python name. */
export type FindClass = (type: AnyClass | string) => DescribedClass | undefined;

export const ANY: ValueType = { kind: 'scalar', scalar: 'any' };

const SCALAR_OF_CLASS: ReadonlyMap<unknown, ScalarType> = new Map<unknown, ScalarType>([
  [Number, 'number'],
  [String, 'str'],
  [Boolean, 'bool'],
  [BigInt, 'int'],
  [Date, 'datetime'],
  [Buffer, 'bytes'],
  [Uint8Array, 'bytes'],
  [Object, 'any'],
  [Array, 'any'],
]);

/**
 * Reads the option of a type.
 *
 * @param where stands before the error: `registerClass: lab.Point.x`
 * @throws {PyroError} `CONFIG` on a value that is no type
 */
export function valueTypeOf(type: unknown, where: string, find: FindClass): ValueType {
  if (typeof type === 'string') {
    if (isScalarType(type)) return { kind: 'scalar', scalar: type };
    if (type.includes('.')) return { kind: 'class', type, described: () => found(type, where, find) };
    throw configError(`${where} is the text "${type}"; ${TYPES}`);
  }
  const scalar = SCALAR_OF_CLASS.get(type);
  if (scalar !== undefined) return { kind: 'scalar', scalar };
  const array = arrayTypeOf(type);
  if (array !== undefined) return array;
  if (typeof type === 'function') return classType(type as AnyClass, where, find);
  if (Array.isArray(type) && type.length === 1) {
    return { kind: 'list', item: valueTypeOf((type as unknown[])[0], where, find) };
  }
  if (isEnum(type)) return { kind: 'enum', object: type };
  if (type === undefined)
    throw configError(`${where} has no type; a class that is used before it is defined is given by its Python name: 'lab.Point'`);
  throw configError(`${where} is ${optionText(type)}; ${TYPES}`);
}

/** The type `NdArray` or a typed array; undefined for other types. Uint8Array is bytes. */
export function arrayTypeOf(type: unknown): (ValueType & { kind: 'array' }) | undefined {
  const convert = isScalarClass(type) ? undefined : arrayConverterOf(type);
  return convert && { kind: 'array', type: type as AnyClass, convert };
}

/** True for a class of a scalar type: `Number`, `Date`. */
export function isScalarClass(type: unknown): boolean {
  return SCALAR_OF_CLASS.has(type);
}

/** The description of the values of a scalar class, in errors: `a number`. */
export function expectedOf(type: unknown): string {
  return EXPECTED[SCALAR_OF_CLASS.get(type) ?? 'any'];
}

/** True when values of a type are instances of a class, arrays, or lists of them. */
export function holdsInstances(type: ValueType): boolean {
  return type.kind === 'list' ? holdsInstances(type.item) : type.kind === 'class' || type.kind === 'array';
}

/** True when values of a type are arrays, or have arrays in them. @param asked classes that are being asked */
export function holdsArrays(type: ValueType, asked: Set<DescribedClass>): boolean {
  if (type.kind === 'list') return holdsArrays(type.item, asked);
  return type.kind === 'array' || (type.kind === 'class' && type.described()?.holdsArrays(asked) === true);
}

/** The values of an enum. Enums of numbers have their names as values, too. */
export function enumValues(object: EnumObject): (string | number)[] {
  return enumEntries(object).map(([, value]) => value);
}

/** True for a value of an enum. A list may have a million of them: the values of an enum are looked up once. */
export function isEnumValue(object: EnumObject, value: unknown): boolean {
  let values = valuesOfEnums.get(object);
  if (values === undefined) valuesOfEnums.set(object, (values = new Set<unknown>(enumValues(object))));
  return values.has(value);
}

const valuesOfEnums = new WeakMap<EnumObject, ReadonlySet<unknown>>();

/** The members of an enum. */
export function enumEntries(object: EnumObject): [string, string | number][] {
  return Object.entries(object).filter(([name]) => String(Number(name)) !== name);
}

function classType(type: AnyClass, where: string, find: FindClass): ValueType {
  return { kind: 'class', type, described: () => found(type, where, find) };
}

function found(type: AnyClass | string, where: string, find: FindClass): DescribedClass {
  const described = find(type);
  if (described !== undefined) return described;
  const name = typeof type === 'string' ? type : type.name;
  throw configError(`${where}: ${name} is no registered class; give it @PyroClass(…), or registerClass with fields`);
}

function isScalarType(text: string): text is ScalarType {
  return Object.hasOwn(EXPECTED, text);
}

function isEnum(value: unknown): value is EnumObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const members = Object.values(value);
  return members.length > 0 && members.every((member) => typeof member === 'string' || typeof member === 'number');
}
