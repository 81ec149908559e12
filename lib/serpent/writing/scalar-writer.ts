import { types } from 'node:util';
import { ByteWriter } from './byte-writer.js';
import { CHARACTERS } from '../text/characters.js';
import type { SerpentErrorCode } from '../values/serpent-error.js';
import type { CheckedLimits } from '../values/value-limits.js';
import {
  bytesParts,
  complexLiteral,
  floatLiteral,
  isPlain,
  NAN_LITERAL,
  PART_CHARS,
  stringLiteral,
  stringParts,
} from './literals.js';
import { ShortestDigits } from '../text/shortest-digits.js';
import { isFloatArray, isoformat } from '../values/value-kinds.js';
import { checkParts, type PyComplex, type PyFloat } from '../values/values.js';

const { QUOTE, MINUS, COMMA, BRACKET_OPEN, BRACKET_CLOSE } = CHARACTERS;

/** The sink while nothing is written. */
const NO_SINK = new ByteWriter(Buffer.alloc(0));

/** Writes values without members of their own: scalars, bytes and typed arrays. */
export abstract class ScalarWriter {
  /** The first power of ten with too many digits. Made for the first bigint. */
  private tooLongInt: bigint | undefined;
  private readonly shortest = new ShortestDigits();

  protected sink = NO_SINK;

  constructor(
    protected readonly limits: CheckedLimits,
    protected readonly bytesRepr: boolean,
  ) {}

  protected begin(sink: ByteWriter): void {
    this.sink = sink;
    sink.limit(this.limits.maxBytes, this.failTooLarge);
  }

  /** The value was written. */
  protected end(): void {
    this.sink.checkLimit();
    this.sink = NO_SINK;
  }

  /** Throws the error of the value that is being written. */
  protected abstract fail(message: string, code: SerpentErrorCode): never;

  protected writeString(value: string): void {
    const { sink } = this;
    if (sink.plainLiteral(value)) return;
    if (isPlain(value)) {
      sink.byte(QUOTE);
      sink.ascii(value);
      sink.byte(QUOTE);
    } else if (value.length <= PART_CHARS) {
      sink.utf8(stringLiteral(value));
    } else {
      for (const part of stringParts(value)) sink.utf8(part);
    }
  }

  protected writeNumber(value: number): void {
    if (Number.isSafeInteger(value) && (value !== 0 || !Object.is(value, -0))) this.sink.int(value);
    else this.writeFloat(value);
  }

  protected writeFloat(value: number): void {
    if (!this.shortest.find(Math.abs(value))) return this.sink.ascii(Number.isNaN(value) ? NAN_LITERAL : floatLiteral(value));
    if (value < 0) this.sink.byte(MINUS);
    this.sink.decimal(this.shortest);
  }

  protected writePyFloat(value: PyFloat): void {
    checkParts(value, this.failUnsendable);
    this.writeFloat(value.value);
  }

  protected writePyComplex(value: PyComplex): void {
    checkParts(value, this.failUnsendable);
    this.sink.ascii(complexLiteral(value));
  }

  /** Writes bytes as bytes, and the elements of other typed arrays as a list. */
  protected writeView(view: ArrayBufferView): void {
    if (types.isUint8Array(view) || view instanceof DataView)
      return this.writeBytes(Buffer.from(view.buffer, view.byteOffset, view.byteLength));
    const items = view as ArrayBufferView & ArrayLike<number | bigint>;
    this.sink.byte(BRACKET_OPEN);
    this.writeNumbers(items, isFloatArray(view), 0, items.length, 1);
    this.sink.byte(BRACKET_CLOSE);
  }

  protected writeNumbers(
    items: ArrayLike<number | bigint>,
    areFloats: boolean,
    start: number,
    count: number,
    step: number,
  ): void {
    for (let index = 0, at = start; index < count; index++, at += step) {
      if (index > 0) this.sink.byte(COMMA);
      const item = items[at]!;
      if (areFloats) this.writeFloat(item as number);
      else if (typeof item === 'number') this.sink.int(item);
      else this.sink.ascii(String(item));
    }
  }

  protected writeBigint(value: bigint): void {
    const { maxIntDigits } = this.limits;
    const limit = (this.tooLongInt ??= 10n ** BigInt(maxIntDigits));
    if (value >= limit || value <= -limit) {
      this.fail(`an int of more than ${maxIntDigits} digits cannot be written: the limit is maxIntDigits`, 'TOO_MANY_DIGITS');
    }
    this.sink.ascii(String(value));
  }

  protected writeBytes(bytes: Buffer): void {
    const { sink } = this;
    if (this.bytesRepr) {
      for (const part of bytesParts(bytes)) sink.ascii(part);
      return;
    }
    sink.ascii("{'data': '");
    sink.base64(bytes);
    sink.ascii("', 'encoding': 'base64'}");
  }

  protected dateText(date: Date): string {
    if (Number.isNaN(date.getTime())) this.fail('an invalid Date cannot be written', 'UNSUPPORTED');
    return isoformat(date);
  }

  private readonly failUnsendable = (what: string): never => this.fail(`${what} cannot be written`, 'UNSUPPORTED');

  private readonly failTooLarge = (): never =>
    this.fail(`the text is longer than maxBytes (${this.limits.maxBytes}), or than a string can be`, 'TOO_LARGE');
}
