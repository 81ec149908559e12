import { SerializeError } from '../protocol/errors.js';
import { peerText, quotedText } from '../protocol/texts/peer-text.js';
import { PyComplex, PyFloat, PyTuple } from '../serpent/index.js';
import { DType } from './dtype.js';
import { MAX_DIMENSIONS, shapeOf, shapeText, sizeOf } from './shape.js';

/** Characters of an item that an error shows. */
const MAX_SHOWN_CHARS = 40;

/**
 * The shape of nested lists, by the first item of each.
 *
 * @param depth most dimensions; lists at this depth are items
 * @param ofRecords whether a tuple is an item: the values of a record
 */
export function shapeOfNested(nested: unknown, depth = Infinity, ofRecords = false): number[] {
  const shape: number[] = [];
  for (let part = nested; isList(part) && shape.length < depth; part = part[0]) {
    if (ofRecords && part instanceof PyTuple) break;
    if (shape.length === MAX_DIMENSIONS)
      throw new SerializeError(`nested lists of more than ${MAX_DIMENSIONS} dimensions are no array`);
    shape.push(part.length);
  }
  return shapeOf(shape);
}

/**
 * The items of nested lists in C order, as one list.
 *
 * @param ofRecords whether an item may be a list: the values of a record
 * @throws {SerializeError} when the lists are not all as long as the shape says
 */
export function flat(nested: unknown, shape: readonly number[], ofRecords = false): unknown[] {
  if (shape.length === 0) return [itemOf(nested, shape, ofRecords)];
  const items: unknown[] = [];
  const last = shape.length - 1;
  const visit = (part: unknown, axis: number): void => {
    if (!isList(part) || part.length !== shape[axis]) throw ragged(shape);
    for (let index = 0; index < part.length; index++) {
      if (axis < last) visit(part[index], axis + 1);
      else items.push(itemOf(part[index], shape, ofRecords));
    }
  };
  visit(nested, 0);
  return items;
}

function itemOf(item: unknown, shape: readonly number[], ofRecords: boolean): unknown {
  if (typeof item === 'object' && !ofRecords && isList(item)) throw ragged(shape);
  return item;
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
  if (typeof item === 'string') return quotedText(item, MAX_SHOWN_CHARS);
  return peerText(String(item as number), MAX_SHOWN_CHARS);
}
