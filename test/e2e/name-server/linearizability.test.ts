import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isLinearizable, type Operation } from './linearizability.js';

type Action = { readonly write: number } | { readonly read: number };

/** A register: a read gives what was written last. */
function step(state: number, action: Action): { state: number } | undefined {
  if ('write' in action) return { state: action.write };
  return action.read === state ? { state } : undefined;
}

/**
 * Operations in a picture: one line for each client. `w1` writes 1, `r1` reads 1; the call is at the letter, the answer at the next `|`,
 * or never.
 */
function history(...lines: string[]): Operation<Action>[] {
  return lines.flatMap((line) =>
    [...line.matchAll(/([rw])(\d)[^|rw]*(\|?)/g)].map((match) => {
      const value = Number(match[2]);
      return {
        action: match[1] === 'w' ? { write: value } : { read: value },
        called: match.index,
        answered: match[3] === '|' ? match.index + match[0].length - 1 : Infinity,
      };
    }),
  );
}

const holds = (...lines: string[]): boolean => isLinearizable(history(...lines), 0, step);

describe('a history', () => {
  it('a history is linearizable when the operations follow each other', () => {
    expect(holds('w1 | r1 | w2 | r2 |')).toBe(true);
    expect(holds('w1 | r2 |')).toBe(false);
  });

  it('a history is linearizable when an operation may have happened at any time between its call and its answer', () => {
    expect(holds('w1       |', '  r0 | r1 |')).toBe(true);
    expect(holds('w1       |', '  r1 | r0 |')).toBe(false);
  });

  it('a history is not linearizable when a read gives what was overwritten before the read was called', () => {
    expect(holds('w1 | w2 |', '          r1 |')).toBe(false);
    expect(holds('w1 | w2 |', '    r1 |')).toBe(true);
  });

  it('a history is not linearizable when two clients see two writes in different orders', () => {
    expect(holds('w1      |', 'w2      |', 'r1 | r2 |   |', 'r2 | r1 |')).toBe(false);
    expect(holds('w1      |', 'w2      |', 'r1 | r2 |   |', 'r1 | r2 |')).toBe(true);
  });

  it('a history may have operations without an answer, which happen late or never', () => {
    expect(holds('w1', '  r0 | r0 |')).toBe(true);
    expect(holds('w1', '  r0 | r0 | r1 |')).toBe(true);
    expect(holds('w1', '  r1 | r0 |')).toBe(false);
    expect(holds('      w1', ' r1 |')).toBe(false);
  });

  it('a history of one register is linearizable, however the calls overlap, and not with another answer', () => {
    const moves = fc.array(
      fc.record({
        client: fc.nat({ max: 3 }),
        write: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
        waits: fc.nat({ max: 4 }),
      }),
      { minLength: 1, maxLength: 40 },
    );
    fc.assert(
      fc.property(moves, (list) => {
        // each operation happens at 10 times its index, and is called and answered some time around
        let state = 0;
        const free = [0, 0, 0, 0];
        const operations = list.map(({ client, write, waits }, index): Operation<Action> => {
          const action = write === undefined ? { read: state } : { write };
          if (write !== undefined) state = write;
          const called = Math.max(free[client]!, 10 * (index - waits) + 1);
          const answered = 10 * index + 5 + waits / 10;
          free[client] = answered + 0.01;
          return { action, called: Math.min(called, 10 * index), answered };
        });
        expect(isLinearizable(operations, 0, step)).toBe(true);
        const last = Math.max(...operations.map(({ answered }) => answered));
        const wrong = { action: { read: 9 }, called: last + 1, answered: last + 2 };
        expect(isLinearizable([...operations, wrong], 0, step)).toBe(false);
      }),
    );
  });
});
