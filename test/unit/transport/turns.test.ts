import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { type TurnTaker, Turns } from '../../../lib/transport/turns.js';
import { collectUntil } from '../../garbage-collection.js';

const served: string[] = [];

class Taker implements TurnTaker {
  failure: unknown;

  constructor(
    readonly name: string,
    private readonly work: () => void = () => undefined,
  ) {}

  takeTurn(): void {
    served.push(this.name);
    this.work();
  }
  turnFailed(error: unknown): void {
    this.failure = error;
  }
}

function takers(count: number): Taker[] {
  served.length = 0;
  return Array.from({ length: count }, (_, index) => new Taker(String(index)));
}

it('takers that wait in one turn of the event loop are served together, in the order in which their bytes arrived', async () => {
  const turns = new Turns(Infinity);
  for (const taker of takers(3)) turns.wait(taker, 10);
  expect(served).toEqual([]);
  await nextTurn();
  expect(served).toEqual(['0', '1', '2']);
});

it('a taker that is alone again is served at once', async () => {
  const turns = new Turns(Infinity);
  const [alone, other] = takers(2);
  turns.wait(alone!, 10);
  await nextTurn();
  turns.wait(alone!, 10);
  expect(served).toEqual(['0', '0']);
  turns.wait(other!, 10);
  turns.wait(alone!, 10);
  expect(served).toEqual(['0', '0']);
  await nextTurn();
  expect(served).toEqual(['0', '0', '1', '0']);
});

it('no more than 64 takers wait for the end of the turn', async () => {
  const turns = new Turns(Infinity);
  for (const taker of takers(65)) turns.wait(taker, 10);
  expect(served).toHaveLength(64);
  await nextTurn();
  expect(served).toHaveLength(65);
});

it('no more than 1 MiB waits for the end of the turn, whoever received it', () => {
  const turns = new Turns(Infinity);
  const [small, large] = takers(2);
  turns.wait(small!, 10);
  turns.wait(large!, 32 * 1024);
  for (let reads = 1; reads < 32; reads++) turns.received(32 * 1024 - (reads === 31 ? 20 : 0));
  expect(served).toEqual([]);
  turns.received(20);
  expect(served).toEqual(['0', '1']);
});

it('a full read of a socket does not wait, nor do those before it', async () => {
  const turns = new Turns(Infinity);
  const [small, large, late] = takers(3);
  turns.wait(small!, 10);
  turns.wait(large!, 64 * 1024);
  expect(served).toEqual(['0', '1']);
  turns.wait(late!, 64 * 1024 - 1);
  expect(served).toEqual(['0', '1']);
  await nextTurn();
  expect(served).toEqual(['0', '1', '2']);
});

it('a taker that throws is told so, and the others are served', async () => {
  const turns = new Turns(Infinity);
  served.length = 0;
  const failure = new Error('broken');
  const throwing = new Taker('throwing', () => {
    throw failure;
  });
  turns.wait(throwing, 10);
  turns.wait(new Taker('other'), 10);
  await nextTurn();
  expect(served).toEqual(['throwing', 'other']);
  expect(throwing.failure).toBe(failure);
  turns.wait(new Taker('later'), 10);
  await nextTurn();
  expect(served).toEqual(['throwing', 'other', 'later']);
});

it('when a turn takes too long, the event loop runs before the next taker is served', async () => {
  const turns = new Turns(0);
  const [first, second, third] = takers(3);
  turns.wait(first!, 10);
  turns.wait(second!, 10);
  await nextTurn();
  expect(served).toEqual(['0']);
  turns.wait(third!, 10);
  await nextTurn();
  expect(served).toEqual(['0', '1']);
  await nextTurn();
  expect(served).toEqual(['0', '1', '2']);
});

it('a taker that arrives while others are served waits for the next turn', async () => {
  const turns = new Turns(Infinity);
  served.length = 0;
  const late = new Taker('late');
  turns.wait(new Taker('first', () => turns.wait(late, 2 * 1024 * 1024)), 10);
  turns.wait(new Taker('second'), 10);
  await nextTurn();
  expect(served).toEqual(['first', 'second']);
  await nextTurn();
  expect(served).toEqual(['first', 'second', 'late']);
});

it('a taker that has left is neither served nor held', async () => {
  const turns = new Turns(Infinity);
  const [done, waiting] = (() => {
    const [first, second] = takers(2);
    turns.wait(first!, 10);
    turns.wait(second!, 10);
    turns.leave(second!);
    return [new WeakRef(first!), new WeakRef(second!)];
  })();
  await nextTurn();
  expect(served).toEqual(['0']);
  turns.leave(done!.deref()!);
  await collectUntil(() => done!.deref() === undefined && waiting!.deref() === undefined);
});

it('takers run in the context in which the turns were made, not in that of a socket', async () => {
  const storage = new AsyncLocalStorage<string>();
  const seen: (string | undefined)[] = [];
  const turns = storage.run('daemon', () => new Turns(Infinity));
  const taker = new Taker('taker', () => seen.push(storage.getStore()));
  storage.run('socket', () => turns.wait(taker, 10));
  await nextTurn();
  storage.run('socket', () => turns.wait(taker, 10));
  expect(seen).toEqual(['daemon', 'daemon']);
});

it('work that was put off is done after the connections on which bytes have arrived, at least one piece in each turn', async () => {
  const turns = new Turns(0);
  const [late, later, ...others] = takers(4);
  turns.delay(late!);
  turns.delay(later!);
  for (const taker of others) turns.wait(taker, 10);
  expect(served).toEqual([]);
  await nextTurn();
  expect(served).toEqual(['2', '0']);
  await nextTurn();
  expect(served).toEqual(['2', '0', '3', '1']);
});

it('once the time of a turn is over, a full read waits for the next turn, unless 1 MiB waits', async () => {
  const turns = new Turns(0);
  const [first, second, third, large] = takers(4);
  turns.wait(first!, 10);
  turns.wait(second!, 64 * 1024);
  expect(served).toEqual(['0']);
  turns.wait(third!, 64 * 1024);
  expect(served).toEqual(['0']);
  turns.wait(large!, 1024 * 1024);
  expect(served).toEqual(['0', '1']);
  for (let turn = 0; turn < 2; turn++) await nextTurn();
  expect(served).toEqual(['0', '1', '2', '3']);
});

it('work that was put off and throws is told so, and the rest is done', async () => {
  const turns = new Turns(Infinity);
  const [rest] = takers(1);
  const failure = new Error('broken');
  const throwing = new Taker('throwing', () => {
    throw failure;
  });
  turns.delay(throwing);
  turns.delay(rest!);
  await nextTurn();
  expect(served).toEqual(['throwing', '0']);
  expect(throwing.failure).toBe(failure);
});
