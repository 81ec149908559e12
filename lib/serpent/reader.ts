import { CHARACTERS } from './characters.js';
import { SerpentError } from './errors.js';
import { checkLimits, type SerpentLimits } from './limits.js';
import { Scanner } from './scanner.js';
import { TableReader } from './table-reader.js';
import type { ReadBudget } from './value-costs.js';

const { COMMA } = CHARACTERS;

const DEFAULT_MAX_VALUE_BYTES = 256 * 1024 * 1024;

export interface LoadsOptions extends SerpentLimits {
  /**
   * `natural` (default): plain JavaScript values. `faithful`: tuples, floats and all dicts stay apart (PyTuple, PyFloat,
   * Map), so that the value is written back as the same Python value.
   */
  values?: 'natural' | 'faithful';
  /**
   * Memory that the value may take, in bytes of V8's heap, as {@link loads} estimates it; the estimate is within a factor of two.
   * Default 256 MiB. A few bytes of text can stand for much memory.
   */
  maxValueBytes?: number;
  /** @internal has the limit instead of `maxValueBytes`, and gets the estimated memory of the value, also when reading fails */
  budget?: ReadBudget;
}

/** The result of {@link parse}. */
export interface Parsed {
  value: unknown;
  /** True when a dict has a `__class__` key. The dicts of nan and complex numbers, which are decoded already, do not count. */
  sawClass: boolean;
}

/**
 * Reads a Python literal: serpent's output, and all that `repr` and `pprint` print and `ast.literal_eval` takes.
 *
 * @param data UTF-8 bytes, or a string
 * @throws {SerpentError} when the text is no such literal; `offset` says where
 */
export function loads(data: Uint8Array | string, options?: LoadsOptions): unknown {
  return parse(data, options).value;
}

/** As {@link loads}, and says whether there are class dicts to convert. */
export function parse(data: Uint8Array | string, options: LoadsOptions = {}): Parsed {
  const { values = 'natural', maxValueBytes = DEFAULT_MAX_VALUE_BYTES } = options;
  if (values !== 'natural' && values !== 'faithful') {
    throw new SerpentError(`values is ${String(values)}; it has to be "natural" or "faithful"`, 'BAD_OPTION');
  }
  if (!(maxValueBytes >= 1)) throw new SerpentError(`maxValueBytes is ${maxValueBytes}; it has to be at least 1`, 'BAD_OPTION');
  const { budget = { spentBytes: 0, limitBytes: maxValueBytes } } = options;
  const scanner = new Scanner(bufferOf(data), checkLimits(options), values === 'faithful', budget);
  try {
    return new Reader(scanner).read();
  } finally {
    budget.spentBytes = scanner.spent;
  }
}

function bufferOf(data: Uint8Array | string): Buffer {
  if (typeof data === 'string') {
    const at = data.search(/\p{Surrogate}/u);
    if (at !== -1) throw new SerpentError(`half of a surrogate pair in the text, at index ${at}`, 'ENCODING');
    return Buffer.from(data, 'utf8');
  }
  return Buffer.isBuffer(data) ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

class Reader extends TableReader {
  read(): Parsed {
    const { scanner } = this;
    let value = this.value(scanner.token());
    if (scanner.token() === COMMA) value = this.tuple(value, -1);
    if (scanner.token() !== -1) scanner.expected('the end');
    scanner.spend(0);
    return { value, sawClass: this.sawClass };
  }
}
