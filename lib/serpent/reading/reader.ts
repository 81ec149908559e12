import { CHARACTERS } from '../text/characters.js';
import { SerpentError } from '../values/serpent-error.js';
import { checkOptionNames } from '../values/option-names.js';
import { type CheckedLimits, checkLimits, LIMIT_NAMES, type SerpentLimits } from '../values/value-limits.js';
import { Scanner } from './scanner.js';
import { TableReader } from './table-reader.js';
import type { ReadBudget } from '../costs/value-costs.js';

const { COMMA } = CHARACTERS;

/** For programs that use serpent alone: daemons and proxies give their own limit, which heap-share.ts of options/ has. */
const STANDALONE_MAX_VALUE_BYTES = 256 * 1024 * 1024;

/** Options of {@link loads}. */
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

const OPTIONS: readonly (keyof LoadsOptions)[] = [...LIMIT_NAMES, 'values', 'maxValueBytes'];

/** The result of {@link parse}. */
export interface Parsed {
  /** The value of the literal. Class dicts are dicts still. */
  value: unknown;
  /** True when a dict has a `__class__` key. The dicts of nan and complex numbers, which are decoded already, do not count. */
  sawClass: boolean;
  /** True when a dict without a `__class__` has a key `dtype` or `nd`: it may stand for an array of NumPy. */
  sawArray: boolean;
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

/** Reads a literal as {@link loads} does, and tells whether there are class dicts to convert. */
export function parse(data: Uint8Array | string, options: LoadsOptions = {}): Parsed {
  checkOptionNames(options, 'loads', OPTIONS, 'budget');
  const { values = 'natural', maxValueBytes = STANDALONE_MAX_VALUE_BYTES } = options;
  if (values !== 'natural' && values !== 'faithful') {
    throw new SerpentError(`values is ${String(values)}; it has to be "natural" or "faithful"`, 'BAD_OPTION');
  }
  if (!(maxValueBytes >= 1)) throw new SerpentError(`maxValueBytes is ${maxValueBytes}; it has to be at least 1`, 'BAD_OPTION');
  const { budget = { spentBytes: 0, limitBytes: maxValueBytes } } = options;
  return new LiteralReader(checkLimits(options), values === 'faithful').read(bufferOf(data), 0, budget, 0);
}

/** Reads literals one after the other with the same reader: making a reader takes as long as reading the small arguments of a call. */
export class LiteralReader {
  /** The reader for the next literal. Undefined while a literal is read. A reader that failed is not used again. */
  private idle: Reader | undefined;

  constructor(
    private readonly limits: CheckedLimits,
    private readonly faithful: boolean,
  ) {}

  /**
   * Reads the literal from `start` to the end of the bytes.
   *
   * @param budget gets the estimated memory of the value, also when reading fails
   * @param names number of strings at the beginning of the message that are probably frequent names
   * @throws {SerpentError} when the text is no literal; `offset` says where, counted from `start`
   */
  read(data: Buffer, start: number, budget: ReadBudget, names: number): Parsed {
    const reader = this.idle ?? new Reader(new Scanner(this.limits, this.faithful));
    this.idle = undefined;
    const parsed = reader.read(data, start, budget, names);
    this.idle = reader;
    return parsed;
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
  read(data: Buffer, start: number, budget: ReadBudget, names: number): Parsed {
    const { scanner } = this;
    try {
      scanner.begin(data, start, budget, names);
      let value = this.value(scanner.token());
      if (scanner.token() === COMMA) value = this.tuple(value, -1);
      if (scanner.token() !== -1) scanner.expected('the end');
      scanner.spend(0);
      const parsed = { value, sawClass: this.sawClass, sawArray: this.sawArray };
      scanner.end();
      this.reset();
      return parsed;
    } finally {
      budget.spentBytes = scanner.spent;
    }
  }
}
