import { constants } from 'node:buffer';
import { CHARACTERS, isDecimalDigit, toLower } from '../text/characters.js';
import type { Scanner } from './scanner.js';
import { COSTS } from '../costs/value-costs.js';

const {
  TAB,
  LINE_FEED,
  FORM_FEED,
  CARRIAGE_RETURN,
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

/** Reads the text from the cursor to `end`: the body of a string literal with escapes. */
export function readText(scanner: Scanner, end: number, raw: boolean): string {
  const { bytes } = scanner;
  let at = scanner.pos;
  if (end - at > constants.MAX_STRING_LENGTH) scanner.fail('a string longer than a JavaScript string can be', 'TOO_LARGE', at);
  const { units } = scanner;
  units.begin(end - at);
  while (at < end) {
    const code = bytes[at]!;
    if (code === BACKSLASH && !raw) {
      scanner.pos = at;
      const point = readEscape(scanner, end);
      if (point !== NOTHING) units.add(point);
      at = scanner.pos;
    } else if (code === CARRIAGE_RETURN) {
      units.add(LINE_FEED);
      at += bytes[at + 1] === LINE_FEED ? 2 : 1;
    } else if (code < 128) {
      units.add(code);
      at++;
    } else {
      at = units.addUtf8(bytes, at);
    }
  }
  scanner.spendText(units.size, units.isWide);
  return units.end();
}

/** @returns a code point, or NOTHING for a line end */
function readEscape(scanner: Scanner, end: number): number {
  const at = scanner.pos;
  switch (scanner.codeAt(at + 1)) {
    case LOWER_U:
      return readHex(scanner, end, 4);
    case UPPER_U: {
      const point = readHex(scanner, end, 8);
      return point > 0x10ffff ? scanner.fail('\\U escape beyond U+10FFFF', 'SYNTAX', at) : point;
    }
    case UPPER_N:
      return scanner.fail('\\N escapes (characters by name) are not read', 'SYNTAX', at);
    default: {
      const simple = readSimpleEscape(scanner, end);
      return simple === UNKNOWN ? BACKSLASH : simple;
    }
  }
}

/** Reads the bytes from the cursor to `end`: the body of a bytes literal. */
export function readBytes(scanner: Scanner, end: number, raw: boolean): Buffer {
  const { bytes } = scanner;
  const start = scanner.pos;
  scanner.spend(COSTS.bytes + end - start);
  const value = Buffer.allocUnsafe(end - start);
  let length = 0;
  for (let at = start; at < end;) {
    const code = bytes[at]!;
    if (code > 127) scanner.fail('bytes literals hold ASCII characters only', 'SYNTAX', at);
    if (code === CARRIAGE_RETURN) {
      value[length++] = LINE_FEED;
      at += bytes[at + 1] === LINE_FEED ? 2 : 1;
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
  const code = scanner.codeAt(scanner.pos + 1);
  if (code === LOWER_X) return readHex(scanner, end, 2);
  if (isOctalDigit(code)) return readOctal(scanner);
  if (code === CARRIAGE_RETURN || code === LINE_FEED) {
    scanner.pos += code === CARRIAGE_RETURN && scanner.codeAt(scanner.pos + 2) === LINE_FEED ? 3 : 2;
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
  const start = scanner.pos;
  let value = 0;
  for (let at = start + 2; at < start + 2 + digits; at++) {
    const digit = at < end ? hexDigit(scanner.codeAt(at)) : -1;
    if (digit === -1)
      scanner.fail(
        `\\${String.fromCharCode(scanner.codeAt(start + 1))} escape without its ${digits} hex digits`,
        'SYNTAX',
        start,
      );
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
  let at = scanner.pos + 1;
  let value = 0;
  for (const last = at + 3; at < last; at++) {
    const code = scanner.codeAt(at);
    if (!isOctalDigit(code)) break;
    value = value * 8 + (code - ZERO);
  }
  scanner.pos = at;
  return value;
}

function isOctalDigit(code: number): boolean {
  return code >= ZERO && code <= SEVEN;
}
