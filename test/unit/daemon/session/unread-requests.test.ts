import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import { currentContext, expose, FLAGS, MESSAGE_TYPES, type PyroDaemon } from '../../../../lib/core.js';
import { encodeMessage } from '../../../../lib/protocol/messages/message.js';
import { dumps, pyTuple } from '../../../../lib/serpent/index.js';
import type { ScriptedPeer } from '../../../../lib/testing/index.js';
import { type StoppedConnection, StoppedSockets } from '../../../../lib/transport/stopped-sockets.js';
import { connectSharingReads } from '../../../../lib/transport/sockets/shared-reads.js';
import { eventually, join, startDaemon } from '../fixtures.js';

/** Calls of `hang` run until their signal aborts, calls of `work` until the test ends them. */
class Feed {
  started = 0;
  aborted = 0;
  most = 0;
  readonly seen: unknown[] = [];
  readonly finish: (() => void)[] = [];

  async hang(): Promise<void> {
    const { signal } = currentContext()!;
    this.started++;
    if (!signal.aborted) await once(signal, 'abort');
    this.aborted++;
  }
  async work(index: number): Promise<void> {
    const { signal } = currentContext()!;
    this.started++;
    this.seen.push(index);
    await new Promise<void>((resolve) => {
      this.most = Math.max(this.most, this.finish.push(resolve));
    });
    if (signal.aborted) this.aborted++;
  }
  size(value: string): number {
    this.seen.push(value.length);
    return value.length;
  }
  async *items(): AsyncGenerator<number> {
    yield 1;
    await new Promise(() => undefined);
  }
}
expose(Feed);

async function serveFeed(options = {}): Promise<{ daemon: PyroDaemon; feed: Feed }> {
  const daemon = await startDaemon(options);
  const feed = new Feed();
  daemon.register(feed, 'feed');
  return { daemon, feed };
}

function request(method: string, args: unknown[], flags = 0): Buffer {
  const data = dumps(pyTuple('feed', method, pyTuple(...args), {}));
  return Buffer.concat(encodeMessage({ type: MESSAGE_TYPES.invoke, serializerId: 1, flags, seq: 1, data }, 2 ** 30));
}

const PING = Buffer.concat(
  encodeMessage({ type: MESSAGE_TYPES.ping, serializerId: 42, flags: 0, seq: 1, data: Buffer.from('ping') }, 100),
);
const MANY_PINGS = Buffer.concat(Array.from({ length: 10_000 }, () => PING));
const used = (daemon: PyroDaemon, limit: string): number => daemon.inspect().limits.find(({ name }) => name === limit)!.used!;

/** Sends bytes, waits until the system has taken them, and leaves. */
async function leave(peer: ScriptedPeer, unread: Buffer, how: string): Promise<void> {
  const socket = peer.socket as Socket;
  await new Promise<void>((resolve) => void socket.write(unread, () => resolve()));
  if (how === 'is reset') socket.resetAndDestroy();
  else socket.destroy();
}

const BEHIND = [
  ['10,000 pings', MANY_PINGS],
  ['a request of 200 KB', request('size', ['x'.repeat(200_000)])],
  ['a part of a larger request', request('size', ['x'.repeat(2_000_000)]).subarray(0, 300_000)],
  ['bytes that are no message', Buffer.alloc(200_000, 'x')],
] as const;

for (const how of ['ends', 'is reset']) {
  it.each(BEHIND)(
    `a connection that ${how} after a running call and %s aborts the call, and its slot is free`,
    async (_, unread) => {
      const { daemon, feed } = await serveFeed();
      const peer = await join(daemon);
      peer.invoke('feed', 'hang');
      await eventually(() => feed.started === 1);
      await leave(peer, unread, how);
      await eventually(() => feed.aborted === 1 && used(daemon, 'maxConnections') === 0, 'the end');
      await eventually(() => used(daemon, 'maxUnservedBytes') === 0 && daemon.connections.length === 0, 'nothing is held');
    },
  );

  it(`a connection that ${how} after a pulled item and 10,000 pings lets its stream go`, async () => {
    const { daemon } = await serveFeed();
    const peer = await join(daemon);
    peer.invoke('feed', 'items');
    const id = (await peer.next()).annotations.get('STRM')!.toString();
    await peer.call('Pyro.Daemon', 'get_next_stream_item', id);
    peer.invoke('Pyro.Daemon', 'get_next_stream_item', [id]);
    await leave(peer, MANY_PINGS, how);
    await eventually(() => daemon.inspect().streams.every(({ readBy }) => readBy === null), 'the stream has no reader');
    await eventually(() => used(daemon, 'maxConnections') === 0);
  });
}

it('oneway calls of a client that has left are all carried out, in order, and no more at once than maxQueuedRequests', async () => {
  const { daemon, feed } = await serveFeed({ maxQueuedRequests: 8 });
  const peer = await join(daemon);
  const count = 2_000;
  await leave(peer, Buffer.concat(Array.from({ length: count }, (_, index) => request('work', [index], FLAGS.oneway))), 'ends');
  await eventually(() => used(daemon, 'maxConnections') === 0, 'the slot is free');
  await eventually(() => {
    for (const finish of feed.finish.splice(0)) finish();
    return daemon.connections.length === 0;
  }, 'all calls');
  expect(feed.seen).toEqual(Array.from({ length: count }, (_, index) => index));
  expect(feed.aborted).toBe(0);
  expect(feed.most).toBe(8);
  expect(used(daemon, 'maxUnservedBytes')).toBe(0);
});

it('a oneway call with large arguments is carried out when its client has left after an earlier call', async () => {
  const { daemon, feed } = await serveFeed();
  const peer = await join(daemon);
  peer.invoke('feed', 'work', [1]);
  await eventually(() => feed.started === 1);
  const large = request('size', ['x'.repeat(200_000)], FLAGS.oneway);
  await leave(peer, Buffer.concat([large, request('size', ['xyz'], FLAGS.oneway), large.subarray(0, 100_000)]), 'ends');
  await eventually(() => used(daemon, 'maxConnections') === 0, 'the slot is free');
  feed.finish[0]!();
  await eventually(() => daemon.connections.length === 0);
  expect(feed.seen).toEqual([1, 200_000, 3]);
  expect(used(daemon, 'maxUnservedBytes')).toBe(0);
});

it('a client that sends more than is read ahead after a running call has all its calls carried out', async () => {
  const { daemon, feed } = await serveFeed();
  const peer = await join(daemon);
  peer.invoke('feed', 'work', [0]);
  await eventually(() => feed.started === 1);
  const [large, small] = [request('size', ['x'.repeat(3_000_000)]), request('size', ['x'.repeat(1_000)])];
  peer.write(Buffer.concat([large, ...Array.from({ length: 5_000 }, () => small), large]));
  await eventually(() => used(daemon, 'maxUnservedBytes') > 1_000_000);
  expect(used(daemon, 'maxUnservedBytes')).toBeLessThan(1_300_000);
  feed.finish[0]!();
  await peer.next();
  for (let reply = 0; reply < 5_002; reply++) await peer.next();
  expect(feed.seen).toEqual([0, 3_000_000, ...Array.from({ length: 5_000 }, () => 1_000), 3_000_000]);
  expect(used(daemon, 'maxUnservedBytes')).toBe(0);
}, 30_000);

it.each([
  ['one large request', [200_000]],
  ['large requests', [200_000, 200_000]],
  ['small requests between large ones', [200_000, 10, 100_000, 10, 10, 150_000, 10]],
])('%s that arrived after a running call: all are answered when the call has ended', async (_, sizes) => {
  const { daemon, feed } = await serveFeed();
  const peer = await join(daemon);
  peer.invoke('feed', 'work', [0]);
  await eventually(() => feed.started === 1);
  const unread = Buffer.concat(sizes.map((size) => request('size', ['x'.repeat(size)])));
  peer.write(unread);
  // the rest is the first one or two chunks that the socket gave
  await eventually(() => used(daemon, 'maxUnservedBytes') >= unread.length - 2 * 64 * 1024, 'the bytes are read ahead');
  feed.finish[0]!();
  for (let reply = 0; reply <= sizes.length; reply++) await peer.next();
  expect(feed.seen).toEqual([0, ...sizes]);
  expect(used(daemon, 'maxUnservedBytes')).toBe(0);
});

it('a socket that is not read learns of a reset, also after unread bytes, unless its requests go on', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const stopped = new StoppedSockets(20);
  try {
    const pairs = [];
    for (const goesOn of [false, true]) {
      const accepted = once(server, 'connection') as Promise<[Socket]>;
      const client = connectSharingReads({ port, host: '127.0.0.1' });
      const [socket] = await accepted;
      socket.pause();
      let looks = 0;
      const connection: StoppedConnection = {
        socket,
        get progress() {
          return goesOn ? looks : 0;
        },
        flow: () => void looks++,
      };
      const errors: Error[] = [];
      socket.on('error', (error) => errors.push(error));
      socket.on('close', () => stopped.delete(connection));
      await new Promise((resolve) => client.write(Buffer.alloc(300_000), resolve));
      stopped.add(connection);
      client.resetAndDestroy();
      pairs.push({ socket, errors, looked: () => looks });
    }
    const [stuck, busy] = pairs as [(typeof pairs)[0], (typeof pairs)[0]];
    await eventually(() => stuck.socket.destroyed && busy.looked() > 5);
    expect(stuck.errors).toMatchObject([{ code: expect.stringMatching(/^(ECONNRESET|EPIPE)$/) }]);
    expect(busy.errors).toEqual([]);
    busy.socket.destroy();
  } finally {
    server.close();
  }
});
