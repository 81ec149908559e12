import { randomBytes } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { FLAGS } from '../../../lib/protocol/constants.js';
import type { Frame } from '../../../lib/protocol/messages/frame-reader.js';
import { Inflation, INFLATION_DEFAULTS } from '../../../lib/protocol/messages/inflation.js';

const MIB = 2 ** 20;
const frameOf = (data: Buffer): Frame => ({ header: { flags: FLAGS.compressed }, data }) as Frame;
const zeros = (bytes: number): Frame => frameOf(deflateSync(Buffer.alloc(bytes)));
const inflation = (limits = {}): Inflation => new Inflation({ maxMessageBytes: 256 * MIB, ...INFLATION_DEFAULTS, ...limits });
let read: Promise<number> | undefined;
const sizeOf = (data: Buffer): number => data.length;

it('data that is not compressed is read as it is', () => {
  expect(inflation().open({ header: { flags: 0 }, data: Buffer.from('abc') } as Frame, String)).toBe('abc');
});

it('compressed data up to 16 MiB may have any ratio', async () => {
  expect(await inflation().open(zeros(16 * MIB), sizeOf)).toBe(16 * MIB);
});

it('compressed data over 16 MiB may inflate to a hundredfold of its size', async () => {
  const data = Buffer.concat([randomBytes(300_000), Buffer.alloc(17 * MIB)]);
  expect(await inflation().open(frameOf(deflateSync(data)), sizeOf)).toBe(data.length);
  await expect(inflation().open(zeros(17 * MIB), sizeOf)).rejects.toThrow(
    'its data inflates to more than 16777216 bytes, which maxInflationRatio allows for its size',
  );
  expect(await inflation({ maxInflationRatio: 2_000 }).open(zeros(17 * MIB), sizeOf)).toBe(17 * MIB);
});

it('maxMessageBytes wins where it is smaller', async () => {
  await expect(inflation({ maxMessageBytes: MIB }).open(zeros(2 * MIB), sizeOf)).rejects.toThrow('maxMessageBytes (1048576)');
});

it('messages over maxInflatingBytes wait for their turn, and come in order', async () => {
  const gate = inflation({ maxInflatingBytes: 6 * MIB });
  const events: string[] = [];
  let running = 0;
  let most = 0;
  const open = async (name: string, bytes: number): Promise<void> => {
    await gate.open(zeros(bytes), () => {
      most = Math.max(most, ++running);
      events.push(name);
      running--;
    });
  };
  await Promise.all([open('a', 4 * MIB), open('b', 4 * MIB), open('c', 4 * MIB), open('large', 16 * MIB), open('d', MIB)]);
  expect(events).toEqual(['a', 'b', 'c', 'large', 'd']);
});

it('a message that cannot be read gives its turn back', async () => {
  const gate = inflation({ maxInflatingBytes: MIB });
  const bad = frameOf(Buffer.alloc(1_000, 7));
  const [first, second, third] = await Promise.allSettled([
    gate.open(bad, sizeOf),
    gate.open(zeros(2 * MIB), () => {
      throw new Error('unreadable');
    }),
    gate.open(zeros(2 * MIB), sizeOf),
  ]);
  expect(first).toMatchObject({ status: 'rejected', reason: { code: 'BAD_COMPRESSION' } });
  expect(second).toMatchObject({ status: 'rejected', reason: { message: 'unreadable' } });
  expect(third).toMatchObject({ status: 'fulfilled', value: 2 * MIB });
});

it.each([
  ['at once', 50],
  ['on a worker thread', 300],
])('data that inflates %s to more than 64 KiB is read in a later turn', async (_, spare) => {
  const turns: { takeTurn(): void; turnFailed(error: unknown): void }[] = [];
  const delayed = new Promise<void>((resolve) => {
    const delay = (work: (typeof turns)[number]): void => {
      turns.push(work);
      resolve();
    };
    const gate = new Inflation({ maxMessageBytes: MIB, ...INFLATION_DEFAULTS }, undefined, undefined, { delay });
    expect(gate.open(zeros(64 * 1024), sizeOf)).toBe(64 * 1024);
    const data = deflateSync(Buffer.concat([randomBytes(spare), Buffer.alloc(64 * 1024)]));
    read = Promise.resolve(gate.open(frameOf(data), sizeOf));
  });
  await delayed;
  turns[0]!.takeTurn();
  expect(await read).toBe(spare + 64 * 1024);
});

it('a few bytes that inflate to more than 64 KiB wait for their turn as they are, and are inflated in it', async () => {
  const turns: { takeTurn(): void; turnFailed(error: unknown): void }[] = [];
  const gate = new Inflation({ maxMessageBytes: MIB, ...INFLATION_DEFAULTS }, undefined, undefined, {
    delay: (work) => void turns.push(work),
  });
  const frames = [zeros(200_000), zeros(200_000)];
  expect(frames[0]!.data.length).toBeLessThan(256);
  const sizes = frames.map((frame) => gate.open(frame, sizeOf));
  // changed bytes show when they are inflated
  frames[1]!.data.fill(0);
  turns[0]!.takeTurn();
  expect(await sizes[0]).toBe(200_000);
  expect(() => turns[1]!.takeTurn()).toThrow(expect.objectContaining({ code: 'BAD_COMPRESSION' }));
});

it('an error in a later turn is the error of the message', async () => {
  const gate = new Inflation({ maxMessageBytes: MIB, ...INFLATION_DEFAULTS }, undefined, undefined, {
    delay: (work) => work.turnFailed(new Error('unreadable')),
  });
  await expect(gate.open(zeros(65 * 1024), sizeOf)).rejects.toThrow('unreadable');
});
