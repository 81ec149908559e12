import { CHARACTERS } from '../text/characters.js';
import { ASCII_ESCAPES, escapeOf, withEscapes } from '../text/written-escapes.js';
import { PyComplex, pyTuple } from '../values/values.js';

const { SPACE, QUOTE, MINUS, BACKSLASH, DELETE } = CHARACTERS;

/** A float as Python's `repr` writes it, and infinity as serpent does. The value must not be nan, which has no literal. */
export function floatLiteral(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e16 || (size < 1e-4 && size !== 0)) {
    if (size === Infinity) return value > 0 ? '1e30000' : '-1e30000';
    // JavaScript writes the same digits, but `1e-7` for Python's `1e-07`.
    return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
  }
  if (Number.isInteger(value)) return Object.is(value, -0) ? '-0.0' : `${value}.0`;
  return String(value);
}

/** A nan as serpent writes it. */
export const NAN_LITERAL = "{'__class__':'float','value':'nan'}";

/** A complex number as serpent writes it. */
export function complexLiteral(value: PyComplex): string {
  const { real, imag } = value;
  if (Number.isNaN(real) || Number.isNaN(imag)) return `{'__class__':'complex','real':${partOf(real)},'imag':${partOf(imag)}}`;
  const sign = imag < 0 || Object.is(imag, -0) ? '' : '+';
  return `(${floatLiteral(real)}${sign}${floatLiteral(imag)}j)`;
}

function partOf(value: number): string {
  return Number.isNaN(value) ? NAN_LITERAL : floatLiteral(value);
}

/** Printable ASCII without the single quotation mark and the backslash. */
const PLAIN = /^[ -&(-[\]-~]*$/;

/** True when a string is ASCII and needs no escapes. */
export function isPlain(value: string): boolean {
  return PLAIN.test(value);
}

/** Printable letters of common scripts: the first and the last code of each range. */
const LETTERS = [
  [0xa1, 0xac],
  [0xae, 0x2ff],
  [0x400, 0x52f],
  [0x3041, 0x3096],
  [0x30a1, 0x30fa],
  [0x4e00, 0x9fff],
  [0xac00, 0xd7a3],
] as const;

/** ASCII and these letters. In such text only ASCII characters need escapes, and the search is 5 times faster. */
const COMMON = new RegExp(`^[\0-\x7f${LETTERS.map((range) => String.fromCharCode(range[0], MINUS, range[1])).join('')}]*$`);

/** 1 for each code unit of common text that needs no escape. */
export const IS_PLAIN = new Uint8Array(0x10000);
for (const [first, last] of [[SPACE, DELETE - 1], ...LETTERS]) IS_PLAIN.fill(1, first, last + 1);
IS_PLAIN[QUOTE] = IS_PLAIN[BACKSLASH] = 0;

/** Longer text may be written by V8's writer of json: 1 MiB of lines takes 4.2 instead of 6.1 ms, 1 MiB of Japanese 7.7 instead of 15.8. */
const LONG_CHARS = 512;
/** As {@link COMMON}, without the characters that json escapes in another way than Python. */
const AS_IN_JSON = /^[\t\n\r !#-~\xa1-\xac\xae-\u02ff\u0400-\u052f\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff\uac00-\ud7a3]*$/;

/** Longest part of a value that is escaped at once. V8 keeps up to 100 bytes for each escaped character until the part is written. */
export const PART_CHARS = 65_536;

/** A string as Python's `repr` writes it. Longer ones than {@link PART_CHARS} are for {@link stringParts}. */
export function stringLiteral(value: string): string {
  const quote = quoteOf(value);
  return quote + escapedText(value, quote) + quote;
}

/** The parts of a string as Python's `repr` writes it. */
export function* stringParts(value: string): Generator<string> {
  const quote = quoteOf(value);
  yield quote;
  for (let at = 0; at < value.length;) {
    const end = partEnd(value, at);
    yield escapedText(value.slice(at, end), quote);
    at = end;
  }
  yield quote;
}

function quoteOf(value: string | Buffer): string {
  return value.includes("'") && !value.includes('"') ? '"' : "'";
}

/** The end of a part. It does not divide a surrogate pair. */
function partEnd(value: string, start: number): number {
  const end = start + PART_CHARS;
  return end < value.length && value.codePointAt(end - 1)! > 0xffff ? end - 1 : end;
}

function escapedText(value: string, quote: string): string {
  if (value.length > LONG_CHARS && AS_IN_JSON.test(value)) return JSON.stringify(value).slice(1, -1);
  if (COMMON.test(value)) return withAsciiEscapes(value, quote);
  return withEscapes(value, quote);
}

/** Escapes ASCII characters. A double quotation mark never needs an escape. */
function withAsciiEscapes(value: string, quote: string): string {
  let escaped = '';
  let run = 0;
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at);
    if (code > 127) continue;
    const escape = ASCII_ESCAPES[code]!;
    if (escape === '' || (code === QUOTE && quote === '"')) continue;
    escaped += value.slice(run, at) + escape;
    run = at + 1;
  }
  return run === 0 ? value : escaped + value.slice(run);
}

/** The parts of bytes as Python's `repr` writes them. */
export function* bytesParts(bytes: Buffer): Generator<string> {
  const quote = quoteOf(bytes);
  const toEscape = quote === '"' ? /[^ -[\]-~]/g : /[^ -&(-[\]-~]/g;
  yield `b${quote}`;
  for (let at = 0; at < bytes.length; at += PART_CHARS)
    yield bytes.toString('latin1', at, Math.min(at + PART_CHARS, bytes.length)).replace(toEscape, byteEscapeOf);
  yield quote;
}

function byteEscapeOf(character: string): string {
  const code = character.charCodeAt(0);
  return code > 126 ? `\\x${code.toString(16)}` : escapeOf(character);
}

/** The dict that serpent writes for an exception. */
export function exceptionDict(error: Error): object {
  const attributes = Object.fromEntries(Object.entries(error));
  return { __class__: error.name, __exception__: true, args: pyTuple(error.message), attributes };
}
