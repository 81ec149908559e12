import { PyComplex, PyFloat } from '../values/values.js';

/** The number of a bool, a float, or a complex number without an imaginary part, which are equal to it in Python; else the value itself. */
export function numberEqualTo(value: unknown): unknown {
  if (typeof value === 'boolean') return Number(value);
  if (typeof value !== 'object') return value;
  if (value instanceof PyFloat) return value.value;
  return value instanceof PyComplex && value.imag === 0 ? value.real : value;
}

/** True for a bigint that equals a float. The bigint and a number are compared exactly, and without memory. */
export function isExactDouble(value: bigint): boolean {
  return isSameInt(Number(value), value);
}

/** True when a number equals a bigint exactly. No bigint is made of the number: one of `1e308` has 128 bytes, and 309 digits. */
export function isSameInt(number: number, bigint: bigint): boolean {
  return number >= bigint && !(number > bigint);
}
