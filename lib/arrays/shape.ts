import { SerializeError } from '../protocol/errors.js';
import { peerText } from '../protocol/texts/peer-text.js';
import { safeText } from '../protocol/texts/safe-text.js';

/** Dimensions of an array, as in NumPy. */
export const MAX_DIMENSIONS = 64;

/**
 * Most lists of an array without elements: `(1000000, 0)` is a list of a million lists. Without this limit, the few bytes of a shape could
 * stand for any number of lists.
 */
const MAX_EMPTY_LISTS = 10_000;
/** Most elements without bytes of an array, for example of dtype `S0`. */
const MAX_EMPTY_ELEMENTS = 10_000;

/** Characters of a shape that an error shows. */
const MAX_SHOWN_CHARS = 100;

export type Shape = readonly number[];

/** Checks a shape. @throws {SerializeError} when it is no list of lengths, or stands for more elements than can be counted */
export function shapeOf(given: unknown): number[] {
  if (!Array.isArray(given)) throw new SerializeError(`the shape of an array is ${shown(given)}; it must be a list of lengths`);
  if (given.length > MAX_DIMENSIONS) {
    throw new SerializeError(`an array of ${given.length} dimensions is over ${MAX_DIMENSIONS}, the most of NumPy`);
  }
  let elements = 1;
  const shape: number[] = [];
  for (const length of given as unknown[]) {
    if (!Number.isSafeInteger(length) || (length as number) < 0) {
      throw new SerializeError(`the shape of an array has the length ${shown(length)}; a length is a whole number from 0`);
    }
    shape.push(length as number);
    // NumPy also refuses a shape whose other lengths are too large
    elements *= length as number;
    if (!Number.isSafeInteger(elements))
      throw new SerializeError(`an array of shape (${shape.join(', ')}, …) has more elements than can be counted`);
  }
  const lists = elements === 0 ? listsOf(shape) : 0;
  if (lists > MAX_EMPTY_LISTS) {
    throw new SerializeError(
      `an array without elements of shape (${shape.join(', ')}) stands for ${lists} lists; ${MAX_EMPTY_LISTS} is the most`,
    );
  }
  return shape;
}

/** Refuses too many elements without bytes: a few bytes could stand for any number of them. */
export function checkEmptyElements(shape: Shape, itemBytes: number, most = MAX_EMPTY_ELEMENTS): void {
  if (itemBytes > 0 || sizeOf(shape) <= most) return;
  throw new SerializeError(`an array of ${sizeOf(shape)} elements of no bytes is refused; ${most} is the most`);
}

/** Number of elements. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((size, length) => size * length, 1);
}

/** Number of lists that the nested lists of an array are, at all depths. */
export function listsOf(shape: Shape): number {
  let lists = 0;
  let ofAxis = 1;
  for (const length of shape) {
    lists += ofAxis;
    ofAxis *= length;
  }
  return lists;
}

/** Number of lists in excess of one for each element: these lists have no bytes on the wire. */
export function spareLists(shape: Shape): number {
  return Math.max(0, listsOf(shape) - sizeOf(shape));
}

/** Steps between neighbours of each dimension, in elements. */
export function stridesOf(shape: Shape, order: 'C' | 'F'): number[] {
  const strides: number[] = [];
  let step = 1;
  const axes = [...shape.keys()];
  for (const axis of order === 'C' ? axes.reverse() : axes) {
    strides[axis] = step;
    step *= shape[axis]!;
  }
  return strides;
}

/** True when the elements are contiguous in this order. */
export function isContiguous(shape: Shape, strides: readonly number[], order: 'C' | 'F'): boolean {
  if (shape.includes(0)) return true;
  const dense = stridesOf(shape, order);
  return shape.every((length, axis) => length === 1 || strides[axis] === dense[axis]);
}

/** The text of a shape, as in Python: `(2, 3)`, `(2,)`, `()`. */
export function shapeText(shape: Shape): string {
  return `(${shape.join(', ')}${shape.length === 1 ? ',' : ''})`;
}

function shown(given: unknown): string {
  return peerText(safeText(given), MAX_SHOWN_CHARS);
}
