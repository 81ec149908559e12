import { describe, expect, it } from 'vitest';
import { KeyHash } from '../../../lib/serpent/keys/key-hash.js';
import { loads, parse, PyComplex, PyFloat, pyTuple } from '../../../lib/serpent/index.js';

/** Numbers in all forms. The forms of a row are equal in Python. */
const EQUAL: readonly (readonly string[])[] = [
  ['0', '-0.0', 'False', '0j'],
  ['1', '1.0', 'True', '1+0j', '0x1', '1_0e-1'],
  ['9007199254740992', '9007199254740992.0'],
  ['9007199254740993'],
  ['9007199254740994', '9007199254740993.5'],
  ['10000000000000000000000', '1e22', '1e22+0j', 'np.float64(1e22)'],
  ['10000000000000000000001'],
  ['-10000000000000000000000', '-1e22'],
  [`1${'0'.repeat(308)}`],
  [String(BigInt(1e308)), '1e308'],
  [String(2n ** 1024n)],
  ['1e400'],
  ['1e22j', '0+1e22j'],
  ['1e308j'],
  ["'1'"],
  ["b'1'", "b'\\x31'"],
  ['None'],
];
const WRAPPED: Record<string, (key: string) => string> = {
  bare: (key) => key,
  'in a tuple': (key) => `(${key},)`,
  'in a tuple of two': (key) => `(${key},'a')`,
  'in nested tuples': (key) => `('a',((${key},),))`,
};

/** A set of the members, after so many tuples. */
const sizeBehind = (count: number, members: string[], values: 'natural' | 'faithful'): number => {
  const others = Array.from({ length: count }, (_, index) => `(${index}, 'other')`);
  return (loads(`{${[...others, ...members].join()}}`, { values }) as Set<unknown>).size - count;
};

describe('keys of sets and dicts are equal as in Python', () => {
  it.each(Object.entries(WRAPPED))('serpent: numbers in all forms, %s', (_, wrap) => {
    for (const values of ['natural', 'faithful'] as const) {
      for (const count of [1, 20]) {
        for (const [row, forms] of EQUAL.entries()) {
          for (const one of forms) {
            for (const [otherRow, others] of EQUAL.entries()) {
              for (const other of others) {
                const members = [wrap(one), wrap(other)];
                expect(sizeBehind(count, members, values), members.join()).toBe(row === otherRow ? 1 : 2);
              }
            }
          }
        }
      }
    }
  });

  it('serpent: the first of equal keys stays', () => {
    const others = Array.from({ length: 20 }, (_, index) => `(${index},): 0`).join();
    for (const [text, first] of [
      ['1e22: 1, 10000000000000000000000: 2', 1e22],
      ['10000000000000000000000: 1, 1e22: 2', 10n ** 22n],
    ] as const) {
      expect([...(loads(`{${text}}`) as Map<unknown, unknown>)]).toStrictEqual([[first, 2]]);
      expect([...(loads(`{${others}, ${text}}`) as Map<unknown, unknown>)].slice(20)).toStrictEqual([[first, 2]]);
    }
  });

  it('serpent: comparing a tuple takes no memory for its items', () => {
    const others = Array.from({ length: 20 }, (_, index) => `(${index},)`);
    for (const item of ['7', '1e308', '1.5', "'a'", '1e308j', '(1,)', "b'ab'"]) {
      for (const values of ['natural', 'faithful'] as const) {
        const long = `(${`${item},`.repeat(10_000)})`;
        const text = `{${others.join()},${long},${long.replace('(', '(0,')}}`;
        const budget = { spentBytes: 0, limitBytes: Infinity };
        parse(text, { values, budget });
        expect(() => loads(text, { values, maxValueBytes: budget.spentBytes + 2_000 }), `${item} ${values}`).not.toThrow();
      }
    }
  });

  it('serpent: ints that equal floats, and that collide, are limited', () => {
    // multiples of 2 ** 64: V8 hashes the lower 64 bits only
    const members = Array.from({ length: 20_000 }, (_, index) => String(BigInt(index + 1) << 64n));
    expect(() => loads(`{(), ${members.join()}}`)).toThrow('keys that collide');
  });
});

describe('KeyHash: a hash of keys that are no texts and no numbers', () => {
  const hash = (key: unknown): number => new KeyHash().of(key);

  it('equal keys have the same hash', () => {
    const key = pyTuple(1, 1e22, 'text', Buffer.from('bytes'), null, pyTuple(NaN, 0), new PyComplex(1, 2), 2n ** 70n + 1n);
    const same = [
      true,
      10n ** 22n,
      'text',
      Buffer.from('bytes'),
      null,
      [new PyFloat(NaN), -0],
      new PyComplex(1, 2),
      2n ** 70n + 1n,
    ];
    expect(hash(key)).toBe(hash(same));
  });

  it('many keys that differ little have different hashes', () => {
    const keys: unknown[] = [
      [],
      [[]],
      [[], []],
      ['a', 'b'],
      ['ab'],
      ['', 'ab'],
      [Buffer.from('ab')],
      [new PyComplex(0, 1)],
      [0, 1],
    ];
    for (let index = 2; index < 2_000; index++)
      keys.push([index], [index, 0], [index + 0.5], [`${index}`], [BigInt(index) << 64n], [(BigInt(index) << 80n) + 1n]);
    const hashes = new Set(keys.map(hash));
    // by chance two of 12,000 collide once in 60 runs
    expect(hashes.size).toBeGreaterThanOrEqual(keys.length - 2);
  });
});
