import { describe, expect, it } from 'vitest';
import { isThenable, runSteps, type Steps } from '../../../lib/calls/steps.js';

function* adding(...parts: unknown[]): Steps<number> {
  let sum = 0;
  for (const part of parts) sum += (yield part) as number;
  return sum;
}

describe('steps', () => {
  it('Steps run at once when they wait for nothing', () => {
    expect(runSteps(adding(1, 2, 3))).toBe(6);
    expect(runSteps(adding())).toBe(0);
  });

  it('Steps wait for promises and for any other value with a then method', async () => {
    // oxlint-disable-next-line unicorn/no-thenable -- query builders are thenables
    const thenable = { then: (resolve: (value: number) => void) => resolve(4) };
    const sum = runSteps(adding(1, Promise.resolve(2), 3, thenable, 5));
    expect(sum).toBeInstanceOf(Promise);
    expect(await sum).toBe(15);
  });

  it('Steps throw a rejection into their generator, at the yield that waits for it', async () => {
    function* guarded(pending: unknown): Steps<unknown> {
      try {
        return yield pending;
      } catch (error) {
        return yield `caught ${(error as Error).message}`;
      }
    }
    expect(await runSteps(guarded(Promise.reject(new Error('rejection'))))).toBe('caught rejection');
    const strange = new Proxy(
      {},
      {
        get() {
          throw new Error('getter');
        },
      },
    );
    expect(await runSteps(guarded(strange))).toBe('caught getter');
  });

  it('Steps that fail throw at once, or reject after the first promise', async () => {
    function* failing(pending: unknown): Steps<void> {
      yield pending;
      throw new Error('failed');
    }
    expect(() => runSteps(failing(1))).toThrow('failed');
    await expect(runSteps(failing(Promise.resolve()))).rejects.toThrow('failed');
  });

  it('Steps may wait for 50,000 promises', async () => {
    const parts = Array.from({ length: 100_000 }, (_, index) => (index % 2 ? Promise.resolve(1) : 1));
    expect(await runSteps(adding(...parts))).toBe(100_000);
  });
});

it('only objects and functions with a then method count as thenable', () => {
  // oxlint-disable-next-line unicorn/no-thenable -- not a function
  expect([null, undefined, 0, 'then', {}, { then: 1 }, []].some(isThenable)).toBe(false);
  // oxlint-disable-next-line unicorn/no-thenable -- a function
  expect(isThenable(Object.assign(() => undefined, { then: () => undefined }))).toBe(true);
});
