import { expect, it } from 'vitest';
import { expose, FLAGS, type PyroDaemon } from '../../../lib/core.js';
import { HEADER_BYTES, SERIALIZER_IDS } from '../../../lib/protocol/constants.js';
import { encodeMessage } from '../../../lib/protocol/messages/message.js';
import type { PyroDaemonOptions } from '../../../lib/pyro/pyro-daemon-options.js';
import { createSerializers } from '../../../lib/serializers/serializers.js';
import type { ScriptedPeer } from '../../../lib/testing/index.js';
import { type Sender, UnservedBytes } from '../../../lib/transport/unserved-bytes.js';
import { eventually, join, startDaemon } from './fixtures.js';

const MIB = 1024 * 1024;
const MSGPACK = createSerializers().get(SERIALIZER_IDS.msgpack)!;

/** Calls of `hang` run until the test ends them. */
class Thing {
  readonly finish: (() => void)[] = [];
  hang(): Promise<void> {
    return new Promise((resolve) => this.finish.push(resolve));
  }
  size(value: Buffer): number {
    return value.length;
  }
}
expose(Thing);

async function serveThing(options: PyroDaemonOptions): Promise<{ daemon: PyroDaemon; thing: Thing }> {
  const daemon = await startDaemon(options);
  const thing = new Thing();
  daemon.register(thing, 'thing');
  return { daemon, thing };
}

/** A whole request with so many bytes of argument. */
function requestOf(bytes: number): Buffer {
  const data = MSGPACK.dumpsCall({ objectId: 'thing', method: 'size', args: [Buffer.alloc(bytes)], kwargs: {} });
  return Buffer.concat(encodeMessage({ type: 4, serializerId: MSGPACK.id, flags: 0, seq: 1, data }, 2 ** 31));
}

const answerOf = async (peer: ScriptedPeer): Promise<unknown> => {
  const { header, data } = await peer.next();
  expect(header.flags & FLAGS.exception).toBe(0);
  return MSGPACK.loads(data);
};
const heldBytes = (daemon: PyroDaemon): number => daemon.inspect().limits.find(({ name }) => name === 'maxUnservedBytes')!.used!;

it('a hundred clients that send 10 MiB each all get their answers, and never are more bytes held than maxUnservedBytes', async () => {
  const maxUnservedBytes = 64 * MIB;
  const { daemon } = await serveThing({ maxUnservedBytes });
  const request = requestOf(10 * MIB);
  const held: number[] = [];
  const look = (): number => held.push(heldBytes(daemon));
  daemon.on('limitReached', look);
  const timer = setInterval(look, 1);
  const peers: ScriptedPeer[] = [];
  for (let i = 0; i < 100; i++) peers.push(await join(daemon));
  for (const peer of peers) peer.write(request);
  for (const peer of peers) expect(await answerOf(peer)).toBe(10 * MIB);
  clearInterval(timer);
  expect(Math.max(...held)).toBeLessThanOrEqual(maxUnservedBytes);
  expect(Math.max(...held)).toBeGreaterThan(maxUnservedBytes / 2);
  expect(daemon.counters.maxUnservedBytes).toBeGreaterThan(0);
  expect(heldBytes(daemon)).toBe(0);
});

it('small calls go on while a large request waits for room, and the large request is answered when there is room', async () => {
  const { daemon } = await serveThing({ maxUnservedBytes: 5 * MIB });
  const request = requestOf(3 * MIB);
  const [first, second, third] = [await join(daemon), await join(daemon), await join(daemon)];
  first.write(request.subarray(0, MIB));
  await eventually(() => heldBytes(daemon) === request.length);
  second.write(request);
  await eventually(() => daemon.counters.maxUnservedBytes === 1);
  expect(await third.call('thing', 'size', Buffer.alloc(1_000))).toBe(1_000);
  expect(second.frames).toHaveLength(0);
  first.write(request.subarray(MIB));
  expect(await answerOf(first)).toBe(3 * MIB);
  expect(await answerOf(second)).toBe(3 * MIB);
  expect(heldBytes(daemon)).toBe(0);
});

it('a request that waits for room is not cut for a pause that is not its own', async () => {
  const { daemon } = await serveThing({ maxUnservedBytes: 3 * MIB, frameTimeoutMs: 300 });
  const request = requestOf(2 * MIB);
  const stalled = [await join(daemon), await join(daemon)];
  // each holds its room until it is cut, one behind the other
  for (const [index, peer] of stalled.entries()) {
    peer.write(request.subarray(0, MIB));
    await eventually(() => heldBytes(daemon) > 0 && daemon.counters.maxUnservedBytes === index);
  }
  const patient = await join(daemon);
  patient.write(request);
  expect(await answerOf(patient)).toBe(2 * MIB);
  expect(daemon.counters).toMatchObject({ frameTimeoutMs: 2, maxUnservedBytes: 2 });
});

it('a large request after a running one takes no room from other connections', async () => {
  const { daemon, thing } = await serveThing({ maxUnservedBytes: 3 * MIB });
  const request = requestOf(2 * MIB);
  const [busy, other] = [await join(daemon), await join(daemon)];
  busy.invoke('thing', 'hang');
  await eventually(() => thing.finish.length === 1);
  busy.write(request);
  other.write(request);
  expect(await answerOf(other)).toBe(2 * MIB);
  // the part for requests that wait, and one chunk: they are read to learn when the client goes away
  expect(heldBytes(daemon)).toBeLessThan((3 / 4) * MIB + 2 * 64 * 1024);
  expect(busy.frames).toHaveLength(0);
  thing.finish[0]!();
  await busy.next();
  expect(await answerOf(busy)).toBe(2 * MIB);
  expect(heldBytes(daemon)).toBe(0);
});

it('requests that wait behind running ones take a quarter of maxUnservedBytes, and large requests of others are read', async () => {
  const { daemon, thing } = await serveThing({ maxUnservedBytes: 2 * MIB });
  const small = requestOf(20_000);
  const busy: ScriptedPeer[] = [];
  for (let i = 0; i < 10; i++) busy.push(await join(daemon));
  for (const peer of busy) {
    peer.invoke('thing', 'hang');
    peer.write(Buffer.concat(Array.from({ length: 10 }, () => small)));
  }
  await eventually(() => daemon.counters.maxUnservedBytes > 0 && thing.finish.length === 10);
  const other = await join(daemon);
  other.write(requestOf(2 * MIB - HEADER_BYTES - 100));
  expect(await answerOf(other)).toBeGreaterThan(MIB);
  // one chunk of each connection may have been read before the part was full
  expect(heldBytes(daemon)).toBeLessThan(MIB / 2 + 10 * 64 * 1024);
  for (const finish of thing.finish) finish();
  for (const peer of busy) {
    await peer.next();
    for (let i = 0; i < 10; i++) expect(await answerOf(peer)).toBe(20_000);
  }
  expect(heldBytes(daemon)).toBe(0);
});

it('while others wait for room, a request that arrives too slowly for messageTimeoutMs ends its connection', async () => {
  const unserved = new UnservedBytes(100 * MIB, 60_000, undefined, 20);
  const cut: [string, string][] = [];
  const got: string[] = [];
  /** Sends `step` more bytes each time that the limit looks. */
  const senderOf = (name: string, step: number): Sender => {
    let arrived = 0;
    return {
      get arrivedBytes() {
        return (arrived += step);
      },
      onRoom: () => got.push(name),
      destroy: ({ message }) => cut.push([name, message]),
    };
  };
  expect(unserved.enter(senderOf('slow', 1), 50 * MIB)).toBe(true);
  expect(unserved.enter(senderOf('quick', MIB), 50 * MIB)).toBe(true);
  expect(unserved.enter(senderOf('waiting', MIB), 50 * MIB)).toBe(false);
  await eventually(() => got.length > 0);
  expect(got).toEqual(['waiting']);
  expect(cut).toEqual([
    [
      'slow',
      `a message of ${50 * MIB} bytes arrives too slowly: 1 bytes in 20 ms, while others wait for room (maxUnservedBytes is ${100 * MIB})`,
    ],
  ]);
});
