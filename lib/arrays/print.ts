import { inspect } from 'node:util';
import { shapeText } from './shape.js';

/** Items of each dimension that are printed before and after the dots. */
const EDGE_ITEMS = 3;
/** If an array has more elements, the middle is left out. */
const MOST_ELEMENTS = 100;

/** Most elements that are printed. An array of 20 dimensions has 1,000,000 elements at its edges. */
const MAX_PRINTED = 1_000;
const STYLE = { breakLength: Infinity, maxStringLength: 200 };

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
  const items = new ItemTexts(size > MOST_ELEMENTS ? EDGE_ITEMS : Infinity).of(array);
  return `array(${items}, dtype=${dtype}, shape=${shapeText(shape)})`;
}

class ItemTexts {
  private left = MAX_PRINTED;

  /** @param edge items of each dimension that are printed before and after the dots */
  constructor(private readonly edge: number) {}

  of(array: PrintedArray): string {
    const { edge } = this;
    const [length] = array.shape;
    if (length === undefined) {
      this.left--;
      return inspect(array.get(), STYLE);
    }
    const items: string[] = [];
    for (let index = 0; index < length; index++) {
      if (this.left <= 0) {
        items.push('…');
        break;
      }
      if (length > 2 * edge && index === edge) {
        items.push('…');
        index = length - edge;
      }
      items.push(this.of(array.at(index)));
    }
    return `[${items.join(', ')}]`;
  }
}
