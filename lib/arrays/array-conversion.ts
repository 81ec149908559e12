import type { NdTypedArray } from './element-types.js';
import { NdArray } from './nd-array.js';
import { safeText } from '../protocol/safe-text.js';

/** Makes an array of a list; leaves every other value as it is. @param label of the parameter or member, for the error */
export type ArrayConverter = (value: unknown, label: string | undefined) => unknown;

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
 * A list, also of lists, becomes an `NdArray`, or a typed array with its elements in C order. An `NdArray` becomes a typed array,
 * without a copy when it has the elements in one already.
 */
export function arrayConverterOf(metatype: unknown): ArrayConverter | undefined {
  if (metatype === NdArray) return (value, label) => (Array.isArray(value) ? named(label, () => NdArray.from(value)) : value);
  if (!TYPED_ARRAYS.includes(metatype)) return undefined;
  const type = metatype as TypedArrayType;
  const { dtype } = NdArray.from(new type());
  return (value, label) => {
    if (value instanceof NdArray) return named(label, () => typedOf(value, type, dtype));
    return Array.isArray(value) ? named(label, () => typedOf(NdArray.from(value, { dtype }), type, dtype)) : value;
  };
}

function typedOf(array: NdArray, type: TypedArrayType, dtype: string): unknown {
  const { data } = array.dtype === dtype && array.order === 'C' ? array : NdArray.from(array, { dtype });
  return data instanceof type ? data : new type(data);
}

function named<T>(label: string | undefined, convert: () => T): T {
  try {
    return convert();
  } catch (error) {
    throw new TypeError(`${label ?? 'an argument'}: ${safeText(error)}`, { cause: error });
  }
}
