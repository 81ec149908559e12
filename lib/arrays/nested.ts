import { SerializeError } from '../protocol/errors.js';
import { PyComplex, PyFloat } from '../serpent/index.js';
import { DType } from './dtype.js';
import type { NdTypedArray } from './element-types.js';
import { float16Bits, float16Of } from './float16.js';
import { MAX_DIMENSIONS, shapeOf, shapeText, sizeOf } from './shape.js';
import { ticksOf } from './times.js';

/** The shape of nested lists, by the first item of each. */
export function shapeOfNested(nested: unknown): number[] {
  const shape: number[] = [];
  for (let part = nested; isList(part); part = part[0]) {
    if (shape.length === MAX_DIMENSIONS)
      throw new SerializeError(`nested lists of more than ${MAX_DIMENSIONS} dimensions are no array`);
    shape.push(part.length);
  }
  return shapeOf(shape);
}

/** Calls `take` with each item of nested lists in C order. @throws {SerializeError} when the lists are not all as long as the shape says */
export function eachItem(nested: unknown, shape: readonly number[], take: (item: unknown, index: number) => void): void {
  let count = 0;
  const visit = (part: unknown, axis: number): void => {
    if (axis === shape.length) {
      if (isList(part)) throw ragged(shape);
      take(part, count++);
      return;
    }
    if (!isList(part) || part.length !== shape[axis]) throw ragged(shape);
    for (const item of part as Iterable<unknown>) visit(item, axis + 1);
  };
  visit(nested, 0);
}

/** The items of nested lists as one list, whatever the shape says about its dimensions. */
export function flat(nested: unknown, shape: readonly number[]): unknown[] {
  const items: unknown[] = [];
  eachItem(nested, shape, (item) => items.push(item));
  return items;
}

/** The dtype that NumPy's rules give to items of JavaScript. Numbers are float64: JavaScript does not tell 1.0 from 1. */
export function dtypeOfItems(items: readonly unknown[]): DType {
  const kinds = new Set(items.map(kindOfItem));
  if (kinds.size === 0) return numeric('f8');
  if (kinds.size === 1) {
    const [kind] = kinds;
    if (kind === 'text')
      return DType.sized(
        'text',
        longest(items, (item) => codePointsIn(item as string)),
        false,
      );
    if (kind === 'bytes')
      return DType.sized(
        'bytes',
        longest(items, (item) => (item as Uint8Array).length),
        false,
      );
    if (kind === 'date') return DType.time('datetime', 'ms', false);
    if (kind === 'bool') return numeric('b1');
    if (kind === 'bigint') return numeric(items.some((item) => (item as bigint) >= 2n ** 63n) ? 'u8' : 'i8');
  }
  const isNumber = [...kinds].every((kind) => kind === 'bigint' || kind === 'number' || kind === 'complex');
  if (!isNumber) throw new SerializeError(`a list of ${[...kinds].join(' and ')} is no array`);
  if (kinds.has('complex')) return numeric('c16');
  const areInts = kinds.has('bigint') && items.every((item) => typeof item === 'bigint' || Number.isSafeInteger(item));
  return numeric(areInts ? 'i8' : 'f8');
}

/**
 * Fills a typed array with items.
 *
 * @throws {SerializeError} naming the item that the dtype cannot hold
 */
export function fill(dtype: DType, data: NdTypedArray, items: Iterable<unknown>): void {
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
        const number = numberOf(item) ?? refuse(item);
        // rounded only once: not to 32 bits first
        numbers[index] = dtype.code === 'f2' ? float16Of(float16Bits(number)) : number;
      };
    case 'complex':
      return (item, index) => {
        const { real, imag } = item instanceof PyComplex ? item : { real: numberOf(item) ?? refuse(item), imag: 0 };
        numbers[2 * index] = real;
        numbers[2 * index + 1] = imag;
      };
    case 'int':
    case 'uint':
      return intPutter(dtype, data, refuse);
    case 'datetime':
    case 'timedelta':
      return (item, index) => ((data as BigInt64Array)[index] = ticksOf(dtype, item) ?? refuse(item));
    case 'text':
      return (item, index) => {
        const points = typeof item === 'string' ? Array.from(item) : refuse(item);
        if (points.length > dtype.lanes) refuse(item);
        points.forEach((character, at) => (numbers[index * dtype.lanes + at] = character.codePointAt(0)!));
      };
    case 'bytes':
    case 'void':
      return (item, index) => {
        const bytes = item instanceof Uint8Array ? item : typeof item === 'string' ? Buffer.from(item) : refuse(item);
        if (bytes.length > dtype.itemBytes) refuse(item);
        (data as Uint8Array).set(bytes, index * dtype.itemBytes);
      };
    case 'struct':
      throw new SerializeError(
        'records in lists are not read as a structured array; send their bytes: npy, or dtype, shape and data',
      );
  }
}

function intPutter(dtype: DType, data: NdTypedArray, refuse: (item: unknown) => never): Put {
  const bits = BigInt(dtype.itemBytes * 8);
  const isSigned = dtype.kind === 'int';
  const [least, most] = isSigned ? [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n] : [0n, 2n ** bits - 1n];
  if (dtype.itemBytes === 8) {
    const wide = data as BigInt64Array;
    return (item, index) => {
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

function numberOf(item: unknown): number | undefined {
  if (typeof item === 'number') return item;
  return typeof item === 'bigint' || typeof item === 'boolean' ? Number(item) : undefined;
}

function kindOfItem(item: unknown): string {
  if (typeof item === 'boolean') return 'bool';
  if (typeof item === 'string') return 'text';
  if (item instanceof Uint8Array) return 'bytes';
  if (item instanceof PyComplex) return 'complex';
  if (item instanceof PyFloat) return 'number';
  if (item instanceof Date) return 'date';
  return typeof item === 'number' || typeof item === 'bigint' ? typeof item : shown(item);
}

/** True for a list, and for a typed array other than bytes, which is an item. */
export function isList(value: unknown): value is ArrayLike<unknown> & Iterable<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView) && !Buffer.isBuffer(value));
}

function numeric(code: string): DType {
  return DType.numeric(code, false)!;
}

function longest(items: readonly unknown[], lengthOf: (item: unknown) => number): number {
  return items.reduce((length: number, item) => Math.max(length, lengthOf(item)), 0);
}

/** Number of code points. No list of them is made: texts of peers may be long. */
function codePointsIn(text: string): number {
  let count = text.length;
  for (let index = 1; index < text.length; index++) if (text.codePointAt(index - 1)! > 0xffff) count--;
  return count;
}

function ragged(shape: readonly number[]): SerializeError {
  return new SerializeError(
    `nested lists of different lengths are no array: the first ones make the shape ${shapeText(shape)} of ${sizeOf(shape)} elements`,
  );
}

/** The error of an item that a dtype cannot hold. */
export function unfitElement(item: unknown, dtype: DType): SerializeError {
  return new SerializeError(`${shown(item)} cannot be an element of dtype ${dtype.name}`);
}

function shown(item: unknown): string {
  if (item === null || item === undefined) return 'None';
  if (typeof item === 'object' && !(item instanceof PyComplex)) return item instanceof Uint8Array ? 'bytes' : 'an object';
  return typeof item === 'string' ? JSON.stringify(item.slice(0, 40)) : String(item as number);
}
