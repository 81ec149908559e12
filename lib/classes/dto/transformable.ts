import type { Spend } from '../../arrays/memory.js';
import type { AnyClass } from '../../objects/decorated-member.js';
import { isPlainObject } from '../../serializers/contract/plain-object.js';
import { failedInside } from '../../serializers/contract/unreadable-error.js';
import { peerSet } from '../../serializers/reading/peer-tables.js';
import { emittedType, type TransformedClass } from './dto-packages.js';
import { isScalarClass } from '../fields/field-types.js';
import { decorationsOf, notNested } from './transformed-instance.js';
import { checkScalars, scalarsOf } from './transformed-scalars.js';

/** How a pipe calls class-transformer. */
export interface TransformUse {
  /** True with `enableImplicitConversion`: the types that TypeScript emitted count like `@Type`. */
  readonly isImplicit: boolean;
  /** Of the request. */
  readonly spend: Spend;
}

/**
 * Refuses a value that code outside of this package would hand to class-transformer, where class-transformer would take memory that no
 * limit knows, or make an object that the rules of the class do not see.
 *
 * @param type the class of which class-transformer makes an instance
 * @throws {UnreadableError} that names the member and its class
 */
export function checkTransformable(type: AnyClass, value: unknown, use: TransformUse): void {
  const { validated } = decorationsOf(type);
  if (typeof value === 'object' && value !== null && validated.size > 0 && isForeign(type, value))
    throw notNested('the value', value, type.name);
  checkMembersOf(type, value, use);
}

function checkMembersOf(type: AnyClass, value: unknown, use: TransformUse): void {
  if (Array.isArray(value) || value instanceof Set) {
    for (const item of value as Iterable<unknown>) checkMembersOf(type, item, use);
    return;
  }
  const { transformed, nested } = decorationsOf(type);
  if (!isPlainObject(value) || (transformed as TransformedClass | undefined) === undefined) return;
  for (const key of Object.keys(value)) {
    const member = transformed.memberOf(key);
    const given = value[key];
    if (given === null || given === undefined) continue;
    try {
      const isRuled = nested.some(({ name }) => name === member);
      checkMember({ type, transformed, member, isRuled }, given, use);
    } catch (error) {
      throw failedInside(error, member);
    }
  }
}

interface Member {
  readonly type: AnyClass;
  readonly transformed: TransformedClass;
  readonly member: string;
  /** True with `@ValidateNested`. */
  readonly isRuled: boolean;
}

function checkMember({ type, transformed, member, isRuled }: Member, value: unknown, use: TransformUse): void {
  const what = `${member} of ${type.name}`;
  const nested = transformed.nestedClassOf(member);
  if (nested !== undefined) {
    for (const item of leavesOf(value, transformed.isMap(member))) {
      if (typeof item !== 'object' || item === null || nested.isInstance(item)) continue;
      if (isPlainObject(item)) checkMembersOf(nested.of(item).type, item, use);
      else if (isRuled && !(item instanceof Map)) throw notNested(what, item, nested.names);
    }
    return;
  }
  const given = transformed.typeOf(member) ?? (use.isImplicit ? emittedType(type, member) : undefined);
  if (given === Array) {
    // class-transformer would set the length of a new Array
    for (const item of leavesOf(value, false))
      if (isPlainObject(item) && Object.hasOwn(item, 'length')) throw notNested(what, item, 'Array');
  } else if (isScalarClass(given) && given !== Object) {
    checkScalars(given, value, transformed.isMap(member), what);
    if (transformed.isSet(member) && Array.isArray(value)) peerSet(scalarsOf(given, value), use.spend);
  } else if (typeof given === 'function' && given !== Object) {
    checkMembersOf(given as AnyClass, value, use);
  }
}

/** The items of lists and Sets in each other, and the values of the dict of which class-transformer makes a Map. */
function* leavesOf(value: unknown, isMap: boolean): Generator<unknown> {
  const items =
    Array.isArray(value) || value instanceof Set ? value : isMap && isPlainObject(value) ? Object.values(value) : undefined;
  if (items === undefined) yield value;
  else for (const item of items as Iterable<unknown>) yield* leavesOf(item, false);
}

/** True for an object that is no instance of the class, and no dict or list of which class-transformer makes instances. */
function isForeign(type: AnyClass, value: object): boolean {
  if (Array.isArray(value) || value instanceof Set || value instanceof Map) return false;
  return !isPlainObject(value) && !(value instanceof type);
}
