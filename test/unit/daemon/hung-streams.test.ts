import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { currentContext, expose, FLAGS, type PyroDaemon } from '../../../lib/core.js';
import { addLateCall } from '../../../lib/daemon/call/call.js';
import type { ScriptedPeer } from '../../../lib/testing/index.js';
import { collectUntil } from '../../garbage-collection.js';
import { eventually, join, startDaemon } from './fixtures.js';

/** Streams that wait for an item that the test may let come. */
class Source {
  waiting = 0;
  readonly finish: (() => void)[] = [];
  readonly endMethod: (() => void)[] = [];
  /** Waits for an event of an object that lives on. */
  async *events(filter: string): AsyncGenerator<string> {
    this.waiting++;
    await new Promise<void>((resolve) => this.finish.push(resolve));
    yield filter;
  }
  /** Waits for an event that nobody can raise. */
  async *never(filter: string): AsyncGenerator<string> {
    this.waiting++;
    await new Promise(() => undefined);
    yield filter;
  }
  /** The method goes on after its answer, and `return()` of its stream does not wait for the next item. */
  late(_filter: string): AsyncIterableIterator<string> {
    const ended = new Promise<void>((resolve) => this.endMethod.push(resolve));
    addLateCall(currentContext()!, ended, () => true);
    const end = (): IteratorReturnResult<undefined> => ({ done: true, value: undefined });
    return {
      next: () => {
        this.waiting++;
        return new Promise((resolve) => this.finish.push(() => resolve(end())));
      },
      return: () => Promise.resolve(end()),
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }
  length(text: string): number {
    return text.length;
  }
}
expose(Source);

async function serve(options = {}): Promise<{ daemon: PyroDaemon; source: Source; peer: ScriptedPeer }> {
  const daemon = await startDaemon({ ...options, limitLoopback: true });
  const source = new Source();
  daemon.register(source, 'source');
  return { daemon, source, peer: await join(daemon) };
}

/** Opens a stream, asks for an item, closes the stream and leaves. @returns the text of the refusal, if the stream is refused */
async function leaveBehind(daemon: PyroDaemon, source: Source, method: string, filter = ''): Promise<string | undefined> {
  const before = source.waiting;
  const peer = await join(daemon);
  peer.invoke('source', method, [filter]);
  const reply = await peer.next();
  const id = reply.annotations.get('STRM')?.toString();
  if (id === undefined) return reply.data.toString();
  peer.invoke('Pyro.Daemon', 'get_next_stream_item', [id], {}, { flags: FLAGS.oneway });
  await eventually(() => source.waiting > before);
  await peer.call('Pyro.Daemon', 'close_stream', id);
  peer.destroy();
  return undefined;
}

/** Lets the time pass after which closed streams are given up. */
const giveUp = (): unknown => vi.advanceTimersByTime(5_000);
const endingOf = (daemon: PyroDaemon): number => daemon.inspect().totals.streamsEnding;
const usedOf = (daemon: PyroDaemon, limit: string): number => daemon.inspect().limits.find(({ name }) => name === limit)!.used!;

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'], shouldAdvanceTime: true }));
afterEach(() => void vi.useRealTimers());

it('a closed stream whose generator hangs takes nothing from running requests any more after 5 s, and is forgotten when it is collected', async () => {
  const { daemon, source, peer } = await serve({ maxInFlightValueBytes: 1_000_000 });
  await leaveBehind(daemon, source, 'never', 'x'.repeat(400_000));
  const text = 'x'.repeat(480_000);
  expect((await peer.fail('source', 'length', text)).args[0]).toContain('maxInFlightValueBytes');
  giveUp();
  expect(usedOf(daemon, 'maxInFlightValueBytes')).toBe(0);
  expect(await peer.call('source', 'length', text)).toBe(480_000);
  expect(endingOf(daemon)).toBe(1);
  await collectUntil(() => endingOf(daemon) === 0);
  expect(await leaveBehind(daemon, source, 'never', text)).toBeUndefined();
});

it('no streams are opened while hung streams hold much memory, until their generators end', async () => {
  const { daemon, source, peer } = await serve({ maxInFlightValueBytes: 1_000_000 });
  const text = 'x'.repeat(240_000);
  expect(await leaveBehind(daemon, source, 'events', text)).toBeUndefined();
  giveUp();
  expect(await leaveBehind(daemon, source, 'events', text)).toBeUndefined();
  giveUp();
  const refusal =
    /closed item streams of 127\.0\.0\.1 whose iterators still run hold \d{6} bytes of memory, of at most 250000 \(maxInFlightValueBytes is 1000000\)/;
  expect(await leaveBehind(daemon, source, 'events')).toMatch(refusal);
  expect(daemon.counters.maxInFlightValueBytes).toBe(1);
  expect(await peer.call('source', 'length', text)).toBe(240_000);
  expect(endingOf(daemon)).toBe(2);
  source.finish.forEach((finish) => finish());
  await eventually(() => endingOf(daemon) === 0);
  expect(await leaveBehind(daemon, source, 'events')).toBeUndefined();
});

it('a request whose stream hung ends with its method, when the iterator has ended before', async () => {
  const { daemon, source } = await serve();
  await leaveBehind(daemon, source, 'late', 'x'.repeat(100_000));
  giveUp();
  expect(usedOf(daemon, 'maxInFlightValueBytes')).toBeGreaterThan(100_000);
  source.finish[0]!();
  await new Promise(setImmediate);
  source.endMethod[0]!();
  await eventually(() => endingOf(daemon) === 0);
  expect(usedOf(daemon, 'maxInFlightValueBytes')).toBe(0);
});

it.each(['maxStreams', 'maxStreamsPerAddress'])('closed streams whose generators hang count under %s for 5 s', async (limit) => {
  const { daemon, source } = await serve({ [limit]: 1 });
  await leaveBehind(daemon, source, 'events');
  expect(usedOf(daemon, limit)).toBe(1);
  expect(daemon.streamCount).toBe(0);
  expect(await leaveBehind(daemon, source, 'events')).toContain(`${limit} is 1`);
  giveUp();
  expect(usedOf(daemon, limit)).toBe(0);
  expect(await leaveBehind(daemon, source, 'events')).toBeUndefined();
});

it('a closed stream whose generator ends in time is released with its end', async () => {
  const { daemon, source } = await serve({ maxStreams: 1 });
  await leaveBehind(daemon, source, 'events');
  source.finish.forEach((finish) => finish());
  await eventually(() => endingOf(daemon) === 0);
  expect([usedOf(daemon, 'maxStreams'), usedOf(daemon, 'maxInFlightValueBytes')]).toEqual([0, 0]);
});

it('a request that waits for an item of a hung stream is answered once the stream is given up', async () => {
  const { daemon, source, peer } = await serve({ streamLifetimeMs: 0 });
  peer.invoke('source', 'never', ['']);
  const id = (await peer.next()).annotations.get('STRM')!.toString();
  peer.invoke('Pyro.Daemon', 'get_next_stream_item', [id]);
  await eventually(() => source.waiting === 1);
  const closer = await join(daemon);
  await closer.call('Pyro.Daemon', 'close_stream', id);
  giveUp();
  expect((await peer.next()).data.toString()).toContain('item stream terminated');
  expect(await peer.call('source', 'length', 'abc')).toBe(3);
});
