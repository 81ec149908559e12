import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RepeatedLines } from '../../../lib/reports/repeated-lines.js';
import { collectUntil } from '../../garbage-collection.js';

describe('with a clock of the test', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('repeated lines of one kind are counted after the first 20, and other kinds are still printed', () => {
    const { lines, print } = printer();
    print('a', 331);
    print('b');
    expect(lines).toHaveLength(21);
    vi.advanceTimersByTime(60_000);
    expect(lines.slice(20)).toEqual(['b', 'warn: … and 311 more in 60 s: calls of a']);
    print('a');
    expect(lines.at(-1)).toBe('a');
  });

  it('kinds without end share one window for each level', () => {
    const { lines, print } = printer();
    for (let i = 0; i < 10_000; i++) print(String(i));
    expect(lines).toHaveLength(220);
    vi.advanceTimersByTime(60_000);
    expect(lines.at(-1)).toBe('warn: … and 9780 more in 60 s: calls of others');
  });

  it('a count has the fields that all counted lines have in common, whatever the printed lines had', () => {
    const counts: object[] = [];
    const repeated = new RepeatedLines<'warn', { object?: string; peer?: string; of?: object }>((_level, _text, shared) =>
      counts.push(shared),
    );
    const print = (fields: { object?: string; peer?: string; of?: object }): void =>
      repeated.print(
        { level: 'warn', what: 'calls' },
        () => undefined,
        () => fields,
      );
    for (let i = 0; i < 20; i++) print({ object: 'lamp' });
    print({ object: 'camera', peer: 'a', of: {} });
    print({ object: 'camera', peer: 'b', of: {} });
    vi.advanceTimersByTime(60_000);
    for (let i = 0; i < 22; i++) print({ object: String(i) });
    print({ object: '22' });
    repeated.endAll();
    for (let i = 0; i < 21; i++) repeated.print({ level: 'warn', what: 'calls' }, () => undefined);
    repeated.endAll();
    expect(counts).toEqual([{ object: 'camera' }, {}, {}]);
  });

  it('the counts are printed at the end', () => {
    const { lines, print, repeated } = printer();
    print('a', 25);
    repeated.endAll();
    expect(lines.at(-1)).toBe('warn: … and 5 more in 60 s: calls of a');
  });
});

it('a window keeps neither what its lines print nor the async context of the call that began it', async () => {
  const repeated = new RepeatedLines<'warn'>(() => undefined);
  const store = new AsyncLocalStorage<object>();
  const kept = ((): WeakRef<object>[] => {
    const args = { of: 'a call' };
    const context = { of: 'a call' };
    for (let i = 0; i < 25; i++) store.run(context, () => repeated.print({ level: 'warn', what: 'calls' }, () => void args.of));
    return [new WeakRef(args), new WeakRef(context)];
  })();
  await expect(collectUntil(() => kept.every((ref) => ref.deref() === undefined))).resolves.toBeUndefined();
  repeated.endAll();
});

it('a name is cut and printable, and does not keep the message that it is a part of', async () => {
  const texts: string[] = [];
  const repeated = new RepeatedLines<'warn'>((_level, text) => texts.push(text));
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < 20; i++) {
    const message = `${i}\x1b`.padEnd(4 * 1024 * 1024, 'x');
    for (let line = 0; line < 21; line++) {
      repeated.print({ level: 'warn', what: 'calls', of: message.slice(0, 100) }, () => undefined);
    }
  }
  await collectUntil(() => process.memoryUsage().heapUsed < before + 40 * 1024 * 1024);
  repeated.endAll();
  expect(texts).toHaveLength(20);
  expect(texts[0]).toMatch(/calls of 0\\u001bx+$/);
});

function printer(): { lines: string[]; print(kind: string, times?: number): void; repeated: RepeatedLines<'warn'> } {
  const lines: string[] = [];
  const repeated = new RepeatedLines<'warn'>((level, text) => lines.push(`${level}: ${text}`));
  const print = (kind: string, times = 1): void => {
    for (let i = 0; i < times; i++) repeated.print({ level: 'warn', what: 'calls', of: kind }, () => lines.push(kind));
  };
  return { lines, print, repeated };
}
