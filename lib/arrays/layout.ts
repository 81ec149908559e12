import { SerializeError } from '../protocol/errors.js';
import type { DType } from './dtype.js';
import { dtypeOf } from './dtype-reader.js';
import type { NdTypedArray } from './element-types.js';
import { elementOf } from './elements.js';
import { fill } from './filling.js';
import { compact, newData, type Spend } from './memory.js';
import { dtypeOfItems, flat, isList, shapeOfNested } from './nested.js';
import { convertNumbers, isNumeric } from './number-conversion.js';
import { isContiguous, type Shape, shapeOf, shapeText, sizeOf, stridesOf } from './shape.js';

/** The memory of an item in the list of all items, and of the number that it may be, in bytes. */
const ITEM_COST = 16;

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
  /**
   * The order of the elements in memory: `C`, the last index changes first; `F`, the first index changes first. A typed array has its
   * elements in this order; of lists and of an `NdArray` the elements are copied into this order. Default `C`.
   */
  order?: 'C' | 'F';
}

/** The layout of an array of nested lists, or around a typed array. @see NdArray.from */
export function layoutOf(source: unknown, { dtype: name, shape, order = 'C' }: NdArrayOptions, spend: Spend): NdLayout {
  const told = name === undefined ? undefined : dtypeOf(name).native;
  const given = told ?? (isTypedArray(source) ? dtypeOfTyped(source) : undefined);
  // the elements of a Float16Array are copied into a Float32Array
  const around = isTypedArray(source) ? aroundTyped(source, given!, shape, order) : undefined;
  if (around !== undefined) return around;
  const layout = ofItems(source, given, shape, spend);
  return order === 'C' ? layout : copyOf(layout, { order }, spend);
}

/** The layout of arrays of one shape, one after the other, as NumPy's `stack`. @throws {SerializeError} when the shapes or dtypes differ */
export function stackOf(
  parts: readonly NdLayout[],
  { dtype: name, shape: given, order }: NdArrayOptions,
  spend: Spend,
): NdLayout {
  const [first] = parts as [NdLayout];
  const dtype = name === undefined ? first.dtype : dtypeOf(name).native;
  const shape = shapeOf([parts.length, ...first.shape]);
  const memory = newData(dtype, sizeOf(shape), spend);
  for (const [index, part] of parts.entries()) {
    if (shapeText(part.shape) !== shapeText(first.shape))
      throw new SerializeError(
        `a list of arrays of the shapes ${shapeText(first.shape)} and ${shapeText(part.shape)} is no array`,
      );
    if (name === undefined && part.dtype.name !== dtype.name)
      throw new SerializeError(`a list of arrays of the dtypes ${dtype.name} and ${part.dtype.name} is no array without a dtype`);
    const { memory: elements } = copyOf(part, { dtype: name }, spend);
    setAll(memory, elements, index * elements.length);
  }
  const stacked = { dtype, shape, memory, strides: stridesOf(shape, 'C'), offset: 0 };
  return given === undefined && order !== 'F' ? stacked : copyOf(stacked, { shape: given, order }, spend);
}

/**
 * The layout of a copy in another dtype, shape or order. The elements keep their places in C order, as NumPy's `reshape` and `astype` keep
 * them.
 *
 * @throws {SerializeError} when the dtype cannot hold an element
 */
export function copyOf(source: NdLayout, { dtype: name, shape: given, order = 'C' }: NdArrayOptions, spend: Spend): NdLayout {
  const dtype = name === undefined ? source.dtype : dtypeOf(name).native;
  const { shape, dense } = inOrder(reshaped(source, given, spend), order, spend);
  const layout = { dtype, shape, strides: stridesOf(shape, order), offset: 0 };
  const isOwn = dense.buffer !== source.memory.buffer;
  if (isOwn && dtype.name === source.dtype.name) return { ...layout, memory: dense };
  const memory = newData(dtype, sizeOf(shape), spend);
  if (dtype.name === source.dtype.name) setAll(memory, dense);
  else if (isNumeric(source.dtype) && isNumeric(dtype)) convertNumbers(source.dtype, dense, dtype, memory);
  else if (dtype.kind === 'struct' && source.dtype.kind === 'struct')
    throw new SerializeError(`records of dtype ${source.dtype.name} are not converted to dtype ${dtype.name}`);
  else fill(dtype, memory, elementsOf(source.dtype, dense, sizeOf(shape)), spend);
  return { ...layout, memory };
}

/** The elements in C order, copied. */
export function compacted({ dtype, shape, memory, strides, offset }: NdLayout, spend: Spend = () => undefined): NdTypedArray {
  const copy = newData(dtype, sizeOf(shape), spend);
  compact(memory, copy, dtype.lanes, shape, strides, offset);
  return copy;
}

function reshaped(source: NdLayout, given: Shape | undefined, spend: Spend): NdLayout {
  if (given === undefined) return source;
  const shape = shapeOf(given);
  const size = sizeOf(source.shape);
  if (sizeOf(shape) !== size) throw new RangeError(`${size} items do not make the shape ${shapeText(shape)}`);
  const { dense } = inOrder(source, 'C', spend);
  return { ...source, shape, memory: dense, strides: stridesOf(shape, 'C'), offset: 0 };
}

/** The elements in an order, without gaps: a view if they are so in memory, else a copy. */
function inOrder(layout: NdLayout, order: 'C' | 'F', spend: Spend): { shape: Shape; dense: NdTypedArray } {
  const { dtype, shape, memory, strides, offset } = layout;
  const { lanes } = dtype;
  if (isContiguous(shape, strides, order))
    return { shape, dense: memory.subarray(offset * lanes, (offset + sizeOf(shape)) * lanes) };
  // the order F is the order C of the reversed dimensions
  const axes = order === 'C' ? layout : { ...layout, shape: [...shape].reverse(), strides: [...strides].reverse() };
  return { shape, dense: compacted(axes, spend) };
}

function* elementsOf(dtype: DType, data: NdTypedArray, count: number): Iterable<unknown> {
  for (let index = 0; index < count; index++) yield elementOf(dtype, data, index);
}

function setAll(target: NdTypedArray, source: NdTypedArray, offset = 0): void {
  (target as Uint8Array).set(source as Uint8Array, offset);
}

/** @returns undefined when the dtype has its elements in another typed array */
function aroundTyped(memory: NdTypedArray, dtype: DType, given: Shape | undefined, order: 'C' | 'F'): NdLayout | undefined {
  if (!(memory instanceof dtype.Data || (memory instanceof Uint8ClampedArray && dtype.Data === Uint8Array))) return undefined;
  const count = dtype.lanes === 0 ? 0 : memory.length / dtype.lanes;
  if (given === undefined && !Number.isInteger(count)) {
    const items = `${memory.length} elements of a typed array`;
    throw new RangeError(`${items} are no elements of dtype ${dtype.name}, which takes ${dtype.lanes} for each`);
  }
  const shape = shapeOf(given ?? [count]);
  if (memory.length !== sizeOf(shape) * dtype.lanes) {
    const items = `${memory.length} elements of a typed array`;
    throw new RangeError(`${items} do not make the shape ${shapeText(shape)} of dtype ${dtype.name}`);
  }
  return { dtype, shape, memory, strides: stridesOf(shape, order), offset: 0 };
}

function ofItems(source: unknown, given: DType | undefined, shapeGiven: Shape | undefined, spend: Spend): NdLayout {
  const ofRecords = given?.kind === 'struct';
  const nestedShape = isList(source) ? shapeOfNested(source, ofRecords ? shapeGiven?.length : undefined, ofRecords) : [];
  // spent before the items are visited: lists of marshal may share their items
  spend(sizeOf(nestedShape) * ITEM_COST);
  const items = isList(source) ? flat(source, nestedShape, ofRecords) : [source];
  const shape = shapeOf(shapeGiven ?? nestedShape);
  if (items.length !== sizeOf(shape)) throw new RangeError(`${items.length} items do not make the shape ${shapeText(shape)}`);
  const dtype = given ?? dtypeOfItems(items);
  const memory = newData(dtype, items.length, spend);
  fill(dtype, memory, items, spend);
  return { dtype, shape, memory, strides: stridesOf(shape, 'C'), offset: 0 };
}

function dtypeOfTyped(typed: NdTypedArray): DType {
  if (typed instanceof Uint8Array || typed instanceof Uint8ClampedArray) return dtypeOf('uint8');
  return dtypeOf(typed[Symbol.toStringTag].replace('Big', '').replace('Array', '').toLowerCase());
}

function isTypedArray(value: unknown): value is NdTypedArray {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}
