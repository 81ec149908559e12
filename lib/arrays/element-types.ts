import type { PyComplex } from '../serpent/index.js';

/** The typed arrays that an array can keep its elements in. */
export type NdTypedArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

/** An element of a structured array: a plain object with a member for each field. */
export interface NdRecord {
  [field: string]: NdValue;
}

/** An element of any array. A field of a record that is an array is a (nested) list. */
export type NdValue = number | bigint | boolean | string | Buffer | PyComplex | NdRecord | NdValue[];

/** For each dtype with a fixed name: the typed array of {@link NdArray.data}, and the type of an element. */
export interface NdTypes {
  /** A byte for each element: 0 is false. */
  bool: { data: Uint8Array; element: boolean };
  /** Whole numbers of 1 byte, with a sign. */
  int8: { data: Int8Array; element: number };
  /** Whole numbers of 2 bytes, with a sign. */
  int16: { data: Int16Array; element: number };
  /** Whole numbers of 4 bytes, with a sign. */
  int32: { data: Int32Array; element: number };
  /** Whole numbers of 8 bytes, with a sign. An element is a bigint, also when a number would hold it. */
  int64: { data: BigInt64Array; element: bigint };
  /** Whole numbers of 1 byte, from 0 to 255. */
  uint8: { data: Uint8Array; element: number };
  /** Whole numbers of 2 bytes, without a sign. */
  uint16: { data: Uint16Array; element: number };
  /** Whole numbers of 4 bytes, without a sign. */
  uint32: { data: Uint32Array; element: number };
  /** Whole numbers of 8 bytes, without a sign. An element is a bigint, also when a number would hold it. */
  uint64: { data: BigUint64Array; element: bigint };
  /** Node 20 has no Float16Array: the numbers are in a Float32Array, which holds each of them exactly. */
  float16: { data: Float32Array; element: number };
  /** Numbers of 4 bytes. */
  float32: { data: Float32Array; element: number };
  /** Numbers of 8 bytes, as all numbers of JavaScript. */
  float64: { data: Float64Array; element: number };
  /** Real and imaginary parts in turn, of 4 bytes each: `data` has twice as many numbers as the array has elements. */
  complex64: { data: Float32Array; element: PyComplex };
  /** Real and imaginary parts in turn, of 8 bytes each: `data` has twice as many numbers as the array has elements. */
  complex128: { data: Float64Array; element: PyComplex };
}

/** The typed array of an array with this dtype. */
export type NdData<T extends string> = T extends keyof NdTypes
  ? NdTypes[T]['data']
  : T extends `datetime64${string}` | `timedelta64${string}`
    ? BigInt64Array
    : T extends `S${number}` | `V${number}`
      ? Uint8Array
      : T extends `U${number}`
        ? Uint32Array
        : NdTypedArray;

/** An element of an array with this dtype. */
export type NdElement<T extends string> = T extends keyof NdTypes
  ? NdTypes[T]['element']
  : T extends `datetime64${string}` | `timedelta64${string}`
    ? bigint
    : T extends `S${number}` | `V${number}`
      ? Buffer
      : T extends `U${number}`
        ? string
        : NdValue;

/** The dtype of an array that is made of a typed array. */
export type DTypeOf<Data> = Data extends Uint8Array | Uint8ClampedArray
  ? 'uint8'
  : Data extends Int8Array
    ? 'int8'
    : Data extends Int16Array
      ? 'int16'
      : Data extends Uint16Array
        ? 'uint16'
        : Data extends Int32Array
          ? 'int32'
          : Data extends Uint32Array
            ? 'uint32'
            : Data extends BigInt64Array
              ? 'int64'
              : Data extends BigUint64Array
                ? 'uint64'
                : Data extends Float32Array
                  ? 'float32'
                  : 'float64';
