import type { ReadBudget } from '../serpent/costs/value-costs.js';
import { SerializeError } from '../protocol/errors.js';
import type { DType } from './dtype.js';
import type { NdTypedArray } from './element-types.js';
import { float16Codes, float16Numbers } from './float16.js';
import { checkEmptyElements, type Shape, shapeText, sizeOf } from './shape.js';

/** Called with the bytes of memory before they are allocated. Throws when they are too many. */
export interface Spend {
  (bytes: number): void;
  /** The budget of the read that makes the value, if any: all tables of a read share one limit on colliding keys. */
  budget?: ReadBudget | undefined;
}

/** Makes the function that counts for a budget. */
export function spendOf(budget: ReadBudget, count: (bytes: number) => void): Spend {
  const spend: Spend = (bytes) => count(bytes);
  spend.budget = budget;
  return spend;
}

/** Shorter arrays get their own memory: shorter Buffers of Node share theirs. */
const SHARED_BYTES = 4_096;

/**
 * The typed array over the bytes of an array. The bytes are copied at most once: when they are in the other byte order, not aligned, few,
 * or float16.
 *
 * @param spend called with the size of a copy before it is allocated
 * @throws {SerializeError} when there are more or fewer bytes than elements
 */
export function dataOf(bytes: Uint8Array, dtype: DType, shape: Shape, spend: Spend): NdTypedArray {
  const count = sizeOf(shape);
  const expected = count * dtype.itemBytes;
  if (bytes.length !== expected) {
    throw new SerializeError(
      `${bytes.length} bytes are no array of shape ${shapeText(shape)} and dtype ${dtype.name}, which has ${expected} bytes`,
    );
  }
  checkEmptyElements(shape, dtype.itemBytes);
  const { unitBytes, Data } = dtype;
  const isShared = bytes.length < SHARED_BYTES && bytes.buffer.byteLength > bytes.length;
  let memory = bytes;
  if (isShared || dtype.isForeign || bytes.byteOffset % unitBytes !== 0) {
    spend(bytes.length);
    memory = Uint8Array.prototype.slice.call(bytes);
    if (dtype.isForeign) swap(memory, unitBytes);
  }
  if (dtype.code === 'f2') {
    spend(count * 4);
    return float16Numbers(new Uint16Array(memory.buffer, memory.byteOffset, count));
  }
  return new Data(memory.buffer, memory.byteOffset, count * dtype.lanes);
}

/** Memory for the elements of an array, all zero. @param spend called with its size before it is allocated */
export function newData({ Data, lanes }: DType, count: number, spend: Spend): NdTypedArray {
  const { BYTES_PER_ELEMENT } = Data as unknown as { BYTES_PER_ELEMENT: number };
  const bytes = count * lanes * BYTES_PER_ELEMENT;
  spend(bytes);
  return new Data(new ArrayBuffer(bytes));
}

/** The bytes of contiguous elements, for the wire: a view, but a copy for float16 and in the other byte order. */
export function bytesOfData(dtype: DType, data: NdTypedArray): Uint8Array {
  const wire = dtype.code === 'f2' ? float16Codes(data as Float32Array) : data;
  const bytes = new Uint8Array(wire.buffer, wire.byteOffset, wire.byteLength);
  if (!dtype.isForeign) return bytes;
  const swapped = bytes.slice();
  swap(swapped, dtype.unitBytes);
  return swapped;
}

/**
 * Copies elements into C order.
 *
 * @param offset of the first element, in elements
 * @param target gets the elements from its start
 */
export function compact(
  source: NdTypedArray,
  target: NdTypedArray,
  lanes: number,
  shape: Shape,
  strides: readonly number[],
  offset: number,
): void {
  let written = 0;
  const copyAxis = (axis: number, from: number): void => {
    const length = shape[axis] ?? 1;
    const step = strides[axis] ?? 0;
    if (axis >= shape.length - 1) {
      for (let index = 0; index < length; index++) {
        const start = (from + index * step) * lanes;
        for (let lane = 0; lane < lanes; lane++) target[written++] = source[start + lane]!;
      }
      return;
    }
    for (let index = 0; index < length; index++) copyAxis(axis + 1, from + index * step);
  };
  if (!shape.includes(0)) copyAxis(0, offset);
}

function swap(bytes: Uint8Array, unitBytes: number): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (unitBytes === 2) buffer.swap16();
  else if (unitBytes === 4) buffer.swap32();
  else buffer.swap64();
}
