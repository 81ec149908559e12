import { describe, expect, it } from 'vitest';
import type { BenchmarkRow } from '../../../bench/benchmark.js';
import { Contest } from '../../../bench/contest.js';
import { floorRow, ratioFloor } from '../../../bench/floor.js';
import { markdownTable } from '../../../bench/table.js';

/** A contest whose contenders show these rates, round by round. */
function contest(rates: Record<string, number[]>): Promise<Contest> {
  const contenders = Object.entries(rates).map(([name, rounds]) => {
    // the first round does not count
    const left = [NaN, ...rounds];
    return { name, measure: () => Promise.resolve({ rate: left.shift()!, cpu: 10 }) };
  });
  return Contest.hold(contenders, { rounds: 3, warmUpMs: 0, ms: 0 }, { smoke: false });
}

describe('a contest', () => {
  it('a contest gives the median of the ratios of the rounds, not the ratio of the medians', async () => {
    const held = await contest({ raw: [100, 10, 50], nest: [50, 9, 10] });
    expect(held.ratio('nest', 'raw')).toBe(0.5);
    expect(held.median('nest', 'rate')).toBe(10);
  });

  it('a contest has no ratio of a figure that a contender does not have', async () => {
    expect((await contest({ raw: [1, 1, 1] })).ratio('raw', 'raw', 'p99')).toBeNaN();
  });
});

describe('a floor', () => {
  const row = { case: 'add', floor: 0.8, mark: 1 };

  it.each([
    [0.79, 'MISSED'],
    [0.8, 'floor'],
    [1, 'mark'],
  ])('a floor of 0.8, with a mark of 1: %s is %s', (measured, verdict) => {
    expect(floorRow({ ...row, measured }, true).verdict).toBe(verdict);
  });

  it.each([
    [1.7, 'MISSED'],
    [1.6, 'floor'],
    [1.2, 'mark'],
  ])('a floor of at most 1.6, with a mark of 1.2: %s is %s', (measured, verdict) => {
    expect(floorRow({ case: 'p99', floor: 1.6, mark: 1.2, atMost: true, measured }, true).verdict).toBe(verdict);
  });

  it('a floor is not judged in a smoke run', () => {
    expect(floorRow({ ...row, measured: 0 }, false).verdict).toBe('');
  });

  it('a floor shows the rates and the CPU behind a ratio', async () => {
    const held = await contest({ raw: [100, 100, 100], nest: [90, 90, 90] });
    expect(ratioFloor(held, 'add', 'nest', 'raw', { floor: 0.85, mark: 1 })).toMatchObject({
      case: 'add: nest ÷ raw',
      measured: 0.9,
      byCpu: 1,
      detail: '90.0 : 100 a second, CPU 10.0 : 10.0 µs',
    });
  });
});

describe('a table', () => {
  it('a table is Markdown with aligned columns, numbers to the right', () => {
    const rows: BenchmarkRow[] = [
      { server: 'raw', rate: 12_345.6 },
      { server: 'Nest', rate: 0.5, note: 'x' },
    ];
    expect(markdownTable(rows).split('\n')).toEqual([
      '| server |   rate | note |',
      '| ------ | -----: | ---- |',
      '| raw    | 12,346 |      |',
      '| Nest   |   0.50 | x    |',
    ]);
  });
});
