import { describe, expect, it } from 'vitest';
import { PyComplex, pyFloat, PyTuple, pyTuple } from '../../../lib/serpent/index.js';

describe('pyTuple', () => {
  it('pyTuple() holds its arguments, even a single number', () => {
    expect(pyTuple(3)).toBeInstanceOf(PyTuple);
    expect([...pyTuple(3)]).toEqual([3]);
    expect([...pyTuple()]).toEqual([]);
  });

  it('a pyTuple gives plain arrays when it is mapped, filtered or sliced', () => {
    const tuple = pyTuple(1, 2, 3);
    for (const array of [tuple.map((item) => item), tuple.filter(Boolean), tuple.slice(1)]) {
      expect(array).not.toBeInstanceOf(PyTuple);
      expect(Array.isArray(array)).toBe(true);
    }
  });
});

describe('pyFloat', () => {
  it('pyFloat() converts to its number', () => {
    expect(Number(pyFloat(2)) + 1).toBe(3);
    expect(String(pyFloat(2))).toBe('2');
  });
});

it.each<[shown: string, value: unknown]>([
  ['the text "1.0, \'admin\', True"', "1.0, 'admin', True"],
  [`the text "${'x'.repeat(60)}"…`, 'x'.repeat(1_000)],
  ['undefined', undefined],
  ['null', null],
  ['the bigint 5n', 5n],
  ['an object', {}],
])('pyFloat() and PyComplex take numbers only, and name the value: %s', (shown, value) => {
  const wrong = value as number;
  const remedy = 'it must be a number, so convert it first: Number(value)';
  expect(() => pyFloat(wrong)).toThrow(new TypeError(`pyFloat: the value is ${shown}; ${remedy}`));
  expect(() => new PyComplex(wrong, 1)).toThrow(new TypeError(`PyComplex: the real part is ${shown}; ${remedy}`));
  expect(() => new PyComplex(1, wrong)).toThrow(new TypeError(`PyComplex: the imaginary part is ${shown}; ${remedy}`));
});

describe('PyComplex', () => {
  it.each([
    [1, 2, '(1+2j)'],
    [1, -2, '(1-2j)'],
    [-1.5, -0, '(-1.5-0j)'],
    [0, NaN, '(0+NaNj)'],
  ])('PyComplex(%d, %d) is written %s', (real, imag, text) => {
    expect(String(new PyComplex(real, imag))).toBe(text);
  });
});
