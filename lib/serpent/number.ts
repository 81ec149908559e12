import { CHARACTERS, isDecimalDigit, isLetter, toLower } from './characters.js';
import { NumberKind, type Scanner } from './scanner.js';
import { PyComplex, PyFloat, safeInt } from './values.js';

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

/** Dividing an integer below 2^53 by one of these is correctly rounded, and much faster than `Number(text)`. */
const POWERS_OF_TEN = Array.from({ length: 16 }, (_, exponent) => 10 ** exponent);

/** An int with at most so many digits is a safe integer. */
const SAFE_DIGITS = 15;

type PyNumber = number | bigint | PyFloat | PyComplex;

/** Reads an unsigned number and sets `kind`. The first character, a digit or a point, is at the cursor. */
export function readNumber(scanner: Scanner): PyNumber {
  const { text } = scanner;
  const { length } = text;
  const start = scanner.pos;
  let at = start;
  let mantissa = 0;
  let code = -1;
  while (at < length && (code = text.charCodeAt(at)) >= ZERO && code <= NINE) {
    mantissa = mantissa * 10 + (code - ZERO);
    at++;
  }
  if (at === length) code = -1;
  const whole = at - start;
  if (!continuesNumber(code) && whole > 0 && whole <= SAFE_DIGITS && whole <= scanner.limits.maxIntDigits) {
    if (whole > 1 && mantissa !== 0 && text.charCodeAt(start) === ZERO) failLeadingZero(scanner);
    scanner.pos = at;
    return int(scanner, mantissa);
  }
  if (code !== POINT) return readAnyNumber(scanner);
  at++;
  while (at < length && (code = text.charCodeAt(at)) >= ZERO && code <= NINE) {
    mantissa = mantissa * 10 + (code - ZERO);
    at++;
  }
  if (at === length) code = -1;
  const fraction = at - start - whole - 1;
  if (continuesNumber(code) || whole + fraction === 0) return readAnyNumber(scanner);
  scanner.pos = at;
  if (whole + fraction <= SAFE_DIGITS) return float(scanner, mantissa / POWERS_OF_TEN[fraction]!);
  return float(scanner, Number(text.slice(start, at)));
}

function continuesNumber(code: number): boolean {
  if (code <= COMMA || code === BRACKET_CLOSE || code === BRACE_CLOSE || code === COLON) return false;
  return isDecimalDigit(code) || code === POINT || code === UNDERSCORE || isLetter(code);
}

/** Reads a number of the whole grammar: underscores, exponents, other bases, imaginary numbers, any length. */
function readAnyNumber(scanner: Scanner): PyNumber {
  const { text } = scanner;
  const start = scanner.pos;
  if (text.charCodeAt(start) === ZERO) {
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
  const literal = withoutUnderscores(text.slice(start, at));
  const imaginary = toLower(scanner.codeAt(at)) === LOWER_J;
  scanner.pos = imaginary ? at + 1 : at;
  if (continuesNumber(scanner.codeAt(scanner.pos))) failAt(scanner, scanner.pos, 'unexpected character in a number');
  if (imaginary) {
    scanner.kind = NumberKind.imaginary;
    return new PyComplex(0, Number(literal));
  }
  if (isFloat) return float(scanner, Number(literal));
  checkDigits(scanner, literal.length, start);
  if (literal.length > 1 && literal.startsWith('0') && /[^0]/.test(literal)) {
    scanner.pos = start;
    failLeadingZero(scanner);
  }
  return int(scanner, BigInt(literal));
}

function readPrefixed(scanner: Scanner, radix: number): PyNumber {
  const start = scanner.pos;
  let from = start + 2;
  if (scanner.codeAt(from) === UNDERSCORE) from++;
  const end = digitsEnd(scanner, from, radix);
  if (end === from || continuesNumber(scanner.codeAt(end))) failAt(scanner, end, `expected a digit of base ${radix}`);
  const digits = withoutUnderscores(scanner.text.slice(from, end));
  checkDigits(scanner, digits.length, start);
  scanner.pos = end;
  return int(scanner, BigInt(`${scanner.text.slice(start, start + 2)}${digits}`));
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

function checkDigits(scanner: Scanner, digits: number, at: number): void {
  const { maxIntDigits } = scanner.limits;
  if (digits > maxIntDigits)
    scanner.fail(`int of ${digits} digits is over maxIntDigits (${maxIntDigits})`, 'TOO_MANY_DIGITS', at);
}

function failLeadingZero(scanner: Scanner): never {
  return scanner.fail('a decimal int must not begin with zeros');
}

function failAt(scanner: Scanner, at: number, message: string): never {
  return scanner.fail(message, 'SYNTAX', at);
}

function int(scanner: Scanner, value: number | bigint): number | bigint {
  scanner.kind = NumberKind.int;
  return typeof value === 'bigint' ? safeInt(value) : value;
}

function float(scanner: Scanner, value: number): number | PyFloat {
  scanner.kind = NumberKind.float;
  return scanner.faithful ? new PyFloat(value) : value;
}
