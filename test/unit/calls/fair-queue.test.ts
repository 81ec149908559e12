import { expect, it } from 'vitest';
import { FairQueue } from '../../../lib/calls/fair-queue.js';

function filled(...items: string[]): FairQueue<string, string> {
  const queue = new FairQueue<string, string>();
  for (const item of items) queue.add(item[0]!, item);
  return queue;
}

function rest(queue: FairQueue<string, string>): string[] {
  const taken: string[] = [];
  for (let item = queue.take(); item !== undefined; item = queue.take()) taken.push(item);
  return taken;
}

it('a fair queue serves its clients in turn, and the items of each client in their order', () => {
  const queue = filled('a1', 'a2', 'a3', 'b1', 'c1', 'b2');
  expect(queue.size).toBe(6);
  expect(queue.sizeOf('a')).toBe(3);
  expect(rest(queue)).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3']);
  expect(queue.size).toBe(0);
  expect(queue.sizeOf('a')).toBe(0);
});

it('a fair queue serves a client that comes while others wait after each of them', () => {
  const queue = filled('a1', 'a2', 'b1', 'b2');
  expect(queue.take()).toBe('a1');
  queue.add('c', 'c1');
  expect(rest(queue)).toEqual(['b1', 'a2', 'c1', 'b2']);
});

it('a fair queue lets an item leave once, and forgets a client without items', () => {
  const queue = filled('a1', 'a2', 'b1');
  expect(queue.delete('a', 'a1')).toBe(true);
  expect(queue.delete('a', 'a1')).toBe(false);
  expect(queue.delete('c', 'c1')).toBe(false);
  expect(queue.delete('a', 'a2')).toBe(true);
  expect([queue.size, queue.sizeOf('a')]).toEqual([1, 0]);
  expect(rest(queue)).toEqual(['b1']);
});

it('a fair queue moves a client to the end, with all its items', () => {
  const queue = filled('a1', 'a2', 'b1');
  queue.moveToEnd('a');
  queue.moveToEnd('c');
  expect(rest(queue)).toEqual(['b1', 'a1', 'a2']);
});

it('items that are alike are taken together, the first one of each client', () => {
  const queue = new FairQueue<string, string>();
  for (const item of ['a1', 'b1', 'a2']) queue.add('first', item);
  for (const item of ['b2', 'a3', 'a4']) queue.add('second', item);
  queue.add('third', 'b3');
  const isAlike = (item: string, first: string): boolean => item[0] === first[0];
  const taken = Array.from({ length: 5 }, () => queue.takeAlike(isAlike));
  expect(taken).toEqual([['a1', 'a3'], ['b3', 'b1', 'b2'], ['a2', 'a4'], [], []]);
  expect(queue.size).toBe(0);
});
