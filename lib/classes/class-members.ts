import type { AnyClass } from '../objects/decorated-member.js';
import {
  emittedType,
  type TransformedClass,
  transformedClass,
  type ValidatedMember,
  validatedMembers,
} from './dto/dto-packages.js';
import { isRegisteredEnum } from './fields/enums.js';
import {
  ANY,
  arrayTypeOf,
  type EnumObject,
  type FieldType,
  type FindClass,
  isScalarClass,
  type ValueType,
  valueTypeOf,
} from './fields/field-types.js';
import type { GivenField } from './fields/given-fields.js';
import { type NestedMember, nestedMembersOf } from './dto/transformed-instance.js';

/** A member of a described class. */
export interface ClassField {
  readonly name: string;
  readonly isOptional: boolean;
  readonly type: ValueType;
  /** The type comes from a rule of class-validator, which refuses other values with its own text. */
  readonly isRuled?: boolean;
  /** Only `@Type(() => Item)` tells the class, which may also be that of the items of a list. */
  readonly mayBeList?: boolean;
}

/** A class whose members are looked up. */
export interface ClassSource {
  readonly type: AnyClass;
  /** Name of the Python class. */
  readonly name: string;
  /** The members that the options give. Undefined: those with decorators of class-validator. */
  readonly own: readonly GivenField[] | undefined;
  readonly isValidated: boolean;
  /** Whether class-transformer may make the instances. */
  readonly mayBeTransformed: boolean;
  /** The fields of the nearest registered class that the class extends. */
  readonly inherited: readonly ClassField[];
}

/** The members of a class that travel, and what the decorators of both packages say of them. */
export interface ClassMembers {
  readonly fields: readonly ClassField[];
  readonly byName: ReadonlyMap<string, ClassField>;
  readonly wireNames: ReadonlySet<string>;
  /** Members with `@ValidateNested`. */
  readonly nestedMembers: readonly NestedMember[];
  /** Undefined: class-transformer knows nothing of the class. */
  readonly transformed: TransformedClass | undefined;
}

/** Looks the members of a class up: in its options, in decorators, and in the types that TypeScript emitted. */
export function lookUpMembers(source: ClassSource, find: FindClass): ClassMembers {
  const { type, name: className, own: given, isValidated, mayBeTransformed, inherited } = source;
  const validated = isValidated ? validatedMembers(type) : new Map<string, ValidatedMember>();
  const declared = given ?? [...validated].map(([name, { isOptional }]) => ({ name, isOptional, type: undefined }));
  const names = declared.map(({ name }) => name);
  const transformed = mayBeTransformed ? transformedClass(type, names) : undefined;
  const own = declared.map(({ name, isOptional, type: told }): ClassField => {
    if (told !== undefined) return { name, isOptional, type: told };
    const ruled = typeOfRules(validated.get(name), `${className}.${name}`, find);
    if (ruled !== undefined) return { name, isOptional, type: ruled, isRuled: true };
    const mayBeList = [undefined, Object].includes(emittedType(type, name) as undefined);
    return { name, isOptional, type: emittedField(type, name, `${className}.${name}`, transformed, find), mayBeList };
  });
  const fields = [...inherited.filter(({ name }) => !names.includes(name)), ...own];
  const byName = new Map(fields.map((field) => [field.name, field]));
  const wireNames = new Set([...byName.keys(), ...(transformed?.renamed.values() ?? [])]);
  const nestedMembers = nestedMembersOf(type, validated);
  return { fields, byName, wireNames, nestedMembers, transformed };
}

/** The type of a received value of a member. */
export function typeFor({ type, mayBeList }: ClassField, value: unknown): ValueType {
  const isList = mayBeList && type.kind === 'class' && Array.isArray(value) && value.every((item) => typeof item === 'object');
  return isList ? { kind: 'list', item: type } : type;
}

/** The type that rules of class-validator tell. An enum counts if it is registered: the values of others travel as they are. */
function typeOfRules(member: ValidatedMember | undefined, where: string, find: FindClass): ValueType | undefined {
  const told = member?.type;
  const item = Array.isArray(told) ? (told[0] as FieldType) : told;
  const isUnregistered = typeof item === 'object' && !isRegisteredEnum(item as EnumObject);
  return told === undefined || isUnregistered ? undefined : valueTypeOf(told, where, find);
}

/** The type of a member that TypeScript emitted. An array says its items only by class-transformer's `@Type`. */
function emittedField(
  owner: AnyClass,
  name: string,
  where: string,
  transformed: TransformedClass | undefined,
  find: FindClass,
): ValueType {
  const emitted = emittedType(owner, name);
  const isList = emitted === Array;
  const ofTransformer = transformed?.typeOf(name);
  // Object is emitted for unions
  const type = isList || emitted === Object ? ofTransformer : (emitted ?? ofTransformer);
  if (typeof type !== 'function') return ANY;
  const isKnown = isScalarClass(type) || arrayTypeOf(type) !== undefined || find(type as AnyClass) !== undefined;
  if (!isKnown) return ANY;
  const item = valueTypeOf(type, where, find);
  return isList ? { kind: 'list', item } : item;
}

/**
 * The function that makes instances without arguments. A constructor without parameters runs: it sets defaults and #private fields. A
 * constructor with parameters does not run, because there are no arguments for it.
 */
export function creatorOf(type: AnyClass): () => object {
  if (takesParameters(type)) return () => Object.create(type.prototype as object) as object;
  return () => new (type as unknown as new () => object)();
}

/** True when a constructor of a class, or of a class that it extends, takes parameters without defaults. */
function takesParameters(type: AnyClass): boolean {
  for (let each: unknown = type; typeof each === 'function'; each = Object.getPrototypeOf(each)) if (each.length > 0) return true;
  return false;
}
