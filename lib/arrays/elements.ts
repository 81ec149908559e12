import { storeIndexKeysInHashTable } from '../serpent/costs/index-keys.js';
import { PyComplex } from '../serpent/index.js';
import { TextUnits } from '../serpent/text/text-units.js';
import { type DType, type DTypeField, IS_LITTLE_ENDIAN } from './dtype.js';
import type { NdRecord, NdTypedArray, NdValue } from './element-types.js';
import { float16Of } from './float16.js';
import { sizeOf } from './shape.js';

/** Reads the element at an index of the typed array of an array. */
export function elementOf(dtype: DType, data: NdTypedArray, index: number): NdValue {
  switch (dtype.kind) {
    case 'bool':
      return data[index] !== 0;
    case 'complex':
      return new PyComplex(data[2 * index] as number, data[2 * index + 1] as number);
    case 'bytes':
      return withoutZeros(bytesAt(data as Uint8Array, index * dtype.itemBytes, dtype.itemBytes));
    case 'void':
      return bytesAt(data as Uint8Array, index * dtype.itemBytes, dtype.itemBytes);
    case 'text':
      return textOfPoints(dtype.lanes, (at) => data[index * dtype.lanes + at] as number);
    case 'struct': {
      const { buffer, byteOffset, byteLength } = data;
      return recordOf(dtype, new DataView(buffer, byteOffset, byteLength), index * dtype.itemBytes);
    }
    default:
      return data[index]!;
  }
}

/** An element of a structured array. */
function recordOf(dtype: DType, view: DataView, offset: number): NdRecord {
  const record: NdRecord = {};
  // without this a field 1023 would take 12 KB of each record
  if (dtype.hasIndexFields) storeIndexKeysInHashTable(record);
  for (const field of dtype.fields) {
    const value = fieldOf(field, view, offset + field.offset, 0);
    // an own member, even if plain objects inherit a member of this name
    if (!(field.name in Object.prototype)) record[field.name] = value;
    else Object.defineProperty(record, field.name, { value, writable: true, enumerable: true, configurable: true });
  }
  return record;
}

/** @param axis of a field that is an array: the dimension that is read */
function fieldOf({ dtype, shape }: DTypeField, view: DataView, offset: number, axis: number): NdValue {
  if (axis === shape.length) return scalarAt(dtype, view, offset);
  const inner = shape.slice(axis + 1);
  const step = dtype.itemBytes * sizeOf(inner);
  const field = { name: '', dtype, offset, shape: inner };
  return Array.from({ length: shape[axis]! }, (_, index) => fieldOf(field, view, offset + index * step, 0));
}

/** Reads an element that may begin at any byte, in either byte order. */
export function scalarAt(dtype: DType, view: DataView, at: number): NdValue {
  const little = IS_LITTLE_ENDIAN !== dtype.isForeign;
  switch (dtype.code) {
    case 'b1':
      return view.getUint8(at) !== 0;
    case 'i1':
      return view.getInt8(at);
    case 'i2':
      return view.getInt16(at, little);
    case 'i4':
      return view.getInt32(at, little);
    case 'i8':
      return view.getBigInt64(at, little);
    case 'u1':
      return view.getUint8(at);
    case 'u2':
      return view.getUint16(at, little);
    case 'u4':
      return view.getUint32(at, little);
    case 'u8':
      return view.getBigUint64(at, little);
    case 'f2':
      return float16Of(view.getUint16(at, little));
    case 'f4':
      return view.getFloat32(at, little);
    case 'f8':
      return view.getFloat64(at, little);
    case 'c8':
      return new PyComplex(view.getFloat32(at, little), view.getFloat32(at + 4, little));
    case 'c16':
      return new PyComplex(view.getFloat64(at, little), view.getFloat64(at + 8, little));
  }
  switch (dtype.kind) {
    case 'struct':
      return recordOf(dtype, view, at);
    case 'text':
      return textOfPoints(dtype.lanes, (index) => view.getUint32(at + 4 * index, little));
    case 'bytes':
      return withoutZeros(bytesAt(new Uint8Array(view.buffer, view.byteOffset), at, dtype.itemBytes));
    case 'void':
      return bytesAt(new Uint8Array(view.buffer, view.byteOffset), at, dtype.itemBytes);
    default:
      return view.getBigInt64(at, little);
  }
}

function bytesAt(data: Uint8Array, start: number, length: number): Buffer {
  return Buffer.from(data.subarray(start, start + length));
}

/** Bytes up to the zeros at the end, which NumPy does not tell from bytes that are missing: a view, or the same bytes. */
export function withoutZeros(bytes: Buffer): Buffer {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return end === bytes.length ? bytes : bytes.subarray(0, end);
}

const UNKNOWN_CHARACTER = 0xfffd;
const MAX_CODE_POINT = 0x10ffff;
/** V8 copies the parts of a shorter text that `+` puts together. */
const MOST_JOINED = 12;

/** The text of code points, without zeros at its end. A number that is no code point is read as U+FFFD. */
function textOfPoints(length: number, pointAt: (index: number) => number): string {
  let end = length;
  while (end > 0 && pointAt(end - 1) === 0) end--;
  if (end > MOST_JOINED) return longText(end, pointAt);
  let text = '';
  for (let index = 0; index < end; index++) text += String.fromCodePoint(known(pointAt(index)));
  return text;
}

/** A text that `+` puts together takes 32 bytes for each longer part. */
function longText(length: number, pointAt: (index: number) => number): string {
  let most = length;
  for (let index = 0; index < length; index++) if (pointAt(index) > 0xffff) most++;
  const units = new TextUnits();
  units.begin(most);
  for (let index = 0; index < length; index++) units.add(known(pointAt(index)));
  return units.end();
}

function known(point: number): number {
  return point > MAX_CODE_POINT ? UNKNOWN_CHARACTER : point;
}
