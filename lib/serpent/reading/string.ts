import { isAscii } from 'node:buffer';
import { CHARACTERS, toLower } from '../text/characters.js';
import { readBytes, readText } from './escapes.js';
import { checkLongText } from '../text/long-texts.js';
import type { Scanner } from './scanner.js';
import { COSTS, isWide } from '../costs/value-costs.js';

const {
  LINE_FEED,
  CARRIAGE_RETURN,
  SPACE,
  DOUBLE_QUOTE,
  QUOTE,
  PAREN_CLOSE,
  COMMA,
  COLON,
  BACKSLASH,
  BRACKET_CLOSE,
  LOWER_B,
  LOWER_F,
  LOWER_R,
  LOWER_U,
  BRACE_CLOSE,
} = CHARACTERS;

interface Prefix {
  raw: boolean;
  bytes: boolean;
}

/** The room of a part in the list of parts, which V8 copies when the list grows and when the parts are joined. */
const PART_COST = 4 * COSTS.slot;

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
  const before = scanner.spent;
  const first = readLiteral(scanner);
  return followsLiteral(scanner) ? joinLiterals(scanner, first, before) : first;
}

/** Reads the literals after the first one. @param before was spent before the first one */
function joinLiterals(scanner: Scanner, first: string | Buffer, before: number): string | Buffer {
  const parts: (string | Buffer)[] = [first];
  do {
    const { pos: start, spent } = scanner;
    const part = readLiteral(scanner);
    if (typeof part !== typeof first) scanner.fail('bytes and string literals cannot be joined', 'SYNTAX', start);
    if (part.length === 0) {
      scanner.giveBack(spent);
    } else {
      scanner.spend(PART_COST);
      parts.push(part);
    }
  } while (followsLiteral(scanner));
  // the parts are dropped
  if (typeof first !== 'string') {
    const bytes = Buffer.concat(parts as Buffer[]);
    scanner.giveBack(before);
    scanner.spend(COSTS.bytes + bytes.length);
    return bytes;
  }
  const text = parts.join('');
  scanner.giveBack(before);
  scanner.spendText(text.length, isWide(text));
  return text;
}

function followsLiteral(scanner: Scanner): boolean {
  const next = scanner.codeAt(scanner.pos);
  if (next === COMMA || next === COLON || next === BRACKET_CLOSE || next === BRACE_CLOSE || next === PAREN_CLOSE) return false;
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
const LONG_CHARS = 256;

/** More than any byte. */
const ESCAPED = 256;

function readLiteral(scanner: Scanner): string | Buffer {
  const { bytes } = scanner;
  const quote = bytes[scanner.pos]!;
  if (quote !== QUOTE && quote !== DOUBLE_QUOTE) return readPrefixed(scanner);
  const start = scanner.pos + 1;
  const stop = Math.min(bytes.length, start + LONG_CHARS);
  let at = start;
  let codes = 0;
  while (at < stop) {
    const code = bytes[at]!;
    if (code === quote) {
      if (codes >= ESCAPED || (at === start && scanner.codeAt(at + 1) === quote)) break;
      scanner.pos = at + 1;
      return scanner.text(start, at, codes);
    }
    if (code < SPACE) break;
    if (code === BACKSLASH) {
      codes = ESCAPED;
      at++;
    }
    codes |= code;
    at++;
  }
  return (at >= start + LONG_CHARS ? readLong(scanner, quote, start) : undefined) ?? readBody(scanner, NO_PREFIX);
}

/** Reads a literal whose body starts at `start`; undefined when the body has line ends, or escapes that json has not. */
function readLong(scanner: Scanner, quote: number, start: number): string | undefined {
  const end = scanner.bytes.indexOf(quote, start);
  if (end === -1 || scanner.bytes[end - 1] === BACKSLASH) return undefined;
  const body = scanner.bytes.subarray(start, end);
  if (body.includes(LINE_FEED) || body.includes(CARRIAGE_RETURN)) return undefined;
  const text = body.includes(BACKSLASH) ? readAsJson(scanner, body) : scanner.text(start, end, isAscii(body) ? 0 : 255);
  if (text !== undefined) scanner.pos = end + 1;
  return text;
}

/**
 * Reads escapes with V8's reader of json, which takes a fifth of the time. It knows `\n`, `\t`, `\\`, `\u20ac`,
 * but no `\x1b` and no `\'`.
 *
 * @returns undefined when the body has other escapes
 */
function readAsJson(scanner: Scanner, body: Buffer): string | undefined {
  // in Python `\/` is two characters: the backslash stays
  if (scanner.hasPythonEscapes || body.includes(DOUBLE_QUOTE) || body.includes('\\/')) return undefined;
  checkLongText(scanner, body, 0, body.length, true);
  let text: string;
  try {
    text = JSON.parse(`"${body.toString()}"`) as string;
  } catch {
    // an error of `JSON.parse` takes longer than reading many escapes
    scanner.hasPythonEscapes = true;
    return undefined;
  }
  scanner.spendText(text.length, !isAscii(body) || body.includes('\\u'));
  return text;
}

function readPrefixed(scanner: Scanner): string | Buffer {
  const length = prefixLength(scanner);
  const letters = scanner.words.ascii(scanner.pos, scanner.pos + length).toLowerCase();
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
  const { pos } = scanner;
  const mark = scanner.codeAt(pos);
  const marks = scanner.codeAt(pos + 1) === mark && scanner.codeAt(pos + 2) === mark ? 3 : 1;
  scanner.pos += marks;
  const end = findEnd(scanner, pos, mark, marks);
  const value = prefix.bytes ? readBytes(scanner, end, prefix.raw) : readText(scanner, end, prefix.raw);
  scanner.pos = end + marks;
  return value;
}

/** Finds the closing quotation marks. A backslash escapes the next character, in raw strings too. Only triple quotes may span lines. */
function findEnd(scanner: Scanner, opening: number, mark: number, marks: number): number {
  const { bytes } = scanner;
  for (let at = scanner.pos; at < bytes.length; at++) {
    const code = bytes[at]!;
    if (code === mark) {
      if (marks === 1 || (scanner.codeAt(at + 1) === mark && scanner.codeAt(at + 2) === mark)) return at;
    } else if (code === BACKSLASH) {
      at++;
      if (scanner.codeAt(at) === CARRIAGE_RETURN && scanner.codeAt(at + 1) === LINE_FEED) at++;
    } else if (marks === 1 && (code === LINE_FEED || code === CARRIAGE_RETURN)) {
      break;
    }
  }
  return scanner.fail('string without an end', 'SYNTAX', opening);
}
