import type { ByteWriter } from './byte-writer.js';
import { type DumpsOptions, ExpressionWriter } from './expression-writer.js';
import { checkOptionNames } from '../values/option-names.js';
import { SerpentError } from '../values/serpent-error.js';
import { valueText } from '../values/value-text.js';
import { checkLimits, type CheckedLimits, LIMIT_NAMES } from '../values/value-limits.js';
import { bytesOf } from './spare-memory.js';

const OPTIONS: readonly (keyof DumpsOptions)[] = [...LIMIT_NAMES, 'bytesRepr', 'encodeObject'];

/**
 * Writes a value as serpent does: a Python literal in UTF-8, after serpent's header line.
 *
 * Errors of getters, `toJSON` and `encodeObject` are passed on unchanged.
 *
 * @throws {SerpentError} when the value, or a member of it, cannot be written; `path` says which. `BAD_OPTION` on wrong options
 */
export function dumps(value: unknown, options: DumpsOptions = {}): Buffer {
  return bytesOf((out) => dumpsInto(value, out, options));
}

/** As {@link dumps}, but appends the literal to `out`. When it throws, `out` may have a part of the literal. */
export function dumpsInto(value: unknown, out: ByteWriter, options: DumpsOptions = {}): void {
  new LiteralWriter(options).write(value, out);
}

/** Writes literals one after the other with the same writer: making a writer takes longer than writing the small result of a call. */
export class LiteralWriter {
  /** Undefined while the writer writes: writing may call code of users, which may write. A writer that failed is not used again. */
  private idle: ExpressionWriter | undefined;
  private readonly limits: CheckedLimits;

  /** @throws {SerpentError} `BAD_OPTION` on unknown names and wrong values */
  constructor(private readonly options: DumpsOptions) {
    checkOptionNames(options, 'dumps', OPTIONS);
    const { bytesRepr, encodeObject } = options;
    if (bytesRepr !== undefined && typeof bytesRepr !== 'boolean')
      throw new SerpentError(`bytesRepr is ${valueText(bytesRepr)}; it has to be true or false, and no text`, 'BAD_OPTION');
    if (encodeObject !== undefined && typeof encodeObject !== 'function')
      throw new SerpentError(`encodeObject is ${valueText(encodeObject)}; it has to be a function`, 'BAD_OPTION');
    this.limits = checkLimits(options);
  }

  /** Appends the literal of a value to `out`. When it throws, `out` may have a part of the literal. */
  write(value: unknown, out: ByteWriter): void {
    const writer = this.idle ?? new ExpressionWriter(this.limits, this.options);
    this.idle = undefined;
    writer.writeExpression(value, out);
    this.idle = writer;
  }
}
