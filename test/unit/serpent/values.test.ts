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
