import { SerializeError } from '../protocol/errors.js';
import { PyComplex, PyFloat } from '../serpent/index.js';
import type { DType, DTypeField } from './dtype.js';
import type { NdTypedArray } from './element-types.js';
import { float16Bits, float16Of } from './float16.js';
import { bytesOfData, newData, type Spend } from './memory.js';
import { flat, isList, unfitElement } from './nested.js';
import { safeIntPutter } from './number-conversion.js';
import { sizeOf } from './shape.js';
import { ticksReader } from './times.js';

/** The memory of a value of a record while it is written, in bytes. */
const VALUE_COST = 16;

/**
 * Fills a typed array with items. Records are plain objects, or lists of the values of all fields.
 *
 * @param spend called with the memory that records take while they are written
 * @throws {SerializeError} naming the item that the dtype cannot hold
 */
export function fill(dtype: DType, data: NdTypedArray, items: Iterable<unknown>, spend: Spend): void {
  if (dtype.kind === 'struct') {
    fillRecords(dtype, data as Uint8Array, [...items], spend);
    return;
  }
  const put = putterFor(dtype, data);
  let index = 0;
  for (const item of items) put(item instanceof PyFloat ? item.value : item, index++);
}

type Put = (item: unknown, index: number) => void;

function putterFor(dtype: DType, data: NdTypedArray): Put {
  const numbers = data as Float64Array;
  const refuse = (item: unknown): never => {
    throw unfitElement(item, dtype);
  };
  switch (dtype.kind) {
    case 'bool':
      return (item, index) => {
        const number = numberOf(item);
        numbers[index] = number === 0 || number === 1 ? number : refuse(item);
      };
    case 'float':
      return (item, index) => {
        const number = floatOf(item) ?? refuse(item);
        // rounded only once: not to 32 bits first
        numbers[index] = dtype.code === 'f2' ? float16Of(float16Bits(number)) : number;
      };
    case 'complex':
      return (item, index) => {
        const { real, imag } = item instanceof PyComplex ? item : { real: floatOf(item) ?? refuse(item), imag: 0 };
        numbers[2 * index] = real;
        numbers[2 * index + 1] = imag;
      };
    case 'int':
    case 'uint':
      return intPutter(dtype, data, refuse);
    case 'datetime':
    case 'timedelta':
      return timePutter(dtype, data as BigInt64Array, refuse);
    case 'text':
      return (item, index) => {
        if (typeof item !== 'string' || !putText(item, numbers, index * dtype.lanes, dtype.lanes)) refuse(item);
      };
    case 'bytes':
    case 'void':
      return (item, index) => {
        // a character has a byte or more: no bytes are made of a text that is too long
        if (typeof item === 'string' && item.length > dtype.itemBytes) refuse(item);
        const bytes = item instanceof Uint8Array ? item : typeof item === 'string' ? Buffer.from(item) : refuse(item);
        if (bytes.length > dtype.itemBytes) refuse(item);
        (data as Uint8Array).set(bytes, index * dtype.itemBytes);
      };
    case 'struct':
      throw new TypeError('records are written field by field');
  }
}

/** Writes the code points of a text. No list of them is made: texts of peers may be long. @returns false when there are too many */
function putText(text: string, points: NdTypedArray, start: number, most: number): boolean {
  if (text.length > 2 * most) return false;
  const end = start + most;
  let to = start;
  for (let at = 0; at < text.length; to++) {
    if (to === end) return false;
    const point = text.codePointAt(at)!;
    points[to] = point;
    at += point > 0xffff ? 2 : 1;
  }
  return true;
}

/** Writes the values of one field after the other. */
function fillRecords(dtype: DType, data: Uint8Array, records: readonly unknown[], spend: Spend): void {
  for (const record of records) checkRecord(dtype, record);
  for (const [place, field] of dtype.fields.entries()) {
    const column = columnOf(field, place, records, spend);
    const bytes = field.dtype.itemBytes * sizeOf(field.shape);
    for (let index = 0; index < records.length; index++) {
      data.set(column.subarray(index * bytes, (index + 1) * bytes), index * dtype.itemBytes + field.offset);
    }
  }
}

/** The bytes of one field of all records. @param place of its value in a record that is a list */
function columnOf({ name, dtype, shape }: DTypeField, place: number, records: readonly unknown[], spend: Spend): Uint8Array {
  spend(records.length * sizeOf(shape) * VALUE_COST);
  const values: unknown[] = [];
  try {
    for (const record of records) {
      const value = isList(record) ? record[place] : (record as Record<string, unknown>)[name];
      if (shape.length === 0) values.push(value);
      else for (const item of flat(value, shape, dtype.kind === 'struct')) values.push(item);
    }
    const column = newData(dtype, values.length, spend);
    fill(dtype, column, values, spend);
    return bytesOfData(dtype, column);
  } catch (error) {
    throw error instanceof SerializeError ? new SerializeError(`field ${JSON.stringify(name)}: ${error.message}`) : error;
  }
}

/** @throws {SerializeError} when a record has other members than the fields */
function checkRecord(dtype: DType, record: unknown): void {
  const names = dtype.fields.map(({ name }) => name);
  if (isList(record)) {
    if (record.length === names.length) return;
    throw new SerializeError(`a record of ${record.length} values cannot be an element of dtype ${dtype.name}`);
  }
  if (typeof record !== 'object' || record === null || ArrayBuffer.isView(record)) throw unfitElement(record, dtype);
  const missing = names.find((name) => !Object.hasOwn(record, name));
  if (missing !== undefined) throw new SerializeError(`a record of dtype ${dtype.name} has no member ${JSON.stringify(missing)}`);
  const given = Object.keys(record);
  if (given.length === names.length) return;
  const other = given.find((name) => !names.includes(name))!;
  throw new SerializeError(`the member ${JSON.stringify(other)} of a record is no field of dtype ${dtype.name}`);
}

function timePutter(dtype: DType, data: BigInt64Array, refuse: (item: unknown) => never): Put {
  const ticksOf = ticksReader(dtype);
  const putSafe = safeIntPutter(data);
  return (item, index) => {
    const ticks = ticksOf(item) ?? refuse(item);
    if (typeof ticks === 'number') putSafe(ticks, index);
    else data[index] = ticks;
  };
}

function intPutter(dtype: DType, data: NdTypedArray, refuse: (item: unknown) => never): Put {
  const bits = BigInt(dtype.itemBytes * 8);
  const isSigned = dtype.kind === 'int';
  const [least, most] = isSigned ? [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n] : [0n, 2n ** bits - 1n];
  if (dtype.itemBytes === 8) {
    const wide = data as BigInt64Array;
    const putSafe = safeIntPutter(wide);
    return (item, index) => {
      if (typeof item === 'number' && Number.isSafeInteger(item) && (isSigned || item >= 0)) return putSafe(item, index);
      const int = intOf(item) ?? refuse(item);
      wide[index] = int >= least && int <= most ? int : refuse(item);
    };
  }
  const narrow = data as Int32Array;
  const [smallest, largest] = [Number(least), Number(most)];
  return (item, index) => {
    const int = typeof item === 'number' && Number.isInteger(item) ? item : Number(intOf(item) ?? refuse(item));
    narrow[index] = int >= smallest && int <= largest ? int : refuse(item);
  };
}

function intOf(item: unknown): bigint | undefined {
  if (typeof item === 'bigint') return item;
  if (typeof item === 'boolean') return BigInt(item);
  return Number.isInteger(item) ? BigInt(item as number) : undefined;
}

/** The number of an item of floats; undefined also for an int beyond the largest float. */
function floatOf(item: unknown): number | undefined {
  const number = numberOf(item);
  return typeof item === 'bigint' && !Number.isFinite(number) ? undefined : number;
}

function numberOf(item: unknown): number | undefined {
  if (typeof item === 'number') return item;
  return typeof item === 'bigint' || typeof item === 'boolean' ? Number(item) : undefined;
}
