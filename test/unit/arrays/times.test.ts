import { describe, expect, it, vi } from 'vitest';
import { NdArray } from '../../../lib/arrays/nd-array.js';

const ticks = (item: unknown, unit: string): unknown => NdArray.from([item], { dtype: `datetime64[${unit}]` }).get(0);

describe('the number of a time', () => {
  it('a time has the day of the calendar, in years before 1970 and after it', () => {
    for (let day = -200_000; day < 200_000; day += 97) {
      const text = new Date(day * 86_400_000).toISOString().slice(0, 10);
      expect([text, ticks(text, 'D')]).toEqual([text, BigInt(day)]);
      expect(ticks(`${text}T01:02:03`, 's')).toBe(BigInt(day * 86_400 + 3_723));
    }
    expect(ticks('-0001-12-31', 'D')).toBe(-719_529n);
    expect(ticks('+010000-01-01', 'D')).toBe(2_932_897n);
  });

  it.each([
    ['1969-12-31T23:59:59.999', 'ms', -1n],
    ['1969-12-31T23:59:59.9', 's', -1n],
    ['1969-12-31', '7D', -1n],
    ['1969-11', '3M', -1n],
    ['2026-01-31T10:20:30.123456789', 'ns', 1_769_854_830_123_456_789n],
    ['2026-01-31T10:20:30.123456789', '3ns', 589_951_610_041_152_263n],
    ['1970-01-01T00:00:01.000000000000000001', 'as', 1_000_000_000_000_000_001n],
    ['2026-01-31T10Z', 'h', 491_626n],
    ['2026-01-31 10:20+00:00', 'm', 29_497_580n],
  ])('a time of %s has its number of %s', (text, unit, number) => {
    expect(ticks(text, unit)).toBe(number);
  });

  it.each(['2026-1-01', '226', '2026-02-30', '2026-01-01T24', '2026-01-01T10:', '2026-01-01Z', '2026-01-01T10+01:00', '2026T10'])(
    'a time is not %s',
    (text) => {
      expect(() => ticks(text, 's')).toThrow('cannot be an element of dtype datetime64[s]');
    },
  );

  it('a time is refused when its unit is too small for its number', () => {
    expect(() => ticks('2026-01-31', 'as')).toThrow('cannot be an element of dtype datetime64[as]');
  });

  it('times of whole seconds are read without bigints, and their unit once for all', () => {
    const [exec, asIntN] = [vi.spyOn(RegExp.prototype, 'exec'), vi.spyOn(BigInt, 'asIntN')];
    try {
      const items = Array.from({ length: 100 }, (_, index) => `20${10 + (index % 80)}-03-04T05:06:07`);
      expect(NdArray.from(items, { dtype: 'datetime64[s]' }).size).toBe(100);
      expect(exec.mock.calls.length).toBeLessThan(20);
      expect(asIntN).not.toHaveBeenCalled();
    } finally {
      exec.mockRestore();
      asIntN.mockRestore();
    }
  });
});

it.each<[unknown, bigint]>([
  [0, 0n],
  [-1, -1n],
  [2 ** 53 - 1, 9_007_199_254_740_991n],
  [-(2 ** 53) + 1, -9_007_199_254_740_991n],
  [-4_294_967_296, -4_294_967_296n],
  [4_294_967_295, 4_294_967_295n],
  [2 ** 62, 4_611_686_018_427_387_904n],
])('an array of int64 and of times holds the number %s', (number, held) => {
  expect(NdArray.from([number], { dtype: 'int64' }).get(0)).toBe(held);
  if (Number.isSafeInteger(number)) expect(ticks(number, 's')).toBe(held);
});
