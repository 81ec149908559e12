import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { RepeatedLines } from '../../../lib/reports/repeated-lines.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function printer(): { lines: string[]; print(kind: string, times?: number): void; repeated: RepeatedLines } {
  const lines: string[] = [];
  const repeated = new RepeatedLines();
  const print = (kind: string, times = 1): void => {
    for (let i = 0; i < times; i++) {
      repeated.print(kind, { line: () => lines.push(kind), more: (text) => lines.push(`${text} ${kind}`) });
    }
  };
  return { lines, print, repeated };
}

it('repeated lines of one kind are counted after the first 20, and other kinds are still printed', () => {
  const { lines, print } = printer();
  print('a', 331);
  print('b');
  expect(lines).toHaveLength(21);
  vi.advanceTimersByTime(60_000);
  expect(lines.slice(20)).toEqual(['b', '… and 311 more in 60 s: a']);
  print('a');
  expect(lines.at(-1)).toBe('a');
});

it('kinds without end share one window', () => {
  const { lines, print } = printer();
  for (let i = 0; i < 10_000; i++) print(String(i));
  expect(lines.length).toBeLessThanOrEqual(220);
});

it('the counts are printed at the end', () => {
  const { lines, print, repeated } = printer();
  print('a', 25);
  repeated.endAll();
  expect(lines.at(-1)).toBe('… and 5 more in 60 s: a');
});
