import { inspect } from 'node:util';
import { recogniseInstances } from '../serpent/values/recognised-instances.js';
import { axisSlices, type AxisSlice, indexIn } from './axis-slices.js';
import type { DType } from './dtype.js';
import { dtypeOf } from './dtype-reader.js';
import type { DTypeOf, NdData, NdElement, NdTypedArray, NdValue } from './element-types.js';
import { elementOf } from './elements.js';
import { compacted, copyOf, layoutOf, type NdArrayOptions, type NdLayout, stackOf } from './layout.js';
import type { Spend } from './memory.js';
import { dataOf } from './memory.js';
import { isTime } from './number-conversion.js';
import { arrayText } from './print.js';
import { NAT, timeText } from './times.js';
import { isContiguous, type Shape, shapeText, sizeOf, stridesOf } from './shape.js';

/**
 * An array of NumPy: elements of one type, in any number of dimensions, in a typed array.
 *
 * The type parameter is the dtype: `NdArray<'uint8'>` has a Uint8Array.
 */
export class NdArray<T extends string = string> implements Iterable<NdElement<T>> {
  static {
    recogniseInstances(this, 'NdArray');
  }

  /** NumPy's name of the dtype: `float32`, `datetime64[ms]`, `S5`; of a structured dtype its fields as Python prints them. */
  readonly dtype: T;
  /** The length of each dimension. */
  readonly shape: readonly number[];
  /** Number of elements. */
  readonly size: number;
  /** The order of the elements in {@link data}: `C`, the last index changes first; `F` (Fortran), the first index changes first. */
  readonly order: 'C' | 'F';
  /** @internal */
  readonly layout: NdLayout;

  /** @internal */
  private constructor(layout: NdLayout) {
    // JavaScript may call it, and so does class-transformer
    const given: unknown = layout;
    if (typeof given !== 'object' || given === null || !('strides' in given)) {
      throw new TypeError(
        'an NdArray is made by NdArray.from; class-transformer cannot copy one: give the class of the DTO @PyroClass, or the array a parameter of its own',
      );
    }
    const { dtype, shape, strides } = layout;
    this.layout = layout;
    this.dtype = dtype.name as T;
    this.shape = Object.freeze([...shape]);
    this.size = sizeOf(shape);
    this.order = !isContiguous(shape, strides, 'C') && isContiguous(shape, strides, 'F') ? 'F' : 'C';
  }

  /**
   * Makes an array of nested lists, or around a typed array without copying it. An `NdArray` is copied, and a list of them is stacked along a
   * new first dimension.
   *
   * Numbers of lists become float64, bigints int64, booleans bool, texts `U`, Buffers `S`, Dates datetime64[ms], unless `dtype` names
   * another. With a structured dtype the items are records: plain objects with a member for each field, or tuples (`pyTuple`) of the values
   * of all fields. Lists are records, too, at the depth that `shape` tells.
   *
   * @throws {SerializeError} when the lists are of different lengths, when an item does not fit the dtype, or when the shape has another
   *   number of elements
   */
  static from<Data extends NdTypedArray>(source: Data, options?: NdArrayOptions<never>): NdArray<DTypeOf<Data>>;
  static from<const T extends string>(source: unknown, options: NdArrayOptions<T> & { dtype: T }): NdArray<T>;
  static from(source: unknown, options?: NdArrayOptions): NdArray;
  static from(source: unknown, options: NdArrayOptions = {}): NdArray {
    return NdArray.fromPeer(source, options, () => undefined);
  }

  /** @internal {@link from} with a value that a peer has sent. @param spend called with the memory of the array before it is allocated */
  static fromPeer(source: unknown, options: NdArrayOptions, spend: Spend): NdArray {
    if (source instanceof NdArray) return new NdArray(copyOf(source.layout, options, spend));
    const arrays = Array.isArray(source) && source[0] instanceof NdArray ? (source as unknown[]) : [];
    if (arrays.length > 0 && arrays.every((item) => item instanceof NdArray)) {
      return new NdArray(
        stackOf(
          arrays.map(({ layout }) => layout),
          options,
          spend,
        ),
      );
    }
    return new NdArray(layoutOf(source, options, spend));
  }

  /** @internal An array over the bytes that came from a peer. @param spend see {@link dataOf} */
  static ofBytes(bytes: Uint8Array, dtype: DType, shape: Shape, order: 'C' | 'F', spend: (bytes: number) => void): NdArray {
    const memory = dataOf(bytes, dtype, shape, spend);
    return new NdArray({ dtype: dtype.native, shape, memory, strides: stridesOf(shape, order), offset: 0 });
  }

  /**
   * The elements, in the order of {@link order}. A complex number is two numbers, an `S` its bytes, a `U` its code points, a record its
   * bytes, a bool 0 or 1.
   *
   * A view on the memory of the array. If the array is a slice with gaps, a copy in C order.
   */
  get data(): NdData<T> {
    const { dtype, shape, memory, strides, offset } = this.layout;
    const { lanes } = dtype;
    if (isContiguous(shape, strides, this.order)) {
      return memory.subarray(offset * lanes, (offset + this.size) * lanes) as NdData<T>;
    }
    return compacted(this.layout) as NdData<T>;
  }

  /** The names of the fields of a structured array; else undefined. */
  get fields(): readonly string[] | undefined {
    const { dtype } = this.layout;
    return dtype.kind === 'struct' ? dtype.fields.map(({ name }) => name) : undefined;
  }

  /** True when the array has this dtype. Tells TypeScript so. */
  is<const Name extends string>(dtype: Name): this is NdArray<Name> {
    return this.layout.dtype.name === dtypeOf(dtype).name;
  }

  /**
   * The element at an index, one number for each dimension. A negative number counts from the end.
   *
   * A number, a bigint for ints and times of 64 bits, a boolean, `PyComplex`, text for `U`, a Buffer for `S` and `V`, and a plain object
   * for a record.
   *
   * @throws {RangeError} when there is no such element
   */
  get(...index: number[]): NdElement<T> {
    const { shape } = this;
    if (index.length !== shape.length) {
      throw new RangeError(
        `get(${index.join(', ')}) of an array of shape ${shapeText(shape)}: give one number for each dimension`,
      );
    }
    const { dtype, memory } = this.layout;
    return elementOf(dtype, memory, this.offsetOf(index)) as NdElement<T>;
  }

  /**
   * The part at the first indices, as a view: `at(2)` of a matrix is the third row.
   *
   * @throws {RangeError} when there is no such part
   */
  at(...index: number[]): NdArray<T> {
    const { shape, layout } = this;
    if (index.length > shape.length)
      throw new RangeError(`at(${index.join(', ')}) of an array of shape ${shapeText(shape)}: these are too many`);
    const depth = index.length;
    return new NdArray({
      ...layout,
      shape: shape.slice(depth),
      strides: layout.strides.slice(depth),
      offset: this.offsetOf(index),
    });
  }

  /** The parts along the first dimension, as views: the rows of a matrix. */
  *rows(): IterableIterator<NdArray<T>> {
    if (this.shape.length === 0) throw new RangeError('an array without dimensions has no rows');
    for (let index = 0; index < this.shape[0]!; index++) yield this.at(index);
  }

  /**
   * A part of the array, as a view. Python's `array[10:20, ::2, 0]` is `slice([10, 20], [null, null, 2], 0)`.
   *
   * @param axes for each dimension: a number, `[start, stop, step]`, or null for the whole dimension. Default for dimensions that are left
   * out: null
   * @throws {RangeError} when a number is no index, or a step is 0
   */
  slice(...axes: (AxisSlice | null | undefined)[]): NdArray<T> {
    const { layout, shape } = this;
    const parts = axisSlices(axes, shape, layout.strides);
    return new NdArray({ ...layout, ...parts, offset: layout.offset + parts.offset });
  }

  /** A field of a structured array, copied into a new array. @throws {RangeError} when there is no such field */
  field(name: string): NdArray {
    const { dtype } = this.layout;
    const field = dtype.fields.find((one) => one.name === name);
    if (field === undefined) throw new RangeError(`there is no field ${JSON.stringify(name)} in dtype ${dtype.name}`);
    const records = this.data as unknown as Uint8Array;
    const fieldBytes = field.dtype.itemBytes * sizeOf(field.shape);
    const bytes = new Uint8Array(this.size * fieldBytes);
    for (let index = 0; index < this.size; index++) {
      const start = index * dtype.itemBytes + field.offset;
      bytes.set(records.subarray(start, start + fieldBytes), index * fieldBytes);
    }
    const inOrder = this.order === 'C' ? this.shape : [...this.shape].reverse();
    const column = NdArray.ofBytes(bytes, field.dtype, [...inOrder, ...field.shape], 'C', () => undefined);
    if (this.order === 'C') return column;
    const strides = stridesOf(column.shape, 'C');
    const outer = this.shape.length;
    return new NdArray({
      ...column.layout,
      shape: [...this.shape, ...field.shape],
      strides: [...strides.slice(0, outer).reverse(), ...strides.slice(outer)],
    });
  }

  /** Nested lists of the elements. An array without dimensions gives its element. */
  toNested(): unknown {
    const { dtype, memory, strides, offset } = this.layout;
    const { shape } = this;
    const nest = (axis: number, from: number): NdValue => {
      if (axis === shape.length) return elementOf(dtype, memory, from);
      const items: NdValue[] = [];
      for (let index = 0; index < shape[axis]!; index++) items.push(nest(axis + 1, from + index * strides[axis]!));
      return items;
    };
    return nest(0, offset);
  }

  /** The elements in C order. */
  *[Symbol.iterator](): IterableIterator<NdElement<T>> {
    const { dtype, memory, strides, offset } = this.layout;
    const { shape } = this;
    const index = shape.map(() => 0);
    let at = offset;
    for (let count = 0; count < this.size; count++) {
      yield elementOf(dtype, memory, at) as NdElement<T>;
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        at += strides[axis]!;
        if (++index[axis]! < shape[axis]!) break;
        at -= strides[axis]! * shape[axis]!;
        index[axis] = 0;
      }
    }
  }

  /** True for an array of the same dtype, shape and elements. NaN equals NaN, and minus zero equals zero. */
  equals(other: NdArray): boolean {
    if (this.dtype !== (other.dtype as string) || shapeText(this.shape) !== shapeText(other.shape)) return false;
    const [ours, theirs] = [this, other].map((array) => array.inOrderC()) as [NdTypedArray, NdTypedArray];
    if (ours instanceof Float32Array || ours instanceof Float64Array) {
      const twins = theirs as Float64Array;
      for (let index = 0; index < ours.length; index++)
        if (ours[index] !== twins[index] && !(Number.isNaN(ours[index]) && Number.isNaN(twins[index]))) return false;
      return true;
    }
    const [bytes, others] = [ours, theirs].map(({ buffer, byteOffset, byteLength }) =>
      Buffer.from(buffer, byteOffset, byteLength),
    );
    return bytes!.equals(others!);
  }

  /** @internal The data in C order: {@link data}, but a copy when the order is `F`. */
  inOrderC(): NdTypedArray {
    return this.order === 'C' ? this.data : compacted(this.layout);
  }

  /**
   * The value for `JSON.stringify`: nested lists. Ints of 64 bits are numbers if a number is exact, else texts. A datetime64 is its ISO text,
   * NaT is null.
   */
  toJSON(): unknown {
    return jsonOf(this.layout.dtype, this.toNested());
  }

  /** The text of NumPy, with the shape: `array([[1, 2], [3, 4]], dtype=int8, shape=(2, 2))`. Long arrays are cut. */
  toString(): string {
    return arrayText(this.layout);
  }

  /** @internal */
  [inspect.custom](): string {
    return `Nd${this.toString().replace(/^a/, 'A')}`;
  }

  private offsetOf(index: readonly number[]): number {
    const { shape, layout } = this;
    let { offset } = layout;
    for (const [axis, given] of index.entries()) {
      offset += indexIn(given, shape[axis]!, axis) * layout.strides[axis]!;
    }
    return offset;
  }
}

function jsonOf(dtype: DType, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => jsonOf(dtype, item));
  if (dtype.kind === 'struct') {
    // the record is new, and nobody else has it
    const record = value as Record<string, unknown>;
    for (const field of dtype.fields) record[field.name] = jsonOf(field.dtype, record[field.name]);
    return record;
  }
  if (typeof value !== 'bigint') return value;
  if (isTime(dtype) && value === NAT) return null;
  if (dtype.kind === 'datetime') return timeText(dtype, value);
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
}
