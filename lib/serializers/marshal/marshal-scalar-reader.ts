import { isUtf8 } from 'node:buffer';
import { PyComplex } from '../../serpent/index.js';
import { checkLongText, checkTextCost } from '../../serpent/text/long-texts.js';
import { TextUnits } from '../../serpent/text/text-units.js';
import { COSTS } from '../../serpent/costs/value-costs.js';
import { safeInt } from '../../serpent/values/values.js';
import { BinaryReader } from '../bytes/binary-reader.js';
import { readPlainNumber } from '../bytes/plain-numbers.js';
import { decodeSurrogatePass, floatOfText, surrogatePassUnits, unitOf } from '../bytes/python-text.js';

/** Digits of a long, of 15 bits each, that a float holds without loss. */
const SAFE_LONG_DIGITS = 3;
const SAFE_LONG_BITS = 45n;
const LONG_BASE = 2 ** 15;

/** Reads the numbers and texts of marshal. @see CPython, Python/marshal.c */
export abstract class MarshalScalarReader extends BinaryReader {
  protected override readonly format = 'marshal';

  /** Builds texts with halves of surrogate pairs. */
  private units: TextUnits | undefined = undefined;

  protected string(length: number): string {
    const start = this.take(length);
    const ascii = this.text.shortAscii(start, this.at);
    if (ascii === undefined) return this.anyString(start);
    this.spendText(ascii, length);
    return ascii;
  }

  /** Makes a string of the bytes from `start` to the cursor. */
  private anyString(start: number): string {
    const { bytes, at: end } = this;
    const length = end - start;
    let text: string;
    let view: Buffer;
    if (length === 3 && surrogatePassUnits(bytes, start, end) === 1) {
      // one character without a call into C++: a list of such texts takes half the time
      text = String.fromCharCode(unitOf(bytes, start));
    } else if (isUtf8((view = bytes.subarray(start, end)))) {
      checkLongText(this, bytes, start, end);
      text = view.toString();
    } else {
      const units = surrogatePassUnits(bytes, start, end);
      checkTextCost(this, units, true);
      text = decodeSurrogatePass(bytes, start, end, units, (this.units ??= new TextUnits()));
    }
    this.spendText(text, length);
    return text;
  }

  protected latin1(length: number): string {
    const start = this.take(length);
    const ascii = this.text.shortAscii(start, this.at);
    if (ascii === undefined) checkTextCost(this, length, false);
    const text = ascii ?? this.bytes.toString('latin1', start, this.at);
    this.spendText(text, length);
    return text;
  }

  protected floatText(): number {
    const start = this.take(this.byte());
    const plain = readPlainNumber(this.bytes, start, this.at);
    if (!Number.isNaN(plain)) return plain;
    const text = this.bytes.toString('latin1', start, this.at);
    return floatOfText(text) ?? this.fail(`${JSON.stringify(text)} is no float`);
  }

  protected long(): unknown {
    const count = this.int32();
    const digits = Math.abs(count);
    const { maxIntDigits } = this.options;
    const failTooLong = (): never => this.failOver('maxIntDigits', `an int has more than ${maxIntDigits} digits (maxIntDigits)`);
    if (digits > (maxIntDigits * Math.log2(10)) / 15 + 1) failTooLong();
    const start = this.take(digits * 2);
    if (digits === 0) return 0;
    this.spend(COSTS.bigint + 2 * digits);
    if (this.digit(start + 2 * (digits - 1)) === 0) this.fail('an int begins with a zero digit');
    if (digits <= SAFE_LONG_DIGITS && digits * 15 < maxIntDigits * Math.log2(10)) {
      const small = this.smallLong(start, digits);
      return count < 0 ? -small : small;
    }
    const value = digits <= 2 * SAFE_LONG_DIGITS ? this.middleLong(start, digits) : BigInt(`0x${this.hexOf(start, digits)}`);
    if (digits * 15 >= maxIntDigits * Math.log2(10) && value >= 10n ** BigInt(maxIntDigits)) failTooLong();
    return safeInt(count < 0 ? -value : value);
  }

  /** A long of at most {@link SAFE_LONG_DIGITS}. */
  private smallLong(start: number, digits: number): number {
    let value = 0;
    for (let at = start + 2 * (digits - 1); at >= start; at -= 2) value = value * LONG_BASE + this.digit(at);
    return value;
  }

  /** A long of at most twice {@link SAFE_LONG_DIGITS}. */
  private middleLong(start: number, digits: number): bigint {
    const low = BigInt(this.smallLong(start, Math.min(digits, SAFE_LONG_DIGITS)));
    if (digits <= SAFE_LONG_DIGITS) return low;
    return (BigInt(this.smallLong(start + 2 * SAFE_LONG_DIGITS, digits - SAFE_LONG_DIGITS)) << SAFE_LONG_BITS) | low;
  }

  /** Four digits of 15 bits are 15 hex digits: joining text takes linear time, shifting the whole number would not. */
  private hexOf(start: number, digits: number): string {
    const hex: string[] = [];
    for (let at = digits - (digits % 4 || 4), end = digits; end > 0; end = at, at -= 4) {
      const digit = (index: number): number => (at + index < end ? this.digit(start + 2 * (at + index)) : 0);
      const third = digit(2);
      const low = (digit(0) | (digit(1) << 15) | (third << 30)) >>> 0;
      const high = (third >>> 2) | (digit(3) << 13);
      hex.push(high.toString(16).padStart(7, '0'), low.toString(16).padStart(8, '0'));
    }
    return hex.join('');
  }

  private digit(at: number): number {
    const digit = this.bytes.readUInt16LE(at);
    return digit > 0x7fff ? this.fail('a digit of an int has more than 15 bits') : digit;
  }

  protected int32(): number {
    return this.bytes.readInt32LE(this.take(4));
  }

  /** Reads a length. @param bytesEach smallest size of a member; the remaining bytes must be enough for all members */
  protected length(bytesEach: number): number {
    const length = this.int32();
    if (length < 0 || length * bytesEach > this.bytes.length - this.at) this.fail(`a length of ${length} goes beyond the end`);
    return length;
  }

  protected complex(real: number, imag: number): PyComplex {
    this.spend(COSTS.complex);
    return new PyComplex(real, imag);
  }
}
