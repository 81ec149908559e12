import type { Spend } from '../../arrays/memory.js';
import { safeText } from '../../protocol/texts/safe-text.js';
import { PyFloat, pyFloat } from '../../serpent/values/values.js';
import { failedInside, UnreadableError } from '../../serializers/contract/unreadable-error.js';
import { naturalValue } from '../../serializers/objects/natural-value.js';
import { foundText } from '../../protocol/short-text.js';
import { isDateText, isTimeText, parseDateTime } from '../../serializers/values/date-text.js';
import { enumMember, isRegisteredEnum } from './enums.js';
import { EXPECTED, enumValues, isEnumValue, type ScalarType, type ValueType } from './field-types.js';

const DECIMAL = /^[+-]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?|s?nan\d*|inf(?:inity)?)$/i;
const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;

/** For each type, the function that reads a received value. It returns undefined when the value does not fit. */
const READERS: Readonly<Record<ScalarType, (value: unknown) => unknown>> = {
  any: (value) => value,
  str: text,
  int: (value) => (typeof value === 'bigint' || Number.isSafeInteger(value) ? value : undefined),
  float: (value) => (typeof value === 'number' ? value : undefined),
  number: (value) => (typeof value === 'number' || typeof value === 'bigint' ? value : undefined),
  bool: (value) => (typeof value === 'boolean' ? value : undefined),
  bytes: (value) => (value instanceof Uint8Array ? value : undefined),
  datetime: (value) => (value instanceof Date ? validDate(value) : typeof value === 'string' ? parseDateTime(value) : undefined),
  date: (value) => (typeof value === 'string' && isDateText(value) ? value : undefined),
  time: (value) => (typeof value === 'string' && isTimeText(value) ? value : undefined),
  timedelta: (value) => (typeof value === 'number' ? value : undefined),
  Decimal: (value) => textLike(value, DECIMAL),
  UUID: (value) => textLike(value, UUID),
  Path: text,
};

/**
 * Makes the value of a member or an argument from a received value in its natural form.
 *
 * @param what names the value in errors: `x of lab.Point`
 * @param spend called with the memory of arrays before they are converted; throws when they take too much
 * @throws {UnreadableError} when the value does not fit its type; the steps of the error lead to the member that does not fit
 */
export function readTyped(type: ValueType, value: unknown, what: string, spend: Spend): unknown {
  switch (type.kind) {
    case 'scalar': {
      const read = READERS[type.scalar](value);
      if (read === undefined && type.scalar !== 'any') throw unfit(what, EXPECTED[type.scalar], value);
      return read;
    }
    case 'enum':
      if (!isEnumValue(type.object, value)) throw unfit(what, `one of ${enumValues(type.object).join(', ')}`, value);
      return value;
    case 'list':
      if (!Array.isArray(value)) throw unfit(what, 'a list', value);
      return readItems(type.item, value, `an item of ${what}`, spend);
    case 'array':
      return readArray(type, value, what, spend);
    case 'class':
      return type.described()?.accept(value, spend) ?? value;
  }
}

/** A list may have a million items: no closure is made for each. */
function readItems(type: ValueType, items: readonly unknown[], what: string, spend: Spend): unknown[] {
  const read: unknown[] = [];
  try {
    for (const item of items) read.push(readTyped(type, item, what, spend));
  } catch (error) {
    throw failedInside(error, read.length);
  }
  return read;
}

/**
 * The natural form of a received argument, as far as its type looks into it. Arguments of type `any` stay faithful, and so do dicts of
 * arrays, which {@link readTyped} reads in both forms.
 */
export function naturalFor(type: ValueType, value: unknown, spend: Spend): unknown {
  switch (type.kind) {
    case 'scalar':
      return value instanceof PyFloat && type.scalar !== 'any' ? value.value : value;
    case 'enum':
      return value instanceof PyFloat ? value.value : value;
    case 'list':
      return Array.isArray(value) ? value.map((item) => naturalFor(type.item, item, spend)) : value;
    case 'array':
      return value;
    case 'class':
      return naturalValue(value, spend);
  }
}

/** Gives the value to send for `value`, which has this type. A value that does not fit the type is sent by the default rules. */
export function writeTyped(type: ValueType, value: unknown): unknown {
  if (value === null || value === undefined) return value;
  switch (type.kind) {
    case 'scalar':
      return writeScalar(type.scalar, value);
    case 'enum':
      return isRegisteredEnum(type.object) ? enumMember(type.object, value as string) : value;
    case 'list':
      return Array.isArray(value) ? value.map((item) => writeTyped(type.item, item)) : value;
    case 'array':
      return value;
    case 'class': {
      // a plain object in place of an instance travels as the class, too
      const described = Object.getPrototypeOf(value) === Object.prototype ? type.described() : undefined;
      return described === undefined ? value : { ...described.membersOf(value as object), __class__: described.name };
    }
  }
}

/** Runs `work`, and adds the member to the error when it fails. */
export function inside<T>(step: number | string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw failedInside(error, step);
  }
}

function readArray({ type, convert }: ValueType & { kind: 'array' }, value: unknown, what: string, spend: Spend): unknown {
  if (value === null || value === undefined) throw unfit(what, `an array of NumPy, or a list of numbers: ${type.name}`, value);
  try {
    return convert(value, what, spend);
  } catch (error) {
    if (error instanceof UnreadableError) throw error;
    throw new UnreadableError(safeText(error), { cause: error });
  }
}

function writeScalar(scalar: ScalarType, value: unknown): unknown {
  switch (scalar) {
    case 'float':
    case 'timedelta':
      return typeof value === 'number' ? pyFloat(value) : value;
    case 'Decimal':
    case 'UUID':
    case 'Path':
      // objects of libraries for decimal numbers give their digits as text
      return typeof value === 'object' ? String(value as { toString(): string }) : value;
    default:
      return value;
  }
}

/** class-transformer makes an invalid Date of any text. */
function validDate(date: Date): Date | undefined {
  return Number.isNaN(date.getTime()) ? undefined : date;
}

function text(value: unknown): unknown {
  return typeof value === 'string' ? value : undefined;
}

function textLike(value: unknown, form: RegExp): unknown {
  return typeof value === 'string' && form.test(value) ? value : undefined;
}

function unfit(what: string, expected: string, value: unknown): UnreadableError {
  if (value instanceof Date) {
    const kind = Number.isNaN(value.getTime()) ? 'an invalid Date' : 'a Date';
    return new UnreadableError(`${what} is ${kind}; it must be ${expected}`);
  }
  return new UnreadableError(`${what} is ${foundText(value)}; it must be ${expected}`);
}
