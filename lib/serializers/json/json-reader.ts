import { CHARACTERS } from '../../serpent/characters.js';
import { PyFloat } from '../../serpent/index.js';
import { checkLimits } from '../../serpent/limits.js';
import { Scanner } from './text-scanner.js';
import { setMember } from '../values/dict-builder.js';
import type { SerializerOptions } from '../contract/serializer.js';

const {
  TAB,
  LINE_FEED,
  CARRIAGE_RETURN,
  SPACE,
  DOUBLE_QUOTE,
  COMMA,
  MINUS,
  ZERO,
  NINE,
  COLON,
  UPPER_I,
  UPPER_N,
  BRACKET_OPEN,
  BACKSLASH,
  BRACKET_CLOSE,
  LOWER_F,
  LOWER_N,
  LOWER_T,
  BRACE_OPEN,
  BRACE_CLOSE,
} = CHARACTERS;

const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
const HEX4 = /^[\da-fA-F]{4}$/;

/** An int with at most so many digits is a safe integer. */
const SAFE_DIGITS = 15;

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/**
 * Reads json as Python's `json.loads` does: NaN and infinities by name, ints of any length; if a key repeats,
 * the last value wins.
 *
 * `JSON.parse` is not used: it loses digits of long ints, does not tell a float from an int, has no limits, and makes `__proto__` a
 * member.
 */
export class JsonReader {
  /** True when an object has a `__class__` key. */
  sawClass = false;
  private readonly scanner: Scanner;
  private readonly faithful: boolean;
  private readonly maxDepth: number;
  private depth = 0;

  /** @throws {SerpentError} when the bytes are no UTF-8 text. The other methods throw it when the text is no json */
  constructor(
    bytes: Buffer,
    { values, maxDepth, maxIntDigits }: Pick<SerializerOptions, 'values' | 'maxDepth' | 'maxIntDigits'>,
  ) {
    this.faithful = values === 'faithful';
    this.maxDepth = maxDepth;
    this.scanner = new Scanner(bytes, checkLimits({ maxDepth, maxIntDigits }), this.faithful);
  }

  read(): unknown {
    const value = this.value(this.token());
    if (this.token() !== -1) this.scanner.expected('the end');
    return value;
  }

  /** Code of the next character that is no white space; -1 at the end. */
  private token(): number {
    const { scanner } = this;
    const { text } = scanner;
    let at = scanner.pos;
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code !== SPACE && code !== LINE_FEED && code !== CARRIAGE_RETURN && code !== TAB) {
        scanner.pos = at;
        return code;
      }
    }
    scanner.pos = at;
    return -1;
  }

  private value(code: number): unknown {
    switch (code) {
      case DOUBLE_QUOTE:
        return this.string();
      case BRACE_OPEN:
        return this.faithful ? this.map() : this.object();
      case BRACKET_OPEN:
        return this.list();
      case LOWER_T:
        return this.word('true', true);
      case LOWER_F:
        return this.word('false', false);
      case LOWER_N:
        return this.word('null', null);
      case UPPER_N:
        return this.word('NaN', this.float(NaN));
      case UPPER_I:
        return this.word('Infinity', this.float(Infinity));
      default:
        if (code === MINUS && this.scanner.codeAt(this.scanner.pos + 1) === UPPER_I)
          return this.word('-Infinity', this.float(-Infinity));
        return this.number();
    }
  }

  private word<T>(word: string, value: T): T {
    const { scanner } = this;
    if (!scanner.text.startsWith(word, scanner.pos)) scanner.expected('a json value');
    scanner.pos += word.length;
    return value;
  }

  private float(value: number): number | PyFloat {
    return this.faithful ? new PyFloat(value) : value;
  }

  /** Reads a number. Most numbers are short ints, which are read without the regular expression. */
  private number(): unknown {
    const { scanner } = this;
    const { text } = scanner;
    const start = scanner.pos;
    let at = start;
    let value = 0;
    let code = -1;
    while (at < text.length && (code = text.charCodeAt(at)) >= ZERO && code <= NINE && at - start < SAFE_DIGITS) {
      value = value * 10 + (code - ZERO);
      at++;
    }
    const ends = at < text.length && (code === COMMA || code === BRACKET_CLOSE || code === BRACE_CLOSE);
    const leadingZero = at - start > 1 && text.charCodeAt(start) === ZERO;
    if (!ends || at === start || leadingZero || at - start > scanner.limits.maxIntDigits) return this.anyNumber();
    scanner.pos = at;
    return value;
  }

  private anyNumber(): unknown {
    const { scanner } = this;
    NUMBER.lastIndex = scanner.pos;
    const match = NUMBER.exec(scanner.text);
    if (match === null) return scanner.expected('a json value');
    const literal = match[0];
    const start = scanner.pos;
    scanner.pos = NUMBER.lastIndex;
    if (match[1] !== undefined || match[2] !== undefined) return this.float(Number(literal));
    const digits = literal.length - (literal.startsWith('-') ? 1 : 0);
    const { maxIntDigits } = scanner.limits;
    if (digits > maxIntDigits)
      scanner.fail(`int of ${digits} digits is over maxIntDigits (${maxIntDigits})`, 'TOO_MANY_DIGITS', start);
    // the int zero has no sign
    const number = Number(literal) + 0;
    return Number.isSafeInteger(number) ? number : BigInt(literal);
  }

  private string(): string {
    const { scanner } = this;
    const { text } = scanner;
    const start = scanner.pos + 1;
    let codes = 0;
    for (let at = start; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === DOUBLE_QUOTE) {
        scanner.pos = at + 1;
        return scanner.decoded(start, at, codes);
      }
      if (code === BACKSLASH) return this.stringFrom(start, at);
      if (code < SPACE) return scanner.fail('control character in a string', 'SYNTAX', at);
      codes |= code;
    }
    return scanner.fail('string without an end', 'SYNTAX', scanner.pos);
  }

  /** A string with escapes, the first of them at `at`. */
  private stringFrom(start: number, at: number): string {
    const { scanner } = this;
    const { text } = scanner;
    const opening = scanner.pos;
    let value = '';
    let run = start;
    while (at < text.length) {
      const code = text.charCodeAt(at);
      if (code === DOUBLE_QUOTE) {
        scanner.pos = at + 1;
        return value + scanner.decoded(run, at, 255);
      }
      if (code < SPACE) return scanner.fail('control character in a string', 'SYNTAX', at);
      if (code !== BACKSLASH) {
        at++;
        continue;
      }
      value += scanner.decoded(run, at, 255) + this.escape(at);
      at += text[at + 1] === 'u' ? 6 : 2;
      run = at;
    }
    return scanner.fail('string without an end', 'SYNTAX', opening);
  }

  private escape(at: number): string {
    const { scanner } = this;
    const letter = scanner.text.charAt(at + 1);
    if (letter === 'u') {
      const hex = scanner.text.slice(at + 2, at + 6);
      if (!HEX4.test(hex)) scanner.fail('\\u escape without its 4 hex digits', 'SYNTAX', at);
      return String.fromCharCode(Number.parseInt(hex, 16));
    }
    return (
      (Object.hasOwn(ESCAPES, letter) ? ESCAPES[letter] : undefined) ?? scanner.fail('unknown escape in a string', 'SYNTAX', at)
    );
  }

  private list(): unknown[] {
    const items: unknown[] = [];
    let code = this.enter();
    if (code !== BRACKET_CLOSE) {
      for (;;) {
        items.push(this.value(code));
        code = this.token();
        if (code === BRACKET_CLOSE) break;
        if (code !== COMMA) this.scanner.expected('"," or "]"');
        this.scanner.pos++;
        code = this.token();
      }
    }
    this.leave();
    return items;
  }

  private object(): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    for (let key = this.firstKey(); key !== undefined; key = this.nextKey()) setMember(object, key, this.value(this.token()));
    this.leave();
    return object;
  }

  private map(): Map<string, unknown> {
    const map = new Map<string, unknown>();
    for (let key = this.firstKey(); key !== undefined; key = this.nextKey()) map.set(key, this.value(this.token()));
    this.leave();
    return map;
  }

  private firstKey(): string | undefined {
    const code = this.enter();
    return code === BRACE_CLOSE ? undefined : this.key(code);
  }

  private nextKey(): string | undefined {
    const code = this.token();
    if (code === BRACE_CLOSE) return undefined;
    if (code !== COMMA) this.scanner.expected('"," or "}"');
    this.scanner.pos++;
    return this.key(this.token());
  }

  private key(code: number): string {
    const { scanner } = this;
    if (code !== DOUBLE_QUOTE) scanner.expected('a string as key');
    const start = scanner.pos;
    const key = this.string();
    if (key === '__class__') this.sawClass = true;
    else if (key === '__proto__' && !this.faithful)
      scanner.fail('the dict key "__proto__" is only read with values: \'faithful\'; found', 'PROTO_KEY', start);
    if (this.token() !== COLON) scanner.expected('":" after a key');
    scanner.pos++;
    return key;
  }

  /** @returns the code of the first character inside */
  private enter(): number {
    if (++this.depth > this.maxDepth) {
      this.scanner.fail(`more than ${this.maxDepth} nested containers: the limit is maxDepth`, 'TOO_DEEP');
    }
    this.scanner.pos++;
    return this.token();
  }

  private leave(): void {
    this.scanner.pos++;
    this.depth--;
  }
}
