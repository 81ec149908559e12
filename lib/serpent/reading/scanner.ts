import { constants } from 'node:buffer';
import { CHARACTERS } from '../text/characters.js';
import { checkEncoding } from './encoding.js';
import { collisionsOf, type HashCollisions, tellMessageBytes } from '../costs/hash-collisions.js';
import { expectedText, SerpentError, type SerpentErrorCode } from '../values/serpent-error.js';
import { checkLongText } from '../text/long-texts.js';
import { KnownTexts } from '../text/known-texts.js';
import type { CheckedLimits } from '../values/value-limits.js';
import { TextUnits } from '../text/text-units.js';
import { TextWindow } from '../text/text-window.js';
import { COSTS, isOwnCharacter, type ReadBudget } from '../costs/value-costs.js';
import { PyComplex, PyFloat } from '../values/values.js';

const { TAB, LINE_FEED, FORM_FEED, CARRIAGE_RETURN, SPACE, HASH, BACKSLASH } = CHARACTERS;

/** Kind of the last number. Signs and `1+2j` are allowed for some kinds only. */
export const NumberKind = { none: 0, int: 1, float: 2, imaginary: 3, signedInt: 4, signedFloat: 5, sum: 6 } as const;
export type NumberKind = (typeof NumberKind)[keyof typeof NumberKind];

const { MAX_STRING_LENGTH } = constants;

/** Shorter messages are checked by a loop: a call into C++ takes 100 ns. */
const SHORT_BYTES = 128;

const NOTHING = Buffer.alloc(0);
const NO_BUDGET: ReadBudget = { spentBytes: 0, limitBytes: 0 };

/** A cursor over the bytes of a message. It is used for one message after another. */
export class Scanner {
  bytes: Buffer = NOTHING;
  readonly limits: CheckedLimits;
  readonly faithful: boolean;
  /** Makes the strings of the value. */
  readonly texts: TextWindow = new TextWindow(NOTHING, this);
  /** Makes strings that nothing keeps: the digits of numbers. */
  readonly words = new TextWindow(NOTHING);
  /** Builds strings with escapes. */
  readonly units = new TextUnits();
  pos = 0;
  kind: NumberKind = NumberKind.none;
  /** True once a string had escapes that json has not. */
  hasPythonEscapes = false;
  /** The estimated memory of what was read, in bytes. */
  spent = 0;
  private mostSpent = 0;
  private budget: ReadBudget = NO_BUDGET;
  /** Offset of the message. */
  private start = 0;
  /** Made for the first name. */
  private names: KnownTexts | undefined = undefined;
  /** Number of strings to read next that are names: most of them were read before. */
  private namesLeft = 0;

  constructor(limits: CheckedLimits, faithful: boolean) {
    this.limits = limits;
    this.faithful = faithful;
  }

  /**
   * Begins a message. {@link end} must follow when the message was read. When reading failed, the scanner is not used again.
   *
   * @param start offset of the message in `bytes`. The message ends with `bytes`
   * @param names number of strings at the beginning of the message that are names
   * @throws {SerpentError} `TOO_LARGE`, or `ENCODING` for bytes that are no UTF-8 and for zero bytes
   */
  begin(bytes: Buffer, start: number, budget: ReadBudget, names: number): void {
    this.bytes = bytes;
    this.start = this.pos = start;
    this.kind = NumberKind.none;
    this.hasPythonEscapes = false;
    this.spent = budget.spentBytes;
    this.texts.open(bytes, budget.spentBytes);
    this.words.open(bytes);
    this.mostSpent = budget.limitBytes;
    this.budget = budget;
    this.namesLeft = names;
    const length = bytes.length - start;
    tellMessageBytes(budget, length);
    if (length > this.limits.maxBytes) {
      throw new SerpentError(`message of ${length} bytes is over maxBytes (${this.limits.maxBytes})`, 'TOO_LARGE');
    }
    if (length > SHORT_BYTES || !isPlainAscii(bytes, start)) checkEncoding(start === 0 ? bytes : bytes.subarray(start));
  }

  /** Forgets the message. */
  end(): void {
    this.bytes = NOTHING;
    this.texts.open(NOTHING);
    this.words.open(NOTHING);
  }

  /** Code of the next character that is no white space, comment or line continuation; -1 at the end. */
  token(): number {
    const { bytes, pos } = this;
    if (pos < bytes.length) {
      const code = bytes[pos]!;
      // codes above `#`, except the backslash, never begin a blank; `"` is below and takes the slow way
      if (code > HASH && code !== BACKSLASH) return code;
    }
    return this.skipBlanks();
  }

  private skipBlanks(): number {
    const { bytes } = this;
    while (this.pos < bytes.length) {
      const code = bytes[this.pos]!;
      if (code === SPACE || code === LINE_FEED || code === CARRIAGE_RETURN || code === TAB || code === FORM_FEED) {
        this.pos++;
      } else if (code === HASH) {
        this.skipComment();
      } else if (code === BACKSLASH && this.isLineEnd(this.pos + 1)) {
        this.pos += 2;
      } else {
        return code;
      }
    }
    return -1;
  }

  private skipComment(): void {
    const { bytes } = this;
    let at = this.pos;
    while (at < bytes.length && bytes[at] !== LINE_FEED && bytes[at] !== CARRIAGE_RETURN) at++;
    this.pos = at;
  }

  isLineEnd(at: number): boolean {
    const code = this.codeAt(at);
    return code === LINE_FEED || code === CARRIAGE_RETURN;
  }

  /** The byte at `at`; -1 after the end. V8 leaves its fast path when code reads after the end. */
  codeAt(at: number): number {
    return at < this.bytes.length ? this.bytes[at]! : -1;
  }

  /** Adds to the estimated memory of what was read. Small parts add to `spent` directly; containers call this method. */
  spend(bytes: number): void {
    this.spent += bytes;
    if (this.spent > this.mostSpent) this.growBudget();
  }

  /** The limit on colliding keys of this read. */
  get collisions(): HashCollisions {
    return collisionsOf(this.budget);
  }

  /** Gives back the cost of parts that were dropped. @param before was spent before them */
  giveBack(before: number): void {
    this.spent = Math.max(before, this.texts.least);
  }

  private growBudget(): void {
    const { budget, spent } = this;
    budget.spentBytes = spent;
    if (budget.grow?.() !== true)
      this.fail(`the value takes ${this.spent} bytes of memory or more (maxValueBytes is ${this.mostSpent})`, 'TOO_COSTLY');
    this.mostSpent = budget.limitBytes;
  }

  /** True when this ASCII text stands at the cursor. */
  isNext(text: string): boolean {
    return this.isAt(text, this.pos);
  }

  /** True when this ASCII text stands at `start`. */
  isAt(text: string, start: number): boolean {
    for (let at = 0; at < text.length; at++) if (this.codeAt(start + at) !== text.charCodeAt(at)) return false;
    return true;
  }

  /** Moves past these bytes, if they stand at the cursor. */
  takes(source: Uint8Array): boolean {
    const { bytes, pos } = this;
    const { length } = source;
    if (pos + length > bytes.length) return false;
    for (let at = 0; at < length; at++) if (bytes[pos + at] !== source[at]) return false;
    this.pos = pos + length;
    return true;
  }

  /** A copy of the few bytes before the cursor. */
  copy(start: number): Uint8Array {
    const { bytes, pos } = this;
    const copy = new Uint8Array(pos - start);
    for (let at = start; at < pos; at++) copy[at - start] = bytes[at]!;
    return copy;
  }

  /** Makes a string, and spends its cost. @param codes all bytes of the text, joined by OR */
  text(start: number, end: number, codes: number): string {
    const length = end - start;
    if (length > MAX_STRING_LENGTH) this.fail('a string longer than a JavaScript string can be', 'TOO_LARGE', start);
    if (codes < 128) {
      this.spendText(length, false);
      if (this.namesLeft === 0) return this.texts.ascii(start, end);
      this.namesLeft--;
      return (this.names ??= new KnownTexts()).textOf(this.bytes, start, end);
    }
    checkLongText(this, this.bytes, start, end);
    const text = this.texts.utf8(start, end);
    this.spendText(text.length, text.length > 1 || isOwnCharacter(text));
    return text;
  }

  /** Spends a string. @param isWide true when a character may be over U+00FF. Then V8 takes two bytes for each character, else one */
  spendText(length: number, isWide: boolean): void {
    // V8 shares strings of one character
    if (length > 1 || (length === 1 && isWide)) this.spend(COSTS.string + (isWide ? length + (length >> 1) : length));
  }

  /** A float of Python, as the mode has it. */
  newFloat(value: number): number | PyFloat {
    if (!this.faithful) {
      this.spent += COSTS.number;
      return value;
    }
    this.spend(COSTS.float);
    return new PyFloat(value);
  }

  newComplex(real: number, imag: number): PyComplex {
    this.spend(COSTS.complex);
    return new PyComplex(real, imag);
  }

  fail(message: string, code: SerpentErrorCode = 'SYNTAX', at = this.pos): never {
    const offset = at - this.start;
    throw new SerpentError(`${message} at byte ${offset}`, code, { offset });
  }

  /** Fails at the cursor. The error names the character that was found. */
  expected(what: string): never {
    return this.fail(expectedText(what, this.codeAt(this.pos)));
  }
}

/** True when all bytes are ASCII, and none is zero. */
function isPlainAscii(bytes: Buffer, start: number): boolean {
  for (let at = start; at < bytes.length; at++) {
    const code = bytes[at]!;
    if (code === 0 || code > 127) return false;
  }
  return true;
}
