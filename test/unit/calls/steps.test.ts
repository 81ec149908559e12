import { describe, expect, it } from 'vitest';
import { AsyncLocalStorage } from 'node:async_hooks';
import { LATER_TURN, runSteps, type Steps } from '../../../lib/calls/steps.js';
import { Turns } from '../../../lib/transport/turns.js';

const turns = new Turns();

function* adding(...parts: unknown[]): Steps<number> {
  let sum = 0;
  for (const part of parts) sum += (yield part) as number;
  return sum;
}

describe('steps', () => {
  it('Steps run at once when they wait for nothing', () => {
    expect(runSteps(adding(1, 2, 3), turns)).toBe(6);
    expect(runSteps(adding(), turns)).toBe(0);
  });

  it('Steps wait for promises and for any other value with a then method', async () => {
    // oxlint-disable-next-line unicorn/no-thenable -- query builders are thenables
    const thenable = { then: (resolve: (value: number) => void) => resolve(4) };
    const sum = runSteps(adding(1, Promise.resolve(2), 3, thenable, 5), turns);
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
    expect(await runSteps(guarded(Promise.reject(new Error('rejection'))), turns)).toBe('caught rejection');
    const strange = new Proxy(
      {},
      {
        get() {
          throw new Error('getter');
        },
      },
    );
    expect(await runSteps(guarded(strange), turns)).toBe('caught getter');
  });

  it('Steps that fail throw at once, or reject after the first promise', async () => {
    function* failing(pending: unknown): Steps<void> {
      yield pending;
      throw new Error('failed');
    }
    expect(() => runSteps(failing(1), turns)).toThrow('failed');
    await expect(runSteps(failing(Promise.resolve()), turns)).rejects.toThrow('failed');
  });

  it('Steps that yield LATER_TURN go on inside of a later turn, in the async context of their caller', async () => {
    const store = new AsyncLocalStorage<string>();
    let inTurn = false;
    const watched = {
      delay: (work: { takeTurn(): void; turnFailed(error: unknown): void }): void => {
        const takeTurn = (): void => {
          inTurn = true;
          work.takeTurn();
          inTurn = false;
        };
        turns.delay({ takeTurn, turnFailed: (error) => work.turnFailed(error) });
      },
    };
    function* twice(): Steps<unknown[]> {
      const before = [inTurn, store.getStore()];
      yield LATER_TURN;
      const after = [inTurn, store.getStore()];
      yield Promise.resolve();
      return [before, after, [inTurn, store.getStore()]];
    }
    const ran = store.run('caller', () => runSteps(twice(), watched));
    expect(await ran).toEqual([
      [false, 'caller'],
      [true, 'caller'],
      [false, 'caller'],
    ]);
    function* failing(): Steps<void> {
      yield LATER_TURN;
      throw new Error('failed');
    }
    await expect(runSteps(failing(), turns)).rejects.toThrow('failed');
  });

  it('Steps may wait for 50,000 promises', async () => {
    const parts = Array.from({ length: 100_000 }, (_, index) => (index % 2 ? Promise.resolve(1) : 1));
    expect(await runSteps(adding(...parts), turns)).toBe(100_000);
  });
});
