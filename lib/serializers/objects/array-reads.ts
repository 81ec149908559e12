import type { DType } from '../../arrays/dtype.js';
import { dtypeOf } from '../../arrays/dtype-reader.js';
import type { Spend } from '../../arrays/memory.js';
import { type NpyHeader, readNpyHeader } from '../../arrays/npy.js';
import { type Shape, sizeOf, spareLists } from '../../arrays/shape.js';

/** The memory of an NdArray without its elements, in bytes. */
const ARRAY_COST = 1_000;
/** The memory of a value without bytes on the wire, and of a list, in the nested lists of an array, in bytes. */
const HOLLOW_COST = 400;
const LIST_COST = 100;
/** Dtypes that one message is expected to have, and characters of one that is kept. */
const MOST_DTYPES = 100;
const MOST_TEXT_CHARS = 8_192;

/** Npy headers that one message is expected to have, and characters of one. Those of arrays that are no records have some 118. */
const MOST_HEADERS = 100;
const MOST_HEADER_CHARS = 1_024;

/** Counts the memory that the arrays of a message take, and keeps the dtypes and npy headers that they share. */
export class ArrayReads {
  private dtypes: Map<unknown, DType> | undefined;
  private headers: Map<string, NpyHeader> | undefined;

  /** @param spend called with the bytes of an array before they are allocated; throws when they are too many */
  constructor(readonly spend: Spend) {}

  /** Reads each text or list only once: dicts of marshal may share it, and then take few bytes each. */
  dtype(given: unknown): DType {
    // V8 gives long texts of one length the same hash
    if (typeof given === 'string' && given.length > MOST_TEXT_CHARS) return dtypeOf(given, this.spend);
    const known = this.dtypes?.get(given);
    if (known !== undefined) return known;
    const dtype = dtypeOf(given, this.spend);
    this.dtypes ??= new Map();
    if (this.dtypes.size < MOST_DTYPES) this.dtypes.set(given, dtype);
    return dtype;
  }

  /** Reads the header of an npy file. Short headers are read once. */
  npyHeader(text: string): NpyHeader {
    if (text.length > MOST_HEADER_CHARS) return readNpyHeader(text, this.spend);
    const known = this.headers?.get(text);
    if (known !== undefined) return known;
    const header = readNpyHeader(text, this.spend);
    this.headers ??= new Map();
    if (this.headers.size < MOST_HEADERS) this.headers.set(text, header);
    return header;
  }

  /** Spends the memory of an array, and of its nested lists, which may be made later. The bytes of its elements are spent elsewhere. */
  spendArray(dtype: DType, shape: Shape): void {
    const description = dtype.kind === 'struct' ? dtype.name.length : 0;
    const hollow = dtype.hollowValues * sizeOf(shape) * HOLLOW_COST;
    this.spend(ARRAY_COST + description + hollow + spareLists(shape) * LIST_COST);
  }
}
