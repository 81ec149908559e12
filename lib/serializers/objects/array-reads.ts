import type { DType } from '../../arrays/dtype.js';
import { dtypeOf } from '../../arrays/dtype-reader.js';
import { type Shape, sizeOf, spareLists } from '../../arrays/shape.js';

/** The memory of an NdArray without its elements, in bytes. */
const ARRAY_COST = 1_000;
/** The memory of a value without bytes on the wire, and of a list, in the nested lists of an array, in bytes. */
const HOLLOW_COST = 400;
const LIST_COST = 100;
/** Dtypes that one message is expected to have. */
const MOST_DTYPES = 100;

/** Counts the memory that the arrays of a message take, and keeps the dtypes that they share. */
export class ArrayReads {
  private dtypes: Map<unknown, DType> | undefined;

  /** @param spend called with the bytes of an array before they are allocated; throws when they are too many */
  constructor(readonly spend: (bytes: number) => void) {}

  /** Reads each text or list only once: dicts of marshal may share it, and then take few bytes each. */
  dtype(given: unknown): DType {
    const known = this.dtypes?.get(given);
    if (known !== undefined) return known;
    const dtype = dtypeOf(given, this.spend);
    this.dtypes ??= new Map();
    if (this.dtypes.size < MOST_DTYPES) this.dtypes.set(given, dtype);
    return dtype;
  }

  /** Spends the memory of an array, and of its nested lists, which may be made later. The bytes of its elements are spent elsewhere. */
  spendArray(dtype: DType, shape: Shape): void {
    const description = dtype.kind === 'struct' ? dtype.name.length : 0;
    const hollow = dtype.hollowValues * sizeOf(shape) * HOLLOW_COST;
    this.spend(ARRAY_COST + description + hollow + spareLists(shape) * LIST_COST);
  }
}
