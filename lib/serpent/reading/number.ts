import { CHARACTERS, isDecimalDigit, isLetter, toLower } from '../text/characters.js';
import { longDecimal, POWERS_OF_TEN, SAFE_DIGITS } from '../text/decimal.js';
import { NumberKind, type Scanner } from './scanner.js';
import { COSTS } from '../costs/value-costs.js';
import { type PyComplex, type PyFloat, safeInt } from '../values/values.js';

const {
  PLUS,
  COMMA,
  MINUS,
  POINT,
  ZERO,
  NINE,
  COLON,
  BRACKET_CLOSE,
  UNDERSCORE,
  LOWER_A,
  LOWER_B,
  LOWER_E,
  LOWER_F,
  LOWER_J,
  LOWER_O,
  LOWER_X,
  BRACE_CLOSE,
} = CHARACTERS;

/** Every int of so many bits is a safe integer. */
const SAFE_BITS = 53;
/** For `BigInt`, by the base. */
const PREFIXES: Readonly<Record<number, string>> = { 2: '0b', 8: '0o', 10: '', 16: '0x' };

type PyNumber = number | bigint | PyFloat | PyComplex;

/** Reads an unsigned number and sets `kind`. The first character, a digit or a point, is at the cursor. */
export function readNumber(scanner: Scanner): PyNumber {
  const { bytes } = scanner;
  const { length } = bytes;
  const start = scanner.pos;
  let at = start;
  let mantissa = 0;
  let code = -1;
  while (at < length && (code = bytes[at]!) >= ZERO && code <= NINE) {
    mantissa = mantissa * 10 + (code - ZERO);
    at++;
  }
  if (at === length) code = -1;
  const whole = at - start;
  if (!continuesNumber(code) && whole > 0 && whole <= SAFE_DIGITS && whole <= scanner.limits.maxIntDigits) {
    if (whole > 1 && mantissa !== 0 && bytes[start] === ZERO) failLeadingZero(scanner);
    scanner.pos = at;
    scanner.kind = NumberKind.int;
    if (mantissa !== (mantissa | 0)) scanner.spent += COSTS.number;
    return mantissa;
  }
  return code === POINT && whole <= SAFE_DIGITS ? readDecimal(scanner, mantissa, whole) : readAnyNumber(scanner);
}

/** Reads a float without an exponent. @param whole number of digits before the point, whose value is `wholePart` */
function readDecimal(scanner: Scanner, wholePart: number, whole: number): PyNumber {
  const { bytes } = scanner;
  const start = scanner.pos;
  const from = start + whole + 1;
  const stop = Math.min(bytes.length, start + SAFE_DIGITS + 1);
  let at = from;
  let mantissa = wholePart;
  let code = -1;
  while (at < stop && (code = bytes[at]!) >= ZERO && code <= NINE) {
    mantissa = mantissa * 10 + (code - ZERO);
    at++;
  }
  const safe = at;
  let low = 0;
  if (at === stop) {
    while (at < bytes.length && (code = bytes[at]!) >= ZERO && code <= NINE) {
      low = low * 10 + (code - ZERO);
      at++;
    }
  }
  if (at === bytes.length) code = -1;
  if (continuesNumber(code) || at === start + 1) return readAnyNumber(scanner);
  scanner.pos = at;
  // a quotient of safe integers is correctly rounded
  if (at === safe) return float(scanner, mantissa / POWERS_OF_TEN[at - from]!);
  const value = longDecimal(mantissa, low, at - safe, at - from);
  return float(scanner, Number.isNaN(value) ? Number(scanner.words.ascii(start, at)) : value);
}

function continuesNumber(code: number): boolean {
  if (code <= COMMA || code === BRACKET_CLOSE || code === BRACE_CLOSE || code === COLON) return false;
  return isDecimalDigit(code) || code === POINT || code === UNDERSCORE || isLetter(code);
}

/** Reads a number of the whole grammar: underscores, exponents, other bases, imaginary numbers, any length. */
function readAnyNumber(scanner: Scanner): PyNumber {
  const start = scanner.pos;
  if (scanner.codeAt(start) === ZERO) {
    const radix = radixOf(scanner.codeAt(start + 1));
    if (radix !== 0) return readPrefixed(scanner, radix);
  }
  let isFloat = false;
  let at = digitsEnd(scanner, start, 10);
  let hasDigits = at > start;
  if (scanner.codeAt(at) === POINT) {
    isFloat = true;
    const end = digitsEnd(scanner, at + 1, 10);
    hasDigits ||= end > at + 1;
    at = end;
  }
  if (!hasDigits) scanner.expected('a number');
  const code = toLower(scanner.codeAt(at));
  if (code === LOWER_E) {
    isFloat = true;
    const sign = scanner.codeAt(at + 1);
    const from = sign === PLUS || sign === MINUS ? at + 2 : at + 1;
    at = digitsEnd(scanner, from, 10);
    if (at === from) failAt(scanner, at, 'expected digits of an exponent');
  }
  const imaginary = toLower(scanner.codeAt(at)) === LOWER_J;
  scanner.pos = imaginary ? at + 1 : at;
  if (continuesNumber(scanner.codeAt(scanner.pos))) failAt(scanner, scanner.pos, 'unexpected character in a number');
  if (!imaginary && !isFloat) return readInt(scanner, start, start, 10);
  const value = Number(withoutUnderscores(scanner.words.ascii(start, at)));
  if (!imaginary) return float(scanner, value);
  scanner.kind = NumberKind.imaginary;
  return scanner.newComplex(0, value);
}

function readPrefixed(scanner: Scanner, radix: number): number | bigint {
  const start = scanner.pos;
  let from = start + 2;
  if (scanner.codeAt(from) === UNDERSCORE) from++;
  const end = digitsEnd(scanner, from, radix);
  if (end === from || continuesNumber(scanner.codeAt(end))) failAt(scanner, end, `expected a digit of base ${radix}`);
  scanner.pos = end;
  return readInt(scanner, start, from, radix);
}

/** The int whose digits, perhaps with underscores, stand between `from` and the cursor. @param start of the number, with its prefix */
function readInt(scanner: Scanner, start: number, from: number, radix: number): number | bigint {
  const { bytes, pos: end } = scanner;
  const { maxIntDigits } = scanner.limits;
  let digits = 0;
  let isZero = true;
  for (let at = from; at < end; at++) {
    const code = bytes[at]!;
    if (code !== UNDERSCORE) digits++;
    if (code !== UNDERSCORE && code !== ZERO) isZero = false;
  }
  if (digits > maxIntDigits)
    scanner.fail(`int of ${digits} digits is over maxIntDigits (${maxIntDigits})`, 'TOO_MANY_DIGITS', start);
  if (radix === 10 && digits > 1 && bytes[from] === ZERO && !isZero) {
    scanner.pos = start;
    failLeadingZero(scanner);
  }
  scanner.kind = NumberKind.int;
  const bits = digits * Math.log2(radix);
  const value = bits <= SAFE_BITS ? shortInt(bytes, from, end, radix) : longInt(scanner, from, end, radix);
  if (typeof value === 'bigint') scanner.spend(COSTS.bigint + (bits >> 3));
  else if (value !== (value | 0)) scanner.spent += COSTS.number;
  return value;
}

/** An int of at most {@link SAFE_BITS}: making a text and a bigint of its digits takes 100 ns. */
function shortInt(bytes: Buffer, from: number, end: number, radix: number): number {
  let value = 0;
  for (let at = from; at < end; at++) {
    const code = bytes[at]!;
    if (code !== UNDERSCORE) value = value * radix + (code <= NINE ? code - ZERO : toLower(code) - LOWER_A + 10);
  }
  return value;
}

function longInt(scanner: Scanner, from: number, end: number, radix: number): number | bigint {
  return safeInt(BigInt(PREFIXES[radix]! + withoutUnderscores(scanner.words.ascii(from, end))));
}

function radixOf(code: number): number {
  switch (toLower(code)) {
    case LOWER_X:
      return 16;
    case LOWER_O:
      return 8;
    case LOWER_B:
      return 2;
    default:
      return 0;
  }
}

/** End of a run of digits with single underscores between them. */
function digitsEnd(scanner: Scanner, from: number, radix: number): number {
  let at = from;
  while (isDigit(scanner.codeAt(at), radix)) {
    at++;
    if (scanner.codeAt(at) === UNDERSCORE) {
      at++;
      if (!isDigit(scanner.codeAt(at), radix)) failAt(scanner, at, 'expected a digit after the underscore');
    }
  }
  return at;
}

function isDigit(code: number, radix: number): boolean {
  if (radix === 16 && code > NINE) return toLower(code) >= LOWER_A && toLower(code) <= LOWER_F;
  return code >= ZERO && code < ZERO + Math.min(radix, 10);
}

function withoutUnderscores(literal: string): string {
  return literal.includes('_') ? literal.replaceAll('_', '') : literal;
}

function failLeadingZero(scanner: Scanner): never {
  return scanner.fail('a decimal int must not begin with zeros');
}

function failAt(scanner: Scanner, at: number, message: string): never {
  return scanner.fail(message, 'SYNTAX', at);
}

function float(scanner: Scanner, value: number): number | PyFloat {
  scanner.kind = NumberKind.float;
  return scanner.newFloat(value);
}
