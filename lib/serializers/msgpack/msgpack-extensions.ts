import { SerializeError } from '../../protocol/errors.js';
import { overLimit } from '../../protocol/over-limit.js';
import { UnreadableError } from '../contract/unreadable-error.js';
import { readPlainNumber } from '../bytes/plain-numbers.js';
import { complexOf, floatOf } from '../objects/complex-text.js';
import { CHARACTERS } from '../../serpent/text/characters.js';
import { PyComplex } from '../../serpent/index.js';
import { isoDate, isoDateTime } from './iso-texts.js';
import { PYRO_EXT } from './msgpack-types.js';
import { safeInt } from '../../serpent/values/values.js';

const DIGITS = /^[+-]?\d+$/;
/** Python's `date.toordinal` of 9999-12-31. */
const LAST_ORDINAL = 3_652_059;
/** Years 1 to 9999, as in Python. */
const FIRST_SECOND = -62_135_596_800;
const END_SECOND = 253_402_300_800;
const WORD = 2 ** 32;
const { LOWER_J, PLUS, MINUS, LOWER_E } = CHARACTERS;

/**
 * Decodes an extension type of Pyro5. A datetime or date becomes the same text as in the other serializers.
 *
 * @param bytes the message, with the data from `start` to `end`
 * @throws {SerializeError} on other types
 * @throws {UnreadableError} on data that is not of the type
 */
export function decodePyroExtension(
  type: number,
  bytes: Buffer,
  start: number,
  end: number,
  maxIntDigits: number,
  asFloat: (value: number) => unknown,
): unknown {
  switch (type) {
    case PYRO_EXT.complex:
      expectSize(type, end - start, 16);
      return new PyComplex(bytes.readDoubleLE(start), bytes.readDoubleLE(start + 8));
    case PYRO_EXT.int:
      return numberIn(bytes, start, end, maxIntDigits, asFloat);
    case PYRO_EXT.datetime:
      expectSize(type, end - start, 8);
      return dateTimeText(bytes.readDoubleLE(start));
    case PYRO_EXT.date:
      // a C long has 4 bytes on Windows
      if (end - start === 4) return dateText(bytes.readInt32LE(start));
      expectSize(type, end - start, 8);
      return dateText(bytes.readInt32LE(start + 4) * WORD + bytes.readUInt32LE(start));
    default:
      throw new SerializeError(`invalid ext code for msgpack: ${type}`);
  }
}

/** Pyro5 writes every number that is no int of Python in the form of an int, too: float32 and complex64 of NumPy. */
function numberIn(bytes: Buffer, start: number, end: number, maxIntDigits: number, asFloat: (value: number) => unknown): unknown {
  if (end - start <= maxIntDigits) {
    const int = readPlainNumber(bytes, start, end, true);
    // the int zero has no sign
    if (!Number.isNaN(int)) return int + 0;
    const isComplex = bytes[end - 1] === LOWER_J;
    const float = isComplex ? NaN : readPlainNumber(bytes, start, end);
    if (!Number.isNaN(float)) return asFloat(float);
    const complex = isComplex ? plainComplex(bytes, start, end - 1) : undefined;
    if (complex !== undefined) return complex;
  }
  const text = bytes.toString('latin1', start, end);
  if (text.length > maxIntDigits + 1 || text.replace(/^[+-]/, '').length > maxIntDigits) {
    const reason = `a msgpack int has more than ${maxIntDigits} digits (maxIntDigits)`;
    throw overLimit('maxIntDigits', new UnreadableError(reason));
  }
  if (DIGITS.test(text)) return safeInt(BigInt(text));
  const float = floatOf(text);
  if (float !== undefined) return asFloat(float);
  return complexOf(text) ?? fail(badData(PYRO_EXT.int));
}

/** Reads a complex number of few digits, without its `j`: `2`, `1-2`. Undefined for other texts. */
function plainComplex(bytes: Buffer, start: number, end: number): PyComplex | undefined {
  let sign = end - 1;
  for (; sign > start; sign--) {
    const isSign = bytes[sign] === PLUS || bytes[sign] === MINUS;
    if (isSign && bytes[sign - 1] !== LOWER_E) break;
  }
  const real = sign > start ? readPlainNumber(bytes, start, sign) : 0;
  const imag = readPlainNumber(bytes, Math.max(sign, start), end);
  return Number.isNaN(real) || Number.isNaN(imag) ? undefined : new PyComplex(real, imag);
}

function dateTimeText(seconds: number): string {
  if (!(seconds >= FIRST_SECOND && seconds < END_SECOND)) throw new UnreadableError('a msgpack datetime is out of range');
  let whole = Math.floor(seconds);
  let micros = Math.round((seconds - whole) * 1e6);
  if (micros === 1e6) {
    whole++;
    micros = 0;
  }
  return isoDateTime(whole, micros);
}

function dateText(ordinal: number): string {
  if (ordinal < 1 || ordinal > LAST_ORDINAL) throw new UnreadableError('a msgpack date is out of range');
  return isoDate(ordinal);
}

function expectSize(type: number, length: number, size: number): void {
  if (length !== size) throw badData(type);
}

function badData(type: number): UnreadableError {
  return new UnreadableError(`bad data of msgpack ext code ${type}`);
}

function fail(error: Error): never {
  throw error;
}
