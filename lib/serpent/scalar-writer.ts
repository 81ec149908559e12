import { constants } from 'node:buffer';
import { type ByteWriter, DECIMALS } from './byte-writer.js';
import { CHARACTERS } from './characters.js';
import type { SerpentErrorCode } from './errors.js';
import type { CheckedLimits } from './limits.js';
import { bytesLiteral, floatLiteral, isPlain, NAN_LITERAL, stringLiteral } from './literals.js';
import { isoformat } from './value-kinds.js';

const { QUOTE } = CHARACTERS;

/** Floats below this limit, with at most {@link DECIMALS} digits behind the point, are written without `String(value)`: 20 ns instead of 150. */
const DECIMAL_LIMIT = 1e9;
const DECIMAL_SCALE = 10 ** DECIMALS;

/** Writes values that have no members. */
export abstract class ScalarWriter {
  /** The first power of ten with too many digits. Made for the first bigint. */
  private tooLongInt: bigint | undefined;

  constructor(
    protected readonly sink: ByteWriter,
    protected readonly limits: CheckedLimits,
    protected readonly bytesRepr: boolean,
  ) {
    sink.limit(limits.maxBytes, () => this.failTooLarge());
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
    } else {
      sink.utf8(this.makeLiteral(value.length, () => stringLiteral(value)));
    }
  }

  protected writeNumber(value: number): void {
    if (Number.isSafeInteger(value) && (value !== 0 || !Object.is(value, -0))) this.sink.int(value);
    else this.writeFloat(value);
  }

  protected writeFloat(value: number): void {
    const scaled = Math.round(value * DECIMAL_SCALE);
    // such a quotient is correctly rounded, so its digits are those of the float
    if (scaled / DECIMAL_SCALE === value && scaled !== 0 && Math.abs(value) < DECIMAL_LIMIT) this.sink.decimal(scaled);
    else this.sink.ascii(Number.isNaN(value) ? NAN_LITERAL : floatLiteral(value));
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
    if (this.bytesRepr) return sink.ascii(this.makeLiteral(bytes.length, () => bytesLiteral(bytes)));
    sink.ascii("{'data': '");
    sink.base64(bytes);
    sink.ascii("', 'encoding': 'base64'}");
  }

  protected dateText(date: Date): string {
    if (Number.isNaN(date.getTime())) this.fail('an invalid Date cannot be written', 'UNSUPPORTED');
    return isoformat(date);
  }

  /** A literal can be four times as long as its value. The literal of a huge value can be longer than a string can be. */
  private makeLiteral(length: number, make: () => string): string {
    if (length * 10 < constants.MAX_STRING_LENGTH) return make();
    try {
      return make();
    } catch {
      return this.failTooLarge();
    }
  }

  private failTooLarge(): never {
    return this.fail(`the text is longer than maxBytes (${this.limits.maxBytes}), or than a string can be`, 'TOO_LARGE');
  }
}
