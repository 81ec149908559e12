import { expect, it } from 'vitest';
import { float16Bits, float16Of } from '../../../lib/arrays/float16.js';

it('every number of half precision is read and written', () => {
  for (let bits = 0; bits < 0x10000; bits++) {
    const value = float16Of(bits);
    if (Number.isNaN(value)) continue;
    if (float16Bits(value) !== bits) expect(float16Bits(value)).toBe(bits);
  }
  expect([0x3c00, 0xc000, 0x7bff, 1, 0x7c00, 0xfc00, 0x8000].map(float16Of)).toEqual([
    1,
    -2,
    65_504,
    2 ** -24,
    Infinity,
    -Infinity,
    -0,
  ]);
});

it('a number is rounded to the nearest number of half precision, and to the even one of two', () => {
  const one = 0x3c00;
  expect(float16Bits(1 + 2 ** -11)).toBe(one);
  expect(float16Bits(1 + 3 * 2 ** -11)).toBe(one + 2);
  expect(float16Bits(1 + 2 ** -11 + 2 ** -40)).toBe(one + 1);
  expect([65_519.99, 65_520, -1e300].map(float16Bits)).toEqual([0x7bff, 0x7c00, 0xfc00]);
  expect([2 ** -25, 2 ** -25 * 1.01, 1023.5 * 2 ** -24].map(float16Bits)).toEqual([0, 1, 1024]);
});
