import type { Spend } from '../../arrays/memory.js';
import type { AnyClass } from '../../objects/decorated-member.js';
import { shortText } from '../../protocol/short-text.js';
import { isLongText, LONGEST_HASHED_TEXT } from '../../serpent/costs/hash-collisions.js';
import { isPlainObject } from '../../serializers/contract/plain-object.js';
import { failedInside, UnreadableError } from '../../serializers/contract/unreadable-error.js';
import { emittedType, type TransformedClass } from './dto-packages.js';
import { isOpaque } from '../fields/opaque-values.js';
import { decorationsOf, notNested } from './transformed-instance.js';
import { checkLengths, checkScalars, leavesOf, makesScalars } from './transformed-scalars.js';

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
  if (typeof value === 'object' && value !== null && validated.size > 0 && isForeign((each) => each instanceof type, value))
    throw notNested('the value', value, type.name);
  checkMembersOf(type, value, use);
}

/** @param told the class of which class-transformer makes an instance; undefined where it takes the own class of each object */
function checkMembersOf(told: AnyClass | undefined, value: unknown, use: TransformUse): void {
  for (const object of leavesOf(value, false)) {
    if (typeof object !== 'object' || object === null || isWhole(object)) continue;
    if (object instanceof Map) throw lostValues(object);
    const type = told ?? ((Object.getPrototypeOf(object) as object | null)?.constructor as AnyClass | undefined) ?? Object;
    const { transformed, nested } = decorationsOf(type);
    if ((transformed as TransformedClass | undefined) === undefined) return;
    for (const [key, given] of Object.entries(object)) {
      const member = transformed.memberOf(key);
      if (given === null || given === undefined) continue;
      try {
        const isValidated = nested.some(({ name }) => name === member);
        checkMember({ type, transformed, object, member, isValidated }, given, use);
      } catch (error) {
        throw failedInside(error, member);
      }
    }
  }
}

/** True for an object without members that class-transformer could copy. The attributes of an error are members. */
function isWhole(object: object): boolean {
  return ArrayBuffer.isView(object) || (!(object instanceof Map) && isOpaque(object) && !(object instanceof Error));
}

/** The error of a dict that is a Map: class-transformer would keep the keys, and lose the values without a word. */
function lostValues(dict: ReadonlyMap<unknown, unknown>): UnreadableError {
  const key = [...dict.keys()].find((each) => typeof each !== 'string' || each === '__proto__' || isLongText(each));
  return new UnreadableError(
    `a dict has the key ${shortText(key)}, and class-transformer would lose its values; ` +
      `use texts of at most ${LONGEST_HASHED_TEXT} characters as keys, or give the member @Transform`,
  );
}

interface TransformedMember {
  readonly type: AnyClass;
  readonly transformed: TransformedClass;
  /** Whose member it is. */
  readonly object: object;
  readonly member: string;
  /** True with `@ValidateNested`. */
  readonly isValidated: boolean;
}

function checkMember(about: TransformedMember, value: unknown, use: TransformUse): void {
  const { type, transformed, object, member } = about;
  const what = `${member} of ${type.name}`;
  if (value instanceof Map && transformed.isMap(member) && !transformed.hasTransform(member)) throw lostValues(value);
  const nested = transformed.nestedClassOf(member, object);
  if (nested !== undefined) {
    // a @Transform may read what it gets, but the rules must see an instance
    const mayBeForeign = transformed.hasTransform(member) && !about.isValidated;
    for (const item of leavesOf(value, transformed.isMap(member))) {
      if (typeof item !== 'object' || item === null) continue;
      // class-transformer would leave it a Map, which the rules of the class do not see
      if (!mayBeForeign && item instanceof Map) throw notNested(what, item, nested.names);
      if (!mayBeForeign && isForeign((each) => nested.isInstance(each), item)) throw notNested(what, item, nested.names);
      checkMembersOf(nested.of(item).type, item, use);
    }
    return;
  }
  const given = transformed.typeOf(member, object) ?? (use.isImplicit ? emittedType(type, member) : undefined);
  if (makesScalars(given)) return checkScalars({ transformed, member, type: given }, value, use.spend);
  checkLengths({ transformed, member, type: given }, value);
  // the function of @Transform gets what was received, too
  if (transformed.hasTransform(member) && value instanceof Map) return;
  checkMembersOf(typeof given === 'function' ? (given as AnyClass) : undefined, value, use);
}

/** True for an object that is no instance of the class, and no dict or list of which class-transformer makes instances. */
function isForeign(isInstance: (value: unknown) => boolean, value: object): boolean {
  if (Array.isArray(value) || value instanceof Set || value instanceof Map) return false;
  return !isPlainObject(value) && !isInstance(value);
}
