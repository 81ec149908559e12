import { CHARACTERS, isDecimalDigit, toLower } from './characters.js';
import type { Scanner } from './scanner.js';

const {
  TAB,
  LINE_FEED,
  FORM_FEED,
  CARRIAGE_RETURN,
  SPACE,
  DOUBLE_QUOTE,
  QUOTE,
  ZERO,
  SEVEN,
  UPPER_N,
  UPPER_U,
  BACKSLASH,
  LOWER_A,
  LOWER_B,
  LOWER_F,
  LOWER_N,
  LOWER_R,
  LOWER_T,
  LOWER_U,
  LOWER_V,
  LOWER_X,
} = CHARACTERS;

interface Prefix {
  raw: boolean;
  bytes: boolean;
}

const NO_PREFIX: Prefix = { raw: false, bytes: false };

const PREFIXES: Readonly<Record<string, Prefix>> = {
  u: NO_PREFIX,
  r: { raw: true, bytes: false },
  b: { raw: false, bytes: true },
  rb: { raw: true, bytes: true },
  br: { raw: true, bytes: true },
};

/** Reads the string or bytes literal at the cursor. Literals that follow directly are joined to one, as in C. */
export function readStrings(scanner: Scanner): string | Buffer {
  const first = readLiteral(scanner);
  if (!followsLiteral(scanner)) return first;
  const parts: (string | Buffer)[] = [first];
  do {
    const start = scanner.pos;
    const part = readLiteral(scanner);
    if (typeof part !== typeof first) scanner.fail('bytes and string literals cannot be joined', 'SYNTAX', start);
    parts.push(part);
  } while (followsLiteral(scanner));
  return typeof first === 'string' ? parts.join('') : Buffer.concat(parts as Buffer[]);
}

function followsLiteral(scanner: Scanner): boolean {
  const code = scanner.token();
  if (code === QUOTE || code === DOUBLE_QUOTE) return true;
  return isPrefixLetter(code) && prefixLength(scanner) > 0;
}

/** True for a letter that can begin a string literal. */
export function isPrefixLetter(code: number): boolean {
  const lower = toLower(code);
  return lower === LOWER_B || lower === LOWER_R || lower === LOWER_U || lower === LOWER_F;
}

/** Number of letters before the quotation mark; 0 when no literal with a prefix is at the cursor. */
function prefixLength(scanner: Scanner): number {
  for (let length = 0; length <= 2; length++) {
    const code = scanner.codeAt(scanner.pos + length);
    if (code === QUOTE || code === DOUBLE_QUOTE) return length;
    if (!isPrefixLetter(code)) return 0;
  }
  return 0;
}

/** The end of a longer literal is searched by calls into C++: 5 MB of text are read in 10 ms instead of 85. */
const LONG_CHARS = 1024;

function readLiteral(scanner: Scanner): string | Buffer {
  const { text } = scanner;
  const quote = text.charCodeAt(scanner.pos);
  if (quote !== QUOTE && quote !== DOUBLE_QUOTE) return readPrefixed(scanner);
  const start = scanner.pos + 1;
  const { length } = text;
  let at = start;
  let codes = 0;
  while (at < length) {
    const code = text.charCodeAt(at);
    if (code === quote) {
      if (at === start && scanner.codeAt(at + 1) === quote) break;
      scanner.pos = at + 1;
      return scanner.decoded(start, at, codes);
    }
    if (code === BACKSLASH || code < SPACE) break;
    codes |= code;
    if (++at - start === LONG_CHARS) return readLong(scanner, quote, start) ?? readBody(scanner, NO_PREFIX);
  }
  return readBody(scanner, NO_PREFIX);
}

/** Reads a literal whose body starts at `start`; undefined when the body has escapes or line ends. */
function readLong(scanner: Scanner, quote: number, start: number): string | undefined {
  const end = scanner.bytes.indexOf(quote, start);
  if (end === -1) return undefined;
  const body = scanner.bytes.subarray(start, end);
  if (body.includes(BACKSLASH) || body.includes(LINE_FEED) || body.includes(CARRIAGE_RETURN)) return undefined;
  scanner.pos = end + 1;
  return body.toString('utf8');
}

function readPrefixed(scanner: Scanner): string | Buffer {
  const length = prefixLength(scanner);
  const letters = scanner.text.slice(scanner.pos, scanner.pos + length).toLowerCase();
  const prefix = Object.hasOwn(PREFIXES, letters) ? PREFIXES[letters]! : undefined;
  if (prefix === undefined) {
    if (letters.includes('f')) scanner.fail('f-strings are no literals');
    return scanner.expected('a Python literal');
  }
  scanner.pos += length;
  return readBody(scanner, prefix);
}

/** Reads any literal. The quotation mark is at the cursor. */
function readBody(scanner: Scanner, prefix: Prefix): string | Buffer {
  const { text } = scanner;
  const opening = scanner.pos;
  const mark = text.charAt(opening);
  const triple = text.startsWith(mark.repeat(3), opening);
  const closing = triple ? mark.repeat(3) : mark;
  scanner.pos += closing.length;
  const end = findEnd(scanner, opening, closing);
  const value = prefix.bytes ? readBytes(scanner, end, prefix.raw) : readText(scanner, end, prefix.raw);
  scanner.pos = end + closing.length;
  return value;
}

/** Finds the closing quotation mark. A backslash escapes the next character, in raw strings too. Only triple quotes may span lines. */
function findEnd(scanner: Scanner, opening: number, closing: string): number {
  const { text } = scanner;
  const mark = closing.charCodeAt(0);
  for (let at = scanner.pos; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === mark) {
      if (closing.length === 1 || text.startsWith(closing, at)) return at;
    } else if (code === BACKSLASH) {
      at++;
      if (text.charCodeAt(at) === CARRIAGE_RETURN && scanner.codeAt(at + 1) === LINE_FEED) at++;
    } else if (closing.length === 1 && scanner.isLineEnd(at)) {
      break;
    }
  }
  return scanner.fail('string without an end', 'SYNTAX', opening);
}

/** Text from the cursor to `end`. */
function readText(scanner: Scanner, end: number, raw: boolean): string {
  const { text } = scanner;
  let value = '';
  let run = scanner.pos;
  let codes = 0;
  for (let at = run; at < end;) {
    const code = text.charCodeAt(at);
    if (code === CARRIAGE_RETURN) {
      value += scanner.decoded(run, at, codes) + '\n';
      at += text.charCodeAt(at + 1) === LINE_FEED ? 2 : 1;
      run = at;
    } else if (code === BACKSLASH && !raw) {
      if (run < at) value += scanner.decoded(run, at, codes);
      scanner.pos = at;
      value += readEscape(scanner, end);
      at = scanner.pos;
      run = at;
    } else {
      codes |= code;
      at++;
    }
  }
  return value + scanner.decoded(run, end, codes);
}

function readEscape(scanner: Scanner, end: number): string {
  const at = scanner.pos;
  const code = scanner.text.charCodeAt(at + 1);
  switch (code) {
    case LOWER_U:
      return String.fromCharCode(readHex(scanner, end, 4));
    case UPPER_U: {
      const point = readHex(scanner, end, 8);
      if (point > 0x10ffff) scanner.fail('\\U escape beyond U+10FFFF', 'SYNTAX', at);
      return String.fromCodePoint(point);
    }
    case UPPER_N:
      return scanner.fail('\\N escapes (characters by name) are not read', 'SYNTAX', at);
    default: {
      const simple = readSimpleEscape(scanner, end);
      if (simple >= 0) return String.fromCharCode(simple);
      return simple === NOTHING ? '' : '\\';
    }
  }
}

function readBytes(scanner: Scanner, end: number, raw: boolean): Buffer {
  const { text } = scanner;
  const start = scanner.pos;
  const value = Buffer.allocUnsafe(end - start);
  let length = 0;
  for (let at = start; at < end;) {
    const code = text.charCodeAt(at);
    if (code > 127) scanner.fail('bytes literals hold ASCII characters only', 'SYNTAX', at);
    if (code === CARRIAGE_RETURN) {
      value[length++] = LINE_FEED;
      at += text.charCodeAt(at + 1) === LINE_FEED ? 2 : 1;
    } else if (code === BACKSLASH && !raw) {
      scanner.pos = at;
      const byte = readSimpleEscape(scanner, end);
      if (byte !== NOTHING) value[length++] = byte === UNKNOWN ? BACKSLASH : byte;
      at = scanner.pos;
    } else {
      value[length++] = code;
      at++;
    }
  }
  return length === value.length ? value : Buffer.from(value.subarray(0, length));
}

const NOTHING = -1;
const UNKNOWN = -2;

/** Reads an escape of strings and bytes. @returns its code, NOTHING for a line end, or UNKNOWN when the backslash stays */
function readSimpleEscape(scanner: Scanner, end: number): number {
  const { text } = scanner;
  const code = text.charCodeAt(scanner.pos + 1);
  if (code === LOWER_X) return readHex(scanner, end, 2);
  if (isOctalDigit(code)) return readOctal(scanner);
  if (code === CARRIAGE_RETURN || code === LINE_FEED) {
    scanner.pos += code === CARRIAGE_RETURN && text.charCodeAt(scanner.pos + 2) === LINE_FEED ? 3 : 2;
    return NOTHING;
  }
  const simple = simpleEscapes[code] ?? UNKNOWN;
  scanner.pos += simple === UNKNOWN ? 1 : 2;
  return simple;
}

const simpleEscapes: Readonly<Record<number, number>> = {
  [BACKSLASH]: BACKSLASH,
  [QUOTE]: QUOTE,
  [DOUBLE_QUOTE]: DOUBLE_QUOTE,
  [LOWER_A]: 7,
  [LOWER_B]: 8,
  [LOWER_F]: FORM_FEED,
  [LOWER_N]: LINE_FEED,
  [LOWER_R]: CARRIAGE_RETURN,
  [LOWER_T]: TAB,
  [LOWER_V]: 11,
};

function readHex(scanner: Scanner, end: number, digits: number): number {
  const { text } = scanner;
  const start = scanner.pos;
  let value = 0;
  for (let at = start + 2; at < start + 2 + digits; at++) {
    const digit = at < end ? hexDigit(text.charCodeAt(at)) : -1;
    if (digit === -1) scanner.fail(`\\${text[start + 1]} escape without its ${digits} hex digits`, 'SYNTAX', start);
    value = value * 16 + digit;
  }
  scanner.pos = start + 2 + digits;
  return value;
}

function hexDigit(code: number): number {
  if (isDecimalDigit(code)) return code - ZERO;
  const lower = toLower(code);
  return lower >= LOWER_A && lower <= LOWER_F ? lower - LOWER_A + 10 : -1;
}

/** Reads one to three digits. `\400` to `\777` are characters in strings, and cut to 8 bits in bytes. */
function readOctal(scanner: Scanner): number {
  const { text } = scanner;
  let at = scanner.pos + 1;
  let value = 0;
  for (const last = at + 3; at < last; at++) {
    const code = text.charCodeAt(at);
    if (!isOctalDigit(code)) break;
    value = value * 8 + (code - ZERO);
  }
  scanner.pos = at;
  return value;
}

function isOctalDigit(code: number): boolean {
  return code >= ZERO && code <= SEVEN;
}
