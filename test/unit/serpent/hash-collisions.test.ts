import { describe, expect, it } from 'vitest';
import { HashCollisions } from '../../../lib/serpent/costs/hash-collisions.js';
import { seedsIndexTexts } from '../../../lib/serpent/costs/index-text-hash.js';

const COUNT = 20_000;
/** Bytes of a message for which the limit is the highest that there is. */
const LARGE = 2 ** 24;
/** Bytes of an int in a set of marshal. */
const INT_BYTES = 5;

/** Counts the keys of a row that are admitted to a new Map before the first refusal. */
function admitted(
  keyAt: (index: number) => number | bigint | string,
  count = COUNT,
  collisions = new HashCollisions(LARGE),
): number {
  const map = new Map<unknown, unknown>();
  for (let index = 0; index < count; index++) {
    const key = keyAt(index);
    if (!collisions.admits(map, key)) return index;
    map.set(key, index);
  }
  return count;
}

describe('HashCollisions: the limit on colliding keys', () => {
  it.each<[string, (index: number) => number | bigint]>([
    ['ints in a row', (index) => index],
    ['negative ints', (index) => -index * 3],
    ['multiples of a power of two', (index) => index * 65_536],
    ['squares', (index) => index * index],
    ['points in time', (index) => 1_700_000_000_000 + index * 60_000],
    ['wavelengths', (index) => 380 + index / 100],
    ['small fractions', (index) => 1 / (index + 1)],
    ['powers', (index) => 1.0001 ** index],
    ['large ints in a row', (index) => 2n ** 80n + BigInt(index)],
    ['large ints far apart', (index) => 2n ** 80n + BigInt(index) * 1_000_003n],
    ['large negative ints', (index) => -(2n ** 64n) - BigInt(index)],
  ])('the Map keys are admitted: %s', (_, keyAt) => {
    expect(admitted(keyAt)).toBe(COUNT);
  });

  it('the same key is admitted again and again, and the same keys in the same order', () => {
    expect(admitted((index) => (index < 1_000 ? index : 5))).toBe(COUNT);
    expect(admitted((index) => index % 1_000)).toBe(COUNT);
  });

  it('some thousand colliding keys are admitted, and no more', () => {
    // V8 looks at the lower 64 bits of a bigint only
    const sameLowerBits = (index: number): bigint => BigInt(index + 1) << 64n;
    expect(admitted(sameLowerBits, 1_500)).toBe(1_500);
    expect(admitted(sameLowerBits)).toBeLessThan(3_000);
  });

  it('a message of a few KB may have some hundred colliding keys, and each byte adds to the time that they may take', () => {
    const colliding = (index: number): bigint => BigInt(index + 1) << 64n;
    const admittedIn = (bytes: number): number => admitted(colliding, COUNT, new HashCollisions(bytes));
    expect(admittedIn(0)).toBeGreaterThan(250);
    expect(admittedIn(20_000)).toBeLessThan(400);
    // comparisons grow with the square of the keys
    expect(admittedIn(1_000_000)).toBeGreaterThan(4 * admittedIn(20_000));
    expect(admittedIn(1_000_000)).toBeLessThan(1_600);
    expect(admittedIn(Infinity)).toBe(admittedIn(LARGE));
  });

  it.each<[string, (index: number) => number | bigint]>([
    ['ints in a row', (index) => index],
    ['multiples of 1024', (index) => index * 1_024],
    ['multiples of 4096', (index) => index * 4_096],
    ['points in time in milliseconds', (index) => 1_700_000_000_000 + index * 60_000],
    ['points in time in nanoseconds', (index) => 1_700_000_000_000_000_000n + BigInt(index) * 1_000_000n],
    ['numbers with a timestamp above 22 bits', (index) => (BigInt(1_700_000_000_000 + index) << 22n) + 5n],
    ['two numbers in one', (index) => (index % 1_000) * 65_536 + Math.floor(index / 1_000)],
    ['halves', (index) => index + 0.5],
    ['large ints in a row', (index) => 2n ** 80n + BigInt(index)],
  ])('keys that nobody made to collide are admitted without the bytes of the message: %s', (_, keyAt) => {
    expect(admitted(keyAt, 300_000, new HashCollisions(0))).toBe(300_000);
  });

  it('a message with one set of colliding ints is refused long before it takes a tenth of a second', () => {
    const ints = 3_900;
    expect(admitted((index) => BigInt(index + 1) << 64n, ints, new HashCollisions(ints * INT_BYTES))).toBeLessThan(400);
  });

  it('colliding keys of many tables are counted together', () => {
    const collisions = new HashCollisions(LARGE);
    let tables = 0;
    while (tables < 1_000 && admitted((index) => BigInt(index + 1) << 64n, 1_000, collisions) === 1_000) tables++;
    expect(tables).toBeGreaterThan(2);
    expect(tables).toBeLessThan(10);
  });

  it('long bigints that collide cost what it takes to compare them', () => {
    const ofDigits = (bits: bigint) => (index: number) => (1n << (bits + 100n)) | (BigInt(index + 1) << bits) | 5n;
    const short = admitted(ofDigits(64n));
    const long = admitted(ofDigits(14_000n));
    expect(short).toBeLessThan(3_500);
    // a comparison of 220 words takes some 20 times as long
    expect(long).toBeLessThan(short / 2.5);
  });

  it('bigints that collide are counted in tables of 32 keys and more', () => {
    const collisions = new HashCollisions(LARGE);
    let tables = 0;
    while (tables < 5_000 && admitted((index) => BigInt(index + 1) << 64n, 127, collisions) === 127) tables++;
    expect(tables).toBeGreaterThan(100);
    expect(tables).toBeLessThan(300);
    for (let table = 0; table < 5_000; table++)
      expect(admitted((index) => (BigInt(index + 1) << 64n) + BigInt(index) * 7_919n, 127, new HashCollisions(LARGE))).toBe(127);
  });

  it('texts like array indices are checked where V8 hashes them without a seed, and only there', () => {
    const colliding = (index: number): string => String(index * 65_536);
    expect(admitted(colliding, COUNT, new HashCollisions(LARGE, false))).toBeLessThan(6_000);
    expect(admitted(colliding, COUNT, new HashCollisions(LARGE, true))).toBe(COUNT);
    for (const keyAt of [String, (index: number) => String(index * 1_000), (index: number) => String(1_700_000_000 + index * 60)])
      expect(admitted(keyAt, COUNT, new HashCollisions(LARGE, false))).toBe(COUNT);
  });

  it.each([
    ['20.19.0', false],
    ['20.20.1', false],
    ['20.20.2', true],
    ['22.12.0', false],
    ['22.22.2', true],
    ['22.23.0', true],
    ['23.11.0', false],
    ['24.0.0', false],
    ['24.14.1', true],
    ['25.8.1', false],
    ['26.0.0', true],
  ])('Node %s hashes texts like array indices with a seed: %s', (version, isSeeded) => {
    expect(seedsIndexTexts(version)).toBe(isSeeded);
  });

  it('other texts and small tables are not checked for colliding keys', () => {
    expect(admitted((index) => `k${index * 65_536}`, COUNT, new HashCollisions(LARGE, false))).toBe(COUNT);
    const collisions = new HashCollisions(LARGE);
    for (let table = 0; table < 1_000; table++) {
      expect(admitted((index) => BigInt(index + 1) << 64n, 31, collisions)).toBe(31);
    }
  });
});
