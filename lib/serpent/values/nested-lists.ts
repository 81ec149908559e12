/** The elements of {@link NestedLists}, by their places in memory. */
export interface ListedElements {
  /** Numbers that are the elements: floats, or ints. Undefined when `elementAt` makes the elements. */
  readonly numbers?: ArrayLike<number | bigint>;
  readonly areFloats: boolean;
  /** The value of the element at a place: no list, but maybe a tuple, which may have {@link NestedLists} as items. */
  elementAt(place: number): unknown;
}

/**
 * Virtual lists inside of lists: no list is ever made. A writer walks over the elements, and stops where the text is too long. A method may
 * give its caller an array back, and made lists would take some hundred times the memory of an array of bytes.
 */
export class NestedLists {
  /** How deep the lists stand: after a length of 0 there are none. */
  readonly depth: number;

  /**
   * @param shape the length of each dimension, at least one
   * @param strides steps between neighbours of each dimension, in places
   * @param offset the place of the first element
   */
  constructor(
    readonly shape: readonly number[],
    readonly strides: readonly number[],
    readonly offset: number,
    readonly elements: ListedElements,
  ) {
    const empty = shape.indexOf(0);
    this.depth = empty < 0 ? shape.length : empty + 1;
  }
}
