import { inspect } from 'node:util';
import { shapeText } from './shape.js';

/** Items of each dimension that are printed before and after the dots. */
const EDGE_ITEMS = 3;
/** If an array has more elements, the middle is left out. */
const MOST_ELEMENTS = 100;

/** The part of an array that its text needs. */
interface PrintedArray {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly size: number;
  get(): unknown;
  at(index: number): PrintedArray;
}

/** The text of an array, cut when it is long. */
export function arrayText(array: PrintedArray): string {
  const { dtype, shape, size } = array;
  const edge = size > MOST_ELEMENTS ? EDGE_ITEMS : Infinity;
  return `array(${nestedText(array, edge)}, dtype=${dtype}, shape=${shapeText(shape)})`;
}

function nestedText(array: PrintedArray, edge: number): string {
  const [length] = array.shape;
  if (length === undefined) return inspect(array.get(), { breakLength: Infinity });
  const items: string[] = [];
  for (let index = 0; index < length; index++) {
    if (length > 2 * edge && index === edge) {
      items.push('…');
      index = length - edge;
    }
    items.push(nestedText(array.at(index), edge));
  }
  return `[${items.join(', ')}]`;
}
