import type { NdTypedArray } from '../../arrays/element-types.js';
import type { Spend } from '../../arrays/memory.js';
import { NdArray } from '../../arrays/nd-array.js';
import { isNumeric, isTime } from '../../arrays/number-conversion.js';
import { SerializeError } from '../../protocol/errors.js';
import { limitOf } from '../../protocol/over-limit.js';
import { safeText } from '../../protocol/texts/safe-text.js';
import { type Dict, isDict, memberOf } from '../../serializers/contract/plain-object.js';
import { arrayOfClass, arrayOfDict, isNumpyClass } from '../../serializers/objects/array-dicts.js';
import { ArrayReads } from '../../serializers/objects/array-reads.js';
import { foundText } from '../../protocol/short-text.js';

/**
 * Makes the array of a received value. None, and a value that was left out, stay as they are.
 *
 * @param label of the parameter or member, for the error
 * @param spend called with the memory of copies before they are allocated; throws when they are too large
 * @throws {TypeError} on a value that is no array; an error of `spend` as it is
 */
export type ArrayConverter = (value: unknown, label: string | undefined, spend: Spend) => unknown;

const TYPED_ARRAYS: readonly unknown[] = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
];

type TypedArrayType = new (elements?: NdTypedArray) => NdTypedArray;

/**
 * The converter of a parameter or member whose type is `NdArray` or a typed array; undefined for other types.
 *
 * A list, also of lists or of arrays, becomes an `NdArray`, or a typed array with its elements in C order. An `NdArray` becomes a typed
 * array, without a copy when it has the elements in one already. The dict of an array becomes an array, also where dicts stay dicts
 * otherwise: the type asks for an array.
 */
export function arrayConverterOf(metatype: unknown): ArrayConverter | undefined {
  if (metatype === NdArray)
    return converter('NdArray', (value, spend) => arrayOf(withArrays(value, new ArrayReads(spend)), undefined, spend));
  if (!TYPED_ARRAYS.includes(metatype)) return undefined;
  const type = metatype as TypedArrayType;
  const { dtype } = NdArray.from(new type());
  const takesBytes = dtype === 'uint8';
  return converter(type.name, (value, spend) => {
    if (value instanceof type) return value;
    if (takesBytes && value instanceof Uint8Array) return new Uint8ClampedArray(value.buffer, value.byteOffset, value.length);
    const given = withArrays(value, new ArrayReads(spend));
    for (const array of arraysIn(given)) checkNumbers(array, type.name);
    const array = arrayOf(given, dtype, spend);
    return array && typedOf(array, type, dtype, spend);
  });
}

/** @param make gives undefined for a value that is no array */
function converter(expected: string, make: (value: unknown, spend: Spend) => unknown): ArrayConverter {
  return (value, label = 'an argument', spend) => {
    if (value === null || value === undefined) return value;
    let made: unknown;
    try {
      made = make(value, spend);
    } catch (error) {
      if (limitOf(error) !== undefined) throw error;
      throw new TypeError(`${label}: ${safeText(error)}`, { cause: error });
    }
    if (made !== undefined) return made;
    throw new TypeError(`${label} is ${foundText(value)}; it must be an array of NumPy, or a list of numbers: ${expected}`);
  };
}

function arrayOf(value: unknown, dtype: string | undefined, spend: Spend): NdArray | undefined {
  if (value instanceof NdArray) return value;
  return Array.isArray(value) ? NdArray.fromPeer(value, { dtype }, spend) : undefined;
}

/** The array of a dict, or a list with the arrays and scalars of its dicts. Every other value as it is. */
function withArrays(value: unknown, reads: ArrayReads): unknown {
  if (!Array.isArray(value)) return ofDict(value, reads);
  // a list of arrays begins with an array; of numbers none is looked at
  return isDictValue(value[0]) ? value.map((item) => ofDict(item, reads)) : value;
}

function ofDict(value: unknown, reads: ArrayReads): unknown {
  if (!isDictValue(value)) return value;
  const name = memberOf(value, '__class__');
  if (typeof name !== 'string') return arrayOfDict(value, reads) ?? value;
  return isNumpyClass(name) ? arrayOfClass(name, value, reads) : value;
}

function isDictValue(value: unknown): value is Dict {
  return typeof value === 'object' && value !== null && isDict(value);
}

function arraysIn(value: unknown): NdArray[] {
  const items: unknown[] = Array.isArray(value) && value[0] instanceof NdArray ? value : [value];
  return items.filter((item) => item instanceof NdArray);
}

/** @throws {SerializeError} on an array that has no numbers: a value for each element would be made, and refused */
function checkNumbers({ layout: { dtype } }: NdArray, expected: string): void {
  if (isTime(dtype))
    throw new SerializeError(
      `an array of dtype ${dtype.name} has no numbers for ${expected}, but times; send array.astype("int64"), the numbers of their unit`,
    );
  if (!isNumeric(dtype)) throw new SerializeError(`an array of dtype ${dtype.name} has no numbers for ${expected}`);
}

function typedOf(array: NdArray, type: TypedArrayType, dtype: string, spend: Spend): NdTypedArray {
  const { data } = array.dtype === dtype && array.order === 'C' ? array : NdArray.fromPeer(array, { dtype }, spend);
  return data instanceof type ? data : new Uint8ClampedArray(data.buffer, data.byteOffset, data.length);
}
