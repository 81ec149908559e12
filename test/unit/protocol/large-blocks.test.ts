import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { LargeBlocks } from '../../../lib/protocol/large-blocks.js';

const MIB = 1024 * 1024;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('a block that was given back is taken for a message of about the same size', () => {
  const blocks = new LargeBlocks();
  const block = blocks.take(10 * MIB);
  expect(block.length).toBeGreaterThanOrEqual(10 * MIB);
  expect(block.length).toBeLessThan(11.5 * MIB);
  blocks.give(block);
  expect(blocks.take(20 * MIB) === block).toBe(false);
  expect(blocks.take(MIB) === block).toBe(false);
  expect(blocks.take(10 * MIB - 5) === block).toBe(true);
  expect(blocks.take(10 * MIB) === block).toBe(false);
});

it('at most 32 MiB of unused blocks are kept', () => {
  const blocks = new LargeBlocks();
  const taken = Array.from({ length: 10 }, () => blocks.take(8 * MIB));
  for (const block of taken) blocks.give(block);
  const again = Array.from({ length: 10 }, () => blocks.take(8 * MIB));
  expect(again.filter((block) => taken.includes(block))).toHaveLength(4);
});

it('blocks that nobody used for two seconds are dropped, and no others', () => {
  const blocks = new LargeBlocks();
  const [old, used] = [blocks.take(MIB), blocks.take(2 * MIB)];
  blocks.give(old);
  blocks.give(used);
  vi.advanceTimersByTime(1_000);
  expect(blocks.take(2 * MIB) === used).toBe(true);
  blocks.give(used);
  vi.advanceTimersByTime(1_000);
  expect(blocks.take(MIB) === old).toBe(false);
  expect(blocks.take(2 * MIB) === used).toBe(true);
  blocks.give(used);
  vi.advanceTimersByTime(2_000);
  expect(blocks.take(2 * MIB) === used).toBe(false);
  expect(vi.getTimerCount()).toBe(0);
});
