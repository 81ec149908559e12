import { CHARACTERS, isHexDigit } from '../../serpent/text/characters.js';
import { checkEncoding } from '../../serpent/reading/encoding.js';
import { expectedText, SerpentError, type SerpentErrorCode } from '../../serpent/values/serpent-error.js';
import { checkLongText } from '../../serpent/text/long-texts.js';
import { COPIED_SLICE_CHARS, type Spender, TextWindow } from '../../serpent/text/text-window.js';

const { TAB, LINE_FEED, CARRIAGE_RETURN, SPACE, DOUBLE_QUOTE, BACKSLASH, LOWER_U } = CHARACTERS;

/** The escapes of one letter: the code of the letter, and the character. */
const ESCAPED: ReadonlyMap<number, string> = new Map(
  Object.entries({ '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }).map(([letter, character]) => [
    letter.charCodeAt(0),
    character,
  ]),
);

/**
 * A cursor over the bytes of one message: white space and strings of json.
 *
 * `text` has one character for each byte (latin1), so an index is a byte offset. Only strings with bytes over 127 are decoded as
 * UTF-8. This is 5 times faster than decoding the whole message first.
 */
export class JsonScanner {
  readonly text: string;
  pos = 0;
  /** Made at first use: small messages need none. */
  private window: TextWindow | undefined = undefined;

  private readonly spentBefore: number;

  /** @param reader counts the memory of strings @throws {SerpentError} `ENCODING` for bytes that are no UTF-8 and for zero bytes; `TOO_LARGE` */
  constructor(
    private readonly bytes: Buffer,
    private readonly reader: Spender,
  ) {
    this.spentBefore = reader.spent;
    checkEncoding(bytes);
    try {
      this.text = bytes.toString('latin1');
    } catch (cause) {
      throw new SerpentError(`message of ${bytes.length} bytes is longer than a string can be`, 'TOO_LARGE', { cause });
    }
  }

  /** Code of the next character that is no white space; -1 at the end. */
  token(): number {
    const { text } = this;
    let at = this.pos;
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code !== SPACE && code !== LINE_FEED && code !== CARRIAGE_RETURN && code !== TAB) {
        this.pos = at;
        return code;
      }
    }
    this.pos = at;
    return -1;
  }

  /** Code at `at`; -1 after the end. V8 leaves its fast path when code reads after the end of a string. */
  codeAt(at: number): number {
    return at < this.text.length ? this.text.charCodeAt(at) : -1;
  }

  /** Reads the string that begins at the cursor. */
  string(): string {
    const { text } = this;
    const start = this.pos + 1;
    let codes = 0;
    for (let at = start; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === DOUBLE_QUOTE) {
        this.pos = at + 1;
        checkLongText(this.reader, this.bytes, start, at);
        return codes > 127 ? this.bytes.toString('utf8', start, at) : this.ascii(start, at);
      }
      if (code === BACKSLASH) return this.stringWithEscapes(start, at, codes);
      if (code < SPACE) return this.failControl(at);
      codes |= code;
    }
    return this.failUnended(start - 1);
  }

  /** Moves past the string at the cursor, if it stands there without escapes and is `expected`, which is ASCII. */
  takesString(expected: string): boolean {
    const { text, pos } = this;
    const end = pos + 1 + expected.length;
    if (this.codeAt(end) !== DOUBLE_QUOTE || text.charCodeAt(pos) !== DOUBLE_QUOTE) return false;
    for (let at = 0; at < expected.length; at++) if (text.charCodeAt(pos + 1 + at) !== expected.charCodeAt(at)) return false;
    this.pos = end + 1;
    return true;
  }

  /**
   * @param at the first escape
   * @param codes of the characters before it, joined by OR
   */
  private stringWithEscapes(start: number, at: number, codes: number): string {
    const { text } = this;
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === DOUBLE_QUOTE) {
        this.pos = at + 1;
        if (codes <= 127 && at - start < COPIED_SLICE_CHARS) return this.unescaped(start, at);
        checkLongText(this.reader, this.bytes, start, at, true);
        // `join` makes a flat string; a string that `+` puts together takes 32 bytes for each part
        return JSON.parse(this.bytes.toString('utf8', start - 1, at + 1)) as string;
      }
      if (code < SPACE) this.failControl(at);
      if (code === BACKSLASH) at += this.checkEscape(at);
      codes |= code;
    }
    return this.failUnended(start - 1);
  }

  /** The string of few ASCII characters with escapes, which are checked. V8 joins so few characters to a flat string. */
  private unescaped(start: number, end: number): string {
    const { text } = this;
    let joined = '';
    let plain = start;
    for (let at = start; at < end; at++) {
      if (text.charCodeAt(at) !== BACKSLASH) continue;
      if (at > plain) joined += text.slice(plain, at);
      const isUnicode = text.charCodeAt(at + 1) === LOWER_U;
      joined += isUnicode ? String.fromCharCode(parseInt(text.slice(at + 2, at + 6), 16)) : ESCAPED.get(text.charCodeAt(at + 1))!;
      at += isUnicode ? 5 : 1;
      plain = at + 1;
    }
    return plain < end ? joined + text.slice(plain, end) : joined;
  }

  /** @returns the number of characters after the backslash */
  private checkEscape(at: number): number {
    const letter = this.codeAt(at + 1);
    if (letter === LOWER_U) {
      for (let digit = at + 2; digit < at + 6; digit++)
        if (!isHexDigit(this.codeAt(digit))) this.fail('\\u escape without its 4 hex digits', 'SYNTAX', at);
      return 5;
    }
    if (!ESCAPED.has(letter)) this.fail('unknown escape in a string', 'SYNTAX', at);
    return 1;
  }

  /** Text of ASCII bytes. The text does not keep a large message alive. */
  private ascii(start: number, end: number): string {
    if (end - start < COPIED_SLICE_CHARS) return this.text.slice(start, end);
    return (this.window ??= new TextWindow(this.bytes, this.reader, this.spentBefore)).ascii(start, end);
  }

  private failControl(at: number): never {
    return this.fail('control character in a string', 'SYNTAX', at);
  }

  private failUnended(at: number): never {
    return this.fail('string without an end', 'SYNTAX', at);
  }

  fail(message: string, code: SerpentErrorCode = 'SYNTAX', at = this.pos): never {
    throw new SerpentError(`${message} at byte ${at}`, code, { offset: at });
  }

  /** Fails at the cursor. The error names the character that was found. */
  expected(what: string): never {
    return this.fail(expectedText(what, this.codeAt(this.pos)));
  }
}
