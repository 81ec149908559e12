import { describe, expect, it } from 'vitest';
import { expose, FLAGS, type PyroDaemon } from '../../../lib/core.js';
import { eventually, join, sleep, startDaemon } from './fixtures.js';
import type { ScriptedPeer } from '../../../lib/testing/index.js';

class Source {
  readonly closed: string[] = [];
  readonly pulled: number[] = [];

  *count(to: number): Generator<number> {
    try {
      for (let i = 1; i <= to; i++) {
        this.pulled.push(i);
        yield i;
      }
    } finally {
      this.closed.push('count');
    }
  }
  async *slowly(to: number): AsyncGenerator<number> {
    try {
      for (let i = 1; i <= to; i++) {
        await sleep(5);
        yield i;
      }
    } finally {
      this.closed.push('slowly');
    }
  }
  /** Closed without a first item as well, which a generator is not. */
  endless(): IterableIterator<number> {
    return {
      next: () => ({ done: false, value: 1 }),
      return: () => {
        this.closed.push('endless');
        return { done: true, value: undefined };
      },
      [Symbol.iterator]() {
        return this;
      },
    };
  }
  *failing(): Generator<number> {
    yield 1;
    throw new RangeError('no more');
  }
  iterator(): IterableIterator<string> {
    return ['a', 'b'].values();
  }
  list(): number[] {
    return [1, 2];
  }
  get stream(): IterableIterator<number> {
    return [7].values();
  }
}
expose(Source);

async function serveSource(options = {}): Promise<{ daemon: PyroDaemon; source: Source }> {
  const daemon = await startDaemon(options);
  const source = new Source();
  daemon.register(source, 'source');
  return { daemon, source };
}

async function openStream(peer: ScriptedPeer, method: string, ...args: unknown[]): Promise<string> {
  peer.invoke('source', method, args);
  const frame = await peer.next();
  expect(frame.header.flags & (FLAGS.exception | FLAGS.itemStream)).toBe(FLAGS.exception | FLAGS.itemStream);
  expect(frame.data.toString()).toContain('result of call is an iterator');
  return frame.annotations.get('STRM')!.toString();
}

const next = (peer: ScriptedPeer, id: string): Promise<unknown> => peer.call('Pyro.Daemon', 'get_next_stream_item', id);
const failNext = async (peer: ScriptedPeer, id: string): Promise<unknown[]> => {
  const { pythonType, args } = await peer.fail('Pyro.Daemon', 'get_next_stream_item', id);
  return [pythonType, ...args];
};
const TERMINATED = ['Pyro5.errors.PyroError', 'item stream terminated'];

describe('an item stream', () => {
  it.each([
    ['count', [3], [1, 2, 3]],
    ['slowly', [2], [1, 2]],
    ['iterator', [], ['a', 'b']],
  ])('an item stream of %s gives its items, then StopIteration, and is terminated then', async (method, args, items) => {
    const { daemon } = await serveSource();
    const peer = await join(daemon);
    const id = await openStream(peer, method, ...args);
    for (const item of items) expect(await next(peer, id)).toBe(item);
    expect(await failNext(peer, id)).toEqual(['builtins.StopIteration']);
    expect(await failNext(peer, id)).toEqual(TERMINATED);
    expect(daemon.streamCount).toBe(0);
  });

  it('an attribute may give an item stream', async () => {
    const { daemon } = await serveSource();
    const peer = await join(daemon);
    expect(await next(peer, await openStream(peer, '__getattr__', 'stream'))).toBe(7);
  });

  it('an array is sent as a list and not as an item stream', async () => {
    const { daemon } = await serveSource();
    expect(await (await join(daemon)).call('source', 'list')).toEqual([1, 2]);
  });

  it('an item stream runs only when the client pulls an item', async () => {
    const { daemon, source } = await serveSource();
    const peer = await join(daemon);
    const id = await openStream(peer, 'count', 1_000);
    expect(source.pulled).toEqual([]);
    await next(peer, id);
    await sleep(20);
    expect(source.pulled).toEqual([1]);
  });

  it('an item stream that fails gives its error once', async () => {
    const { daemon } = await serveSource();
    const peer = await join(daemon);
    const id = await openStream(peer, 'failing');
    await next(peer, id);
    expect(await failNext(peer, id)).toEqual(['builtins.ValueError', 'no more']);
    expect(await failNext(peer, id)).toEqual(TERMINATED);
  });

  it.each(['count', 'slowly'])('an item stream of %s runs its finally block when the client closes it', async (method) => {
    const { daemon, source } = await serveSource();
    const peer = await join(daemon);
    const id = await openStream(peer, method, 5);
    await next(peer, id);
    peer.invoke('Pyro.Daemon', 'close_stream', [id], {}, { flags: FLAGS.oneway });
    await eventually(() => source.closed.length === 1);
    expect(await failNext(peer, id)).toEqual(TERMINATED);
  });

  it('an item stream outlives its connection and is resumed over another one', async () => {
    const { daemon } = await serveSource();
    const first = await join(daemon);
    const id = await openStream(first, 'count', 3);
    await next(first, id);
    first.end();
    await eventually(() => daemon.connections.length === 0);
    const second = await join(daemon);
    expect(await next(second, id)).toBe(2);
  });

  it('an item stream ends with its connection when there is no linger time', async () => {
    const { daemon, source } = await serveSource({ streamLingerMs: 0 });
    const peer = await join(daemon);
    const id = await openStream(peer, 'count', 3);
    await next(peer, id);
    peer.end();
    await eventually(() => source.closed.length === 1);
    expect(daemon.streamCount).toBe(0);
    expect(await failNext(await join(daemon), id)).toEqual(TERMINATED);
  });

  it('an item stream without a connection ends after its linger time', async () => {
    const { daemon, source } = await serveSource({ streamLingerMs: 30, housekeepingIntervalMs: 10 });
    const peer = await join(daemon);
    await next(peer, await openStream(peer, 'count', 3));
    peer.end();
    await eventually(() => source.closed.length === 1);
    expect(daemon.streamCount).toBe(0);
  });

  it('an item stream ends after its lifetime', async () => {
    const { daemon, source } = await serveSource({ streamLifetimeMs: 30, housekeepingIntervalMs: 10 });
    const peer = await join(daemon);
    const id = await openStream(peer, 'endless');
    await eventually(() => source.closed.length === 1);
    expect(await failNext(peer, id)).toEqual(TERMINATED);
  });

  it('an item stream ends with the daemon', async () => {
    const { daemon, source } = await serveSource();
    const peer = await join(daemon);
    await next(peer, await openStream(peer, 'count', 3));
    await daemon.close();
    await eventually(() => source.closed.length === 1);
  });

  it('an item stream over maxStreamsPerConnection is refused and its source closed', async () => {
    const { daemon, source } = await serveSource({ maxStreamsPerConnection: 2 });
    const peer = await join(daemon);
    const id = await openStream(peer, 'slowly', 2);
    await openStream(peer, 'slowly', 2);
    const failure = await peer.fail('source', 'slowly', 2);
    expect([failure.pythonType, failure.args[0]]).toEqual([
      'Pyro5.errors.PyroError',
      expect.stringContaining('maxStreamsPerConnection is 2'),
    ]);
    peer.invoke('Pyro.Daemon', 'close_stream', [id]);
    await peer.next();
    await openStream(peer, 'slowly', 2);
    expect(source.closed.length).toBeLessThanOrEqual(1);
  });

  it('streams that another connection opened count for the connection that reads them', async () => {
    const { daemon } = await serveSource({ maxStreamsPerConnection: 2 });
    const [first, second, reader] = [await join(daemon), await join(daemon), await join(daemon)];
    const [one, two] = [await openStream(first, 'count', 9), await openStream(first, 'count', 9)];
    const [three, own] = [await openStream(second, 'count', 9), await openStream(second, 'count', 9)];
    first.end();
    await eventually(() => daemon.connections.length === 2);
    expect([await next(reader, one), await next(reader, two), await next(reader, one)]).toEqual([1, 1, 2]);
    expect(daemon.inspect().limits.find(({ name }) => name === 'maxStreamsPerConnection')).toMatchObject({ used: 2 });
    const refused = [
      'Pyro5.errors.PyroError',
      'too many open item streams on this connection (maxStreamsPerConnection is 2); close some first',
    ];
    expect(await failNext(reader, three)).toEqual(refused);
    expect((await reader.fail('source', 'count', 3)).args[0]).toBe(refused[1]);
    expect(daemon.counters.maxStreamsPerConnection).toBe(2);
    // neither the stream nor its reader has changed, and the connection that opened the stream reads it on
    expect([await next(second, three), await next(second, own)]).toEqual([1, 1]);
    reader.invoke('Pyro.Daemon', 'close_stream', [three]);
    expect((await reader.next()).header.flags & FLAGS.exception).toBe(0);
    expect(await failNext(second, three)).toEqual(TERMINATED);
    reader.invoke('Pyro.Daemon', 'close_stream', [one]);
    await reader.next();
    expect(await next(reader, own)).toBe(2);
  });

  it('a connection takes back streams that it opened and another connection read', async () => {
    const { daemon } = await serveSource({ maxStreamsPerConnection: 2 });
    const [opener, reader] = [await join(daemon), await join(daemon)];
    const ids = [await openStream(opener, 'count', 9), await openStream(opener, 'count', 9)];
    for (const id of ids) expect([await next(opener, id), await next(reader, id), await next(opener, id)]).toEqual([1, 2, 3]);
    expect(daemon.counters.maxStreamsPerConnection).toBe(0);
  });

  it('an item stream over maxStreams replaces the one that lingers longest, or is refused', async () => {
    const { daemon } = await serveSource({ maxStreams: 2 });
    const [gone, peer] = [await join(daemon), await join(daemon)];
    const lingering = await openStream(gone, 'count', 3);
    gone.end();
    await eventually(() => daemon.connections.length === 1);
    await openStream(peer, 'count', 3);
    await openStream(peer, 'count', 3);
    expect(await failNext(peer, lingering)).toEqual(TERMINATED);
    expect((await peer.fail('source', 'count', 3)).args[0]).toContain('maxStreams is 2');
  });

  it('a oneway call opens no item stream, and its iterator is closed', async () => {
    const { daemon } = await serveSource();
    const peer = await join(daemon);
    peer.invoke('source', 'count', [3], {}, { flags: FLAGS.oneway });
    await peer.call('Pyro.Daemon', 'ping');
    expect(daemon.streamCount).toBe(0);
  });

  it('a daemon without streaming sends the stream flag without an id, as Pyro5 does', async () => {
    const { daemon } = await serveSource({ streaming: false });
    const peer = await join(daemon);
    peer.invoke('source', 'count', [3]);
    const frame = await peer.next();
    expect(frame.header.flags & FLAGS.itemStream).toBeTruthy();
    expect(frame.annotations.has('STRM')).toBe(false);
  });
});
