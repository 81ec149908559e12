import { decodeBase64 } from './base64.js';
import { PyComplex, PyFloat } from '../values/values.js';

/** Keys of the special dicts below and of dicts that may stand for an array, and keys that a plain object inherits. */
const SPECIAL: ReadonlySet<string> = new Set([
  '__class__',
  'encoding',
  'dtype',
  'nd',
  ...Object.getOwnPropertyNames(Object.prototype),
]);

export function isSpecialKey(key: string): boolean {
  return SPECIAL.has(key);
}

/**
 * Decodes a dict that serpent writes for a value without a literal: bytes, nan, and complex numbers with nan.
 *
 * @returns undefined for every other dict
 */
export function decodeSpecialObject(dict: Record<string, unknown>): unknown {
  return decode(Object.keys(dict).length, (key) => (Object.hasOwn(dict, key) ? dict[key] : undefined), false);
}

/** As {@link decodeSpecialObject}, for a Map. */
export function decodeSpecialMap(dict: Map<unknown, unknown>): unknown {
  return decode(dict.size, (key) => dict.get(key), true);
}

function decode(size: number, get: (key: string) => unknown, faithful: boolean): unknown {
  if (size === 2) {
    const data = get('encoding') === 'base64' ? get('data') : undefined;
    if (typeof data === 'string') return decodeText(data);
    const float = get('__class__') === 'float' ? floatOf(get('value')) : undefined;
    if (float !== undefined) return faithful ? new PyFloat(float) : float;
  } else if (size === 3 && get('__class__') === 'complex') {
    const real = numberOf(get('real'));
    const imag = numberOf(get('imag'));
    if (real !== undefined && imag !== undefined) return new PyComplex(real, imag);
  }
  return undefined;
}

const FLOAT_TEXT = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;

const NO_FINITE_FLOAT: Readonly<Record<string, number>> = { nan: NaN, inf: Infinity, '-inf': -Infinity };

/** The value of a float dict: a number, or a text that Python's `repr` of a float gives. Serpent itself writes only `nan`. */
function floatOf(value: unknown): number | undefined {
  if (typeof value !== 'string') return numberOf(value);
  if (Object.hasOwn(NO_FINITE_FLOAT, value)) return NO_FINITE_FLOAT[value];
  return FLOAT_TEXT.test(value) ? Number(value) : undefined;
}

function numberOf(value: unknown): number | undefined {
  if (value instanceof PyFloat) return value.value;
  return typeof value === 'number' ? value : undefined;
}

function decodeText(data: string): Buffer | undefined {
  const text = Buffer.from(data);
  return decodeBase64(text, 0, text.length);
}
