import { isAscii, isUtf8 } from 'node:buffer';
import { CHARACTERS } from '../../serpent/characters.js';
import { SerpentError, type SerpentErrorCode } from '../../serpent/errors.js';
import type { CheckedLimits } from '../../serpent/limits.js';
import { TextWindow } from '../../serpent/text-window.js';

const { TAB, LINE_FEED, FORM_FEED, CARRIAGE_RETURN, SPACE, HASH, BACKSLASH, DELETE } = CHARACTERS;

/** Kind of the last number. Signs and `1+2j` are allowed for some kinds only. */
export const NumberKind = { none: 0, int: 1, float: 2, imaginary: 3, signedInt: 4, signedFloat: 5, sum: 6 } as const;
export type NumberKind = (typeof NumberKind)[keyof typeof NumberKind];

/** V8 copies a slice that is shorter, so such a slice does not keep the whole text alive. */
const COPIED_SLICE_CHARS = 13;

/**
 * A cursor over the bytes of one message.
 *
 * `text` has one character for each byte (latin1), so an index is a byte offset. Only strings with bytes over 127 are decoded as
 * UTF-8. This is 5 times faster than decoding the whole message first.
 */
export class Scanner {
  readonly bytes: Buffer;
  readonly text: string;
  readonly limits: CheckedLimits;
  readonly faithful: boolean;
  /** Made at first use: small messages need none. */
  private window: TextWindow | undefined = undefined;
  pos = 0;
  kind: NumberKind = NumberKind.none;

  /** @throws {SerpentError} `TOO_LARGE`, or `ENCODING` for bytes that are no UTF-8 and for zero bytes */
  constructor(bytes: Buffer, limits: CheckedLimits, faithful: boolean) {
    this.bytes = bytes;
    this.limits = limits;
    this.faithful = faithful;
    if (bytes.length > limits.maxBytes) {
      throw new SerpentError(`message of ${bytes.length} bytes is over maxBytes (${limits.maxBytes})`, 'TOO_LARGE');
    }
    const zero = bytes.indexOf(0);
    if (zero !== -1) throw new SerpentError(`zero byte in the text at byte ${zero}`, 'ENCODING', { offset: zero });
    if (!isAscii(bytes) && !isUtf8(bytes)) throw new SerpentError('the text is not valid UTF-8', 'ENCODING', { offset: 0 });
    try {
      this.text = bytes.toString('latin1');
    } catch (cause) {
      throw new SerpentError(`message of ${bytes.length} bytes is longer than a string can be`, 'TOO_LARGE', { cause });
    }
  }

  /** Code of the next character that is no white space, comment or line continuation; -1 at the end. */
  token(): number {
    if (this.pos < this.text.length) {
      const code = this.text.charCodeAt(this.pos);
      // codes above `#`, except the backslash, never begin a blank; `"` is below and takes the slow way
      if (code > HASH && code !== BACKSLASH) return code;
    }
    return this.skipBlanks();
  }

  private skipBlanks(): number {
    const { text } = this;
    while (this.pos < text.length) {
      const code = text.charCodeAt(this.pos);
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
    const { text } = this;
    while (this.pos < text.length && !this.isLineEnd(this.pos)) this.pos++;
  }

  isLineEnd(at: number): boolean {
    if (at >= this.text.length) return false;
    const code = this.text.charCodeAt(at);
    return code === LINE_FEED || code === CARRIAGE_RETURN;
  }

  /** Code at `at`; -1 after the end. V8 leaves its fast path when code reads after the end of a string. */
  codeAt(at: number): number {
    return at < this.text.length ? this.text.charCodeAt(at) : -1;
  }

  /** Text of ASCII bytes. The text does not keep a large message alive. */
  ascii(start: number, end: number): string {
    if (end - start < COPIED_SLICE_CHARS) return this.text.slice(start, end);
    return (this.window ??= new TextWindow(this.bytes)).ascii(start, end);
  }

  /** Text of any bytes. @param codes all bytes of the text, joined by OR */
  decoded(start: number, end: number, codes: number): string {
    return codes > 127 ? this.bytes.toString('utf8', start, end) : this.ascii(start, end);
  }

  fail(message: string, code: SerpentErrorCode = 'SYNTAX', at = this.pos): never {
    throw new SerpentError(`${message} at byte ${at}`, code, { offset: at });
  }

  /** Fails at the cursor. The error names the character that was found. */
  expected(what: string): never {
    if (this.pos >= this.text.length) this.fail(`expected ${what}, but the text ends`);
    const code = this.text.charCodeAt(this.pos);
    const found = code > SPACE && code < DELETE ? `"${this.text[this.pos]}"` : `character 0x${code.toString(16)}`;
    return this.fail(`expected ${what}, found ${found}`);
  }
}
