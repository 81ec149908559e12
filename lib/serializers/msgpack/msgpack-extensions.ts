import { SerializeError } from '../../protocol/errors.js';
import { overLimit } from '../../protocol/over-limit.js';
import { UnreadableError } from '../contract/unreadable-error.js';
import { PyComplex } from '../../serpent/index.js';
import { PYRO_EXT } from './msgpack-types.js';
import { safeInt } from '../../serpent/values.js';

const DIGITS = /^[+-]?\d+$/;
const FLOAT = /^[+-]?(?:\d+(?:\.\d*)?(?:e[+-]\d+)?|inf|nan)$/;
const REAL_PART = /^-?(?:[\d.]+(?:e[+-]\d+)?|inf|nan)(?=[+-])/;
const MS_PER_DAY = 86_400_000;
/** Python's `date.toordinal` of 1970-01-01, and of 9999-12-31. */
const ORDINAL_OF_1970 = 719_163;
const LAST_ORDINAL = 3_652_059;
/** Years 1 to 9999, as in Python. */
const FIRST_SECOND = -62_135_596_800;
const END_SECOND = 253_402_300_800;

/**
 * Decodes an extension type of Pyro5. A datetime or date becomes the same text as in the other serializers.
 *
 * @throws {SerializeError} on other types
 * @throws {UnreadableError} on data that is not of the type
 */
export function decodePyroExtension(
  type: number,
  data: Buffer,
  maxIntDigits: number,
  asFloat: (value: number) => unknown,
): unknown {
  switch (type) {
    case PYRO_EXT.complex:
      expectSize(type, data, 16);
      return new PyComplex(data.readDoubleLE(0), data.readDoubleLE(8));
    case PYRO_EXT.int: {
      const text = data.toString('latin1');
      if (text.length > maxIntDigits + 1 || text.replace(/^[+-]/, '').length > maxIntDigits) {
        const reason = `a msgpack int has more than ${maxIntDigits} digits (maxIntDigits)`;
        throw overLimit('maxIntDigits', new UnreadableError(reason));
      }
      if (DIGITS.test(text)) return safeInt(BigInt(text));
      // Pyro5 writes every number that is no int of Python in this form: float32 and complex64 of NumPy
      if (FLOAT.test(text)) return asFloat(floatOf(text));
      return complexOf(text) ?? fail(badData(type));
    }
    case PYRO_EXT.datetime:
      expectSize(type, data, 8);
      return dateTimeText(data.readDoubleLE(0));
    case PYRO_EXT.date:
      // a C long has 4 bytes on Windows
      return dateText(data.length === 4 ? BigInt(data.readInt32LE(0)) : (expectSize(type, data, 8), data.readBigInt64LE(0)));
    default:
      throw new SerializeError(`invalid ext code for msgpack: ${type}`);
  }
}

function dateTimeText(seconds: number): string {
  if (!(seconds >= FIRST_SECOND && seconds < END_SECOND)) throw new UnreadableError('a msgpack datetime is out of range');
  let whole = Math.floor(seconds);
  let micros = Math.round((seconds - whole) * 1e6);
  if (micros === 1e6) {
    whole++;
    micros = 0;
  }
  const fraction = micros === 0 ? '' : `.${String(micros).padStart(6, '0')}`;
  return `${new Date(whole * 1000).toISOString().slice(0, 19)}${fraction}+00:00`;
}

function dateText(ordinal: bigint): string {
  if (ordinal < 1n || ordinal > LAST_ORDINAL) throw new UnreadableError('a msgpack date is out of range');
  return new Date((Number(ordinal) - ORDINAL_OF_1970) * MS_PER_DAY).toISOString().slice(0, 10);
}

function expectSize(type: number, data: Buffer, size: number): void {
  if (data.length !== size) throw badData(type);
}

function badData(type: number): UnreadableError {
  return new UnreadableError(`bad data of msgpack ext code ${type}`);
}

function floatOf(text: string): number {
  return Number(text.replace('inf', 'Infinity').replace('nan', 'NaN'));
}

/** `(1-2j)`, `2j` */
function complexOf(text: string): PyComplex | undefined {
  const [, parts] = /^\(?([^()]+)j\)?$/.exec(text) ?? [];
  if (parts === undefined) return undefined;
  const real = REAL_PART.exec(parts)?.[0] ?? '';
  const imag = parts.slice(real.length);
  if (!FLOAT.test(imag) || (real !== '' && !FLOAT.test(real))) return undefined;
  return new PyComplex(real === '' ? 0 : floatOf(real), floatOf(imag));
}

function fail(error: Error): never {
  throw error;
}
