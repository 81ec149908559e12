import { AsyncLocalStorage } from 'node:async_hooks';
import { createConnection } from 'node:net';
import { deflateSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { expose, FLAGS, MESSAGE_TYPES, type PyroDaemon } from '../../../../lib/core.js';
import { encodeMessage } from '../../../../lib/protocol/messages/message.js';
import { dumps, pyTuple } from '../../../../lib/serpent/index.js';
import { ScriptedPeer, valueOf } from '../../../../lib/testing/index.js';
import { createMemoryPair } from '../../../../lib/transport/sockets/memory-pair.js';
import { collectUntil } from '../../../garbage-collection.js';
import { eventually, join, startDaemon } from '../fixtures.js';

const user = new AsyncLocalStorage<string>();

class Log {
  readonly calls: unknown[] = [];

  note(what: unknown): unknown {
    this.calls.push(typeof what === 'string' ? what.slice(0, 10) : what);
    return what;
  }
  /** Blocks the event loop for 10 ms. */
  busy(what: unknown): void {
    const end = performance.now() + 10;
    while (performance.now() < end);
    this.calls.push(what);
  }
  text(letter: string, length: number): string {
    return letter.repeat(length);
  }
  as(name: string): string | undefined {
    const before = user.getStore();
    user.enterWith(name);
    return before;
  }
  async asLater(name: string): Promise<string | undefined> {
    const before = user.getStore();
    await Promise.resolve();
    user.enterWith(name);
    await Promise.resolve();
    return before;
  }
}
expose(Log);

async function serveLog(options = {}): Promise<{ daemon: PyroDaemon; log: Log }> {
  const daemon = await startDaemon(options);
  const log = new Log();
  daemon.register(log, 'log');
  return { daemon, log };
}

function request(method: string, args: unknown[], flags = 0): Buffer {
  const data = dumps(pyTuple('log', method, pyTuple(...args), {}));
  return Buffer.concat(encodeMessage({ type: MESSAGE_TYPES.invoke, serializerId: 1, flags, seq: 1, data }, 2 ** 30));
}

it.each([
  ['many requests', 'x', 1_000],
  ['large requests', 'x'.repeat(100_000), 60],
])('a connection that sends %s at once lets others be served in between', async (_, argument, count) => {
  const { daemon, log } = await serveLog();
  const [greedy, modest] = [await join(daemon), await join(daemon)];
  greedy.write(Buffer.concat(Array.from({ length: count }, () => request('note', [argument]))));
  await greedy.next();
  expect(await modest.call('log', 'note', 1)).toBe(1);
  for (let index = 1; index < count; index++) await greedy.next();
  expect(log.calls).toHaveLength(count + 1);
  expect(log.calls.indexOf(1)).toBeLessThan(count);
});

it('compressed requests of many connections, a few bytes each, let others be served between two of them', async () => {
  const { daemon, log } = await serveLog();
  const [greedy, modest] = [await Promise.all(Array.from({ length: 5 }, () => join(daemon))), await join(daemon)];
  const data = deflateSync(dumps(pyTuple('log', 'note', pyTuple('x'.repeat(100_000)), {})));
  const frame = { type: MESSAGE_TYPES.invoke, serializerId: 1, flags: FLAGS.compressed, seq: 1, data };
  const one = Buffer.concat(encodeMessage(frame, 2 ** 30));
  expect(one.length).toBeLessThan(256);
  for (const peer of greedy) peer.write(Buffer.concat(Array.from({ length: 16 }, () => one)));
  await Promise.all(greedy.map((peer) => peer.next()));
  const before = log.calls.length;
  expect(await modest.call('log', 'note', 1)).toBe(1);
  for (const peer of greedy) for (let index = 1; index < 16; index++) await peer.next();
  expect(log.calls).toHaveLength(5 * 16 + 1);
  expect(log.calls.indexOf(1)).toBeLessThan(5 * 16);
  expect(log.calls.indexOf(1)).toBeGreaterThanOrEqual(before);
});

it('a connection whose requests take long lets others be served in between', async () => {
  const { daemon, log } = await serveLog();
  const [greedy, modest] = [await join(daemon), await join(daemon)];
  greedy.write(Buffer.concat(Array.from({ length: 16 }, (_, index) => request('busy', [index]))));
  expect(await modest.call('log', 'note', 'modest')).toBe('modest');
  for (let index = 0; index < 16; index++) await greedy.next();
  expect(log.calls.indexOf('modest')).toBeLessThan(16);
});

it('calls of many connections that arrive in one turn do not see the stores of each other', async () => {
  const { daemon } = await serveLog();
  const peers = await Promise.all(Array.from({ length: 20 }, () => join(daemon)));
  for (let round = 0; round < 5; round++) {
    for (const method of ['as', 'asLater']) {
      const seen = await Promise.all(peers.map((peer, index) => peer.call('log', method, `user ${index}`)));
      expect(seen).toEqual(peers.map(() => null));
    }
  }
});

it('replies leave in the order of their requests, whatever their size', async () => {
  const { daemon } = await serveLog();
  const peer = await join(daemon);
  const sizes = [1, 70_000, 2, 300_000, 20_000, 3, 16_000, 1_000_000, 4, 65_400, 65_536, 5];
  const letters = sizes.map((_, index) => String.fromCharCode(97 + index));
  peer.write(Buffer.concat(sizes.map((size, index) => request('text', [letters[index], size]))));
  for (const [index, size] of sizes.entries()) {
    const text = valueOf(await peer.next()) as string;
    expect([text.length, text[0], text.at(-1)]).toEqual([size, letters[index], letters[index]]);
  }
});

it('replies that a client has not read yet are not overwritten by those of other clients', async () => {
  const { daemon } = await serveLog();
  const [slow, busy] = [await join(daemon), await join(daemon)];
  slow.socket.pause();
  const count = 400;
  slow.write(Buffer.concat(Array.from({ length: count }, (_, index) => request('text', [String(index % 10), 30_000]))));
  for (let index = 0; index < 50; index++) expect(await busy.call('log', 'text', '#', 30_000)).toBe('#'.repeat(30_000));
  slow.socket.resume();
  for (let index = 0; index < count; index++) expect(valueOf(await slow.next())).toBe(String(index % 10).repeat(30_000));
});

it('replies over a byte stream that keeps the bytes are not overwritten', async () => {
  const { daemon } = await serveLog();
  const [ours, theirs] = createMemoryPair();
  daemon.serve(theirs);
  const peer = new ScriptedPeer(ours);
  peer.connect();
  await peer.next();
  for (const letter of 'abc') peer.invoke('log', 'text', [letter, 100]);
  const other = await join(daemon);
  for (let index = 0; index < 5; index++) await other.call('log', 'text', '#', 100);
  for (const letter of 'abc') expect(valueOf(await peer.next())).toBe(letter.repeat(100));
  peer.destroy();
});

it('requests that arrive together with the end of their connection are answered', async () => {
  const { daemon } = await serveLog();
  const [peer, other] = [await join(daemon), await join(daemon)];
  for (let round = 0; round < 3; round++) await other.call('log', 'note', round);
  peer.write(request('note', ['last words']));
  peer.end();
  expect(valueOf(await peer.next())).toBe('last words');
  await peer.untilClosed();
});

it('oneway requests that arrive before a reset are served', async () => {
  const { daemon, log } = await serveLog();
  const [peer, other] = [await join(daemon), await join(daemon)];
  await other.call('log', 'note', 0);
  const socket = peer.socket as ReturnType<typeof createConnection>;
  await new Promise<void>((resolve) => void socket.write(request('note', ['before'], FLAGS.oneway), () => resolve()));
  socket.destroy();
  await eventually(() => log.calls.includes('before'), 'the oneway call');
});

it('connections that are closed are not held by anything', async () => {
  const { daemon } = await serveLog();
  const refs: WeakRef<object>[] = [];
  daemon.on('connection', (connection) => refs.push(new WeakRef(connection)));
  for (let round = 0; round < 5; round++) {
    const peers = await Promise.all(Array.from({ length: 10 }, () => join(daemon)));
    await Promise.all(peers.map((peer) => peer.call('log', 'note', 'x')));
    for (const peer of peers) peer.destroy();
    await eventually(() => daemon.connections.length === 0);
  }
  // the last connection that was served is not held either
  await collectUntil(() => refs.every((ref) => ref.deref() === undefined));
  expect(refs).toHaveLength(50);
});
