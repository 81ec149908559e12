import type { DType } from './dtype.js';
import { dtypeOf } from './dtype-reader.js';
import type { NdTypedArray } from './element-types.js';
import { compact } from './memory.js';
import { dtypeOfItems, fill, flat, isList, shapeOfNested } from './nested.js';
import { type Shape, shapeOf, shapeText, sizeOf, stridesOf } from './shape.js';

/** The layout of the elements of an array in its memory. */
export interface NdLayout {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly memory: NdTypedArray;
  /** Steps between neighbours of each dimension, in elements. */
  readonly strides: readonly number[];
  /** Offset of the first element, in elements. */
  readonly offset: number;
}

/** Options of `NdArray.from`. */
export interface NdArrayOptions<T extends string = string> {
  /** NumPy's name or text of the dtype: `float32`, `<f4`, `datetime64[ms]`. Default: the dtype of the typed array, or of the items. */
  dtype?: T;
  /** Default: the lengths of the nested lists; for a typed array one dimension. */
  shape?: readonly number[];
  /** The order of the elements in a typed array: `C`, the last index changes first; `F`, the first index changes first. Default `C`. */
  order?: 'C' | 'F';
}

/** The layout of an array of nested lists, or around a typed array. @see NdArray.from */
export function layoutOf(source: unknown, { dtype: name, shape, order = 'C' }: NdArrayOptions): NdLayout {
  const given = name === undefined ? undefined : dtypeOf(name).native;
  const around = isTypedArray(source) ? aroundTyped(source, given ?? dtypeOfTyped(source), shape, order) : undefined;
  return around ?? ofItems(source, given, shape, order);
}

/** The elements in C order, copied. */
export function compacted({ dtype, shape, memory, strides, offset }: NdLayout): NdTypedArray {
  const copy = newData(dtype, sizeOf(shape));
  compact(memory, copy, dtype.lanes, shape, strides, offset);
  return copy;
}

/** @returns undefined when the dtype has its elements in another typed array */
function aroundTyped(memory: NdTypedArray, dtype: DType, given: Shape | undefined, order: 'C' | 'F'): NdLayout | undefined {
  if (!(memory instanceof dtype.Data || (memory instanceof Uint8ClampedArray && dtype.Data === Uint8Array))) return undefined;
  const shape = shapeOf(given ?? [memory.length / dtype.lanes]);
  if (memory.length !== sizeOf(shape) * dtype.lanes) {
    const items = `${memory.length} elements of a typed array`;
    throw new RangeError(`${items} do not make the shape ${shapeText(shape)} of dtype ${dtype.name}`);
  }
  return { dtype, shape, memory, strides: stridesOf(shape, order), offset: 0 };
}

function ofItems(source: unknown, given: DType | undefined, shapeGiven: Shape | undefined, order: 'C' | 'F'): NdLayout {
  const nestedShape = isList(source) ? shapeOfNested(source) : [];
  const items = isList(source) ? flat(source, nestedShape) : [source];
  const shape = shapeOf(shapeGiven ?? nestedShape);
  if (items.length !== sizeOf(shape)) throw new RangeError(`${items.length} items do not make the shape ${shapeText(shape)}`);
  const dtype = given ?? dtypeOfItems(items);
  const memory = newData(dtype, items.length);
  fill(dtype, memory, items);
  return { dtype, shape, memory, strides: stridesOf(shape, order), offset: 0 };
}

function newData({ Data, lanes }: DType, count: number): NdTypedArray {
  const { BYTES_PER_ELEMENT } = Data as unknown as { BYTES_PER_ELEMENT: number };
  return new Data(new ArrayBuffer(count * lanes * BYTES_PER_ELEMENT));
}

function dtypeOfTyped(typed: NdTypedArray): DType {
  if (typed instanceof Uint8Array || typed instanceof Uint8ClampedArray) return dtypeOf('uint8');
  return dtypeOf(typed[Symbol.toStringTag].replace('Big', '').replace('Array', '').toLowerCase());
}

function isTypedArray(value: unknown): value is NdTypedArray {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}
