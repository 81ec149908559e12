import { EventEmitter, on } from 'node:events';
import { expect, it } from 'vitest';
import { currentContext, expose, FLAGS, type PyroDaemon } from '../../../lib/core.js';
import type { ScriptedPeer } from '../../../lib/testing/index.js';
import { eventually, join, startDaemon } from './fixtures.js';

/** Streams whose items the test emits. */
class Source {
  private readonly emitter = new EventEmitter();
  finish: (() => void) | undefined;
  hold(): Promise<void> {
    return new Promise((resolve) => (this.finish = resolve));
  }
  async *events(): AsyncGenerator<number> {
    for await (const [item] of on(this.emitter, 'item')) {
      const number = item as number;
      if (number < 0) return;
      if (number === 0) throw new RangeError('no more');
      currentContext()!.responseAnnotations.set('ITEM', Buffer.of(number));
      yield number;
    }
  }
  /** True once the iterator was asked for its first item. */
  get isAsked(): boolean {
    return this.emitter.listenerCount('item') > 0;
  }
  /** Emits items when the iterator waits for its first item, or later. */
  async emit(...items: number[]): Promise<void> {
    await eventually(() => this.isAsked);
    for (const item of items) this.emitter.emit('item', item);
  }
}
expose(Source);

async function serve(options = {}): Promise<{ daemon: PyroDaemon; source: Source; id: string }> {
  const daemon = await startDaemon(options);
  const source = new Source();
  daemon.register(source, 'source');
  const opener = await join(daemon);
  opener.invoke('source', 'events');
  const id = (await opener.next()).annotations.get('STRM')!.toString();
  opener.destroy();
  await eventually(() => daemon.connections.length === 0);
  return { daemon, source, id };
}

const PULL = 'get_next_stream_item';
const pulls = (daemon: PyroDaemon): number => daemon.inspect().limits.find(({ name }) => name === 'maxPullsPerStream')!.used!;

/** A client that waits for an item. */
async function waitFor(daemon: PyroDaemon, id: string, flags = 0): Promise<ScriptedPeer> {
  const before = pulls(daemon);
  const peer = await join(daemon);
  peer.invoke('Pyro.Daemon', PULL, [id], {}, { flags });
  await eventually(() => pulls(daemon) === before + 1);
  return peer;
}

async function leave(daemon: PyroDaemon, peer: ScriptedPeer): Promise<void> {
  const before = pulls(daemon);
  peer.destroy();
  await eventually(() => pulls(daemon) === before - 1);
}

const item = async (peer: ScriptedPeer): Promise<number> => (await peer.next()).annotations.get('ITEM')![0]!;

it('clients that wait for an item and leave take no item', async () => {
  const { daemon, source, id } = await serve();
  for (let i = 0; i < 4; i++) await leave(daemon, await waitFor(daemon, id));
  const peer = await waitFor(daemon, id);
  await source.emit(1, 2);
  expect(await item(peer)).toBe(1);
  expect(await peer.call('Pyro.Daemon', PULL, id)).toBe(2);
});

it('an item that comes when its client has left is kept for the next client, with its annotations', async () => {
  const { daemon, source, id } = await serve();
  await leave(daemon, await waitFor(daemon, id));
  await source.emit(1, 2, 3);
  const peer = await join(daemon);
  for (const number of [1, 2, 3]) {
    peer.invoke('Pyro.Daemon', PULL, [id]);
    expect(await item(peer)).toBe(number);
  }
});

it.each([
  ['end', -1, 'builtins.StopIteration'],
  ['failure', 0, 'builtins.ValueError'],
])('the %s of a stream that comes when its client has left is kept for the next client, once', async (_, last, type) => {
  const { daemon, source, id } = await serve();
  await leave(daemon, await waitFor(daemon, id));
  await source.emit(last);
  const peer = await join(daemon);
  expect((await peer.fail('Pyro.Daemon', PULL, id)).pythonType).toBe(type);
  expect((await peer.fail('Pyro.Daemon', PULL, id)).args).toEqual(['item stream terminated']);
  expect(daemon.streamCount).toBe(0);
});

it('the failure of a stream that comes when its client has left, and that nobody reads, is told when the stream is closed', async () => {
  const { daemon, source, id } = await serve();
  const told: unknown[] = [];
  daemon.on('callError', (error, { objectId, method }) => told.push([String(error), objectId, method]));
  await leave(daemon, await waitFor(daemon, id));
  await source.emit(0);
  await eventually(() => !source.isAsked);
  expect(told).toEqual([]);
  const peer = await join(daemon);
  await peer.call('Pyro.Daemon', 'close_stream', id);
  await eventually(() => told.length > 0);
  expect(told).toEqual([['RangeError: no more', 'source', 'events']]);
});

it('a stream goes on with another client that waits when its reader leaves', async () => {
  const { daemon, source, id } = await serve();
  const [first, second] = [await waitFor(daemon, id), await waitFor(daemon, id)];
  await leave(daemon, second);
  await eventually(() => daemon.connections.length === 1);
  expect(daemon.inspect().streams[0]!.readBy).toBe(daemon.inspect().connections[0]!.id);
  await source.emit(1, 2);
  expect(await item(first)).toBe(1);
  expect(await first.call('Pyro.Daemon', PULL, id)).toBe(2);
  first.destroy();
  await eventually(() => daemon.inspect().streams[0]!.readBy === null);
});

it('a request that takes too long while a guard is asked takes no item', async () => {
  const daemon = await startDaemon({ callTimeoutMs: 50 });
  const source = new Source();
  let admit: ((principal: string) => void) | undefined;
  // the guard knows the opener at once
  let asked = 0;
  const guards = (): string | Promise<string> => (++asked === 1 ? 'lab' : new Promise<string>((resolve) => (admit = resolve)));
  daemon.register(source, 'source', { guards });
  const opener = await join(daemon);
  opener.invoke('source', 'events');
  const id = (await opener.next()).annotations.get('STRM')!.toString();
  const peer = await join(daemon);
  expect((await peer.fail('Pyro.Daemon', PULL, id)).pythonType).toBe('builtins.TimeoutError');
  admit!('lab');
  await eventually(() => daemon.inspect().totals.requestsInProgress === 0);
  expect([pulls(daemon), source.isAsked]).toEqual([0, false]);
});

it('the first client that is left of several that wait for items gets the first item', async () => {
  const { daemon, source, id } = await serve();
  const peers = [await waitFor(daemon, id), await waitFor(daemon, id), await waitFor(daemon, id), await waitFor(daemon, id)];
  await leave(daemon, peers[0]!);
  await leave(daemon, peers[2]!);
  await source.emit(1, 2);
  expect([await item(peers[1]!), await item(peers[3]!)]).toEqual([1, 2]);
});

it('a request that is served when its client has left asks for no item, and the stream lingers on', async () => {
  const { daemon, source, id } = await serve();
  const failures: string[] = [];
  daemon.on('callFailed', (error, { method }) => failures.push(`${method}: ${(error as Error).message}`));
  const peer = await join(daemon);
  peer.invoke('source', 'hold');
  peer.invoke('Pyro.Daemon', PULL, [id]);
  await eventually(() => source.finish !== undefined);
  const [connection] = daemon.connections;
  peer.destroy();
  await eventually(() => !connection!.connected);
  source.finish!();
  await eventually(() => failures.length > 0);
  expect(failures).toEqual([`${PULL}: the client has gone away`]);
  expect(daemon.inspect().streams).toMatchObject([{ readBy: null, items: 0 }]);
  expect(source.isAsked).toBe(false);
});

it('a oneway request for an item takes one, as in Pyro5, until its client leaves', async () => {
  const { daemon, source, id } = await serve();
  const peer = await waitFor(daemon, id, FLAGS.oneway);
  await source.emit(1, 2);
  expect(await peer.call('Pyro.Daemon', PULL, id)).toBe(2);
  await leave(daemon, await waitFor(daemon, id, FLAGS.oneway));
  await source.emit(3);
  expect(await peer.call('Pyro.Daemon', PULL, id)).toBe(3);
});

it('a request for an item that took too long takes no item, and its connection goes on', async () => {
  const { daemon, source, id } = await serve({ callTimeoutMs: 300 });
  const peer = await waitFor(daemon, id);
  expect((await peer.next()).data.toString()).toContain('TimeoutError');
  expect(pulls(daemon)).toBe(0);
  await source.emit(1);
  expect(await peer.call('Pyro.Daemon', PULL, id)).toBe(1);
});

it('requests for items that wait when their stream is closed are told so, after the item that is under way', async () => {
  const { daemon, source, id } = await serve();
  const [first, second] = [await waitFor(daemon, id), await waitFor(daemon, id)];
  const closer = await join(daemon);
  await closer.call('Pyro.Daemon', 'close_stream', id);
  expect((await second.next()).data.toString()).toContain('item stream terminated');
  await source.emit(1);
  expect(await item(first)).toBe(1);
});
