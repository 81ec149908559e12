import { afterEach, expect, it } from 'vitest';
import {
  expose,
  PyroDaemon,
  type PyroDaemonOptions,
  PyroProxy,
  type RemoteObject,
  type RemoteStream,
} from '../../../lib/core.js';

class Source {
  /** Generators that have begun and not ended. */
  static open = 0;
  static let: (() => void) | undefined;

  *unwritable(): Generator<unknown> {
    yield* counted([1, () => 'cannot be sent', 3, 4]);
  }
  *large(): Generator<unknown> {
    yield* counted([1, Buffer.alloc(300_000), 3, 4]);
  }
  *unreadable(): Generator<unknown> {
    yield* counted([1, { __class__: 'someone.else' }, 3, 4]);
  }
  /** The second item comes when the test calls `Source.let`. */
  async *late(): AsyncGenerator<unknown> {
    yield 1;
    await new Promise<void>((resolve) => (Source.let = resolve));
    yield 2;
    yield 3;
  }
  *breaking(): Generator<unknown> {
    yield 1;
    throw new Error('broken');
  }
  *numbers(): Generator<number> {
    for (let n = 1; ; n++) yield n;
  }
}
expose(Source, 'unwritable', 'large', 'unreadable', 'late', 'breaking', 'numbers');

function* counted(items: unknown[]): Generator<unknown> {
  Source.open++;
  try {
    yield* items;
  } finally {
    Source.open--;
  }
}

/** The part of the proxies that the tests use. */
type Streams = Record<'unwritable' | 'large' | 'unreadable' | 'late' | 'breaking' | 'numbers', () => Promise<RemoteStream>>;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serve(
  options: PyroDaemonOptions = {},
  object: object = new Source(),
): Promise<{ daemon: PyroDaemon; uri: string }> {
  Source.open = 0;
  const daemon = await PyroDaemon.listen({ host: '127.0.0.1', maxMessageBytes: 200_000, ...options });
  cleanups.push(() => daemon.close());
  daemon.on('callFailed', () => undefined);
  return { daemon, uri: String(daemon.register(object, 'source')) };
}

async function connect(uri: string): Promise<RemoteObject<Source> & Streams> {
  const source = await PyroProxy.connect<Source>(uri);
  cleanups.push(() => source.$release());
  return source as RemoteObject<Source> & Streams;
}

/** The items of a loop, and its error. */
async function loopOver(stream: AsyncIterable<unknown>): Promise<unknown[]> {
  const seen: unknown[] = [];
  try {
    for await (const item of stream) seen.push(item);
  } catch (error) {
    seen.push(error);
  }
  return seen;
}

const FAILING = [
  ['cannot be sent', 'unwritable'],
  ['is too large', 'large'],
  ['cannot be read here', 'unreadable'],
] as const;

it.each(FAILING)('next() goes on with the item after one that %s, as in Pyro5', async (_, method) => {
  const { daemon, uri } = await serve();
  const source = await connect(uri);
  const stream = await source[method]();
  expect(await stream.next()).toEqual({ done: false, value: 1 });
  await expect(stream.next()).rejects.toBeInstanceOf(Error);
  expect(await stream.next()).toEqual({ done: false, value: 3 });
  expect(await stream.next()).toEqual({ done: false, value: 4 });
  expect(await stream.next()).toEqual({ done: true, value: undefined });
  await expect.poll(() => daemon.streamCount).toBe(0);
});

it.each(FAILING)('a loop that ends with an item that %s closes the stream at the daemon', async (_, method) => {
  const { daemon, uri } = await serve();
  const source = await connect(uri);
  for (let loop = 0; loop < 3; loop++) {
    const stream = await source[method]();
    expect(await loopOver(stream)).toEqual([1, expect.any(Error)]);
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  }
  await expect.poll(() => [daemon.streamCount, Source.open]).toEqual([0, 0]);
  expect(source.$connected).toBe(true);
});

it('next() goes on after an item that took longer than callTimeoutMs of the daemon, and a loop has closed the stream', async () => {
  const { daemon, uri } = await serve({ callTimeoutMs: 100 });
  const source = await connect(uri);
  const stream = await source.late();
  await stream.next();
  await expect(stream.next()).rejects.toMatchObject({ pythonType: 'builtins.TimeoutError' });
  Source.let!();
  // the late item is kept for the next request
  expect(await stream.next()).toEqual({ done: false, value: 2 });
  expect(await stream.next()).toEqual({ done: false, value: 3 });
  expect(await stream.next()).toEqual({ done: true, value: undefined });
  expect(await loopOver(await source.late())).toEqual([1, expect.objectContaining({ pythonType: 'builtins.TimeoutError' })]);
  // the daemon serves the closing after the call that was late
  Source.let!();
  await expect.poll(() => daemon.streamCount).toBe(0);
});

it('a stream that a connection may not take over is read on by next() when another was closed, and is closed after a loop', async () => {
  const { daemon, uri } = await serve({ maxStreamsPerConnection: 1 });
  const source = await connect(uri);
  const streams = [await source.numbers()];
  for (let more = 0; more < 2; more++) {
    for (const connection of daemon.connections) connection.close();
    await expect.poll(() => source.$connected).toBe(false);
    streams.push(await source.numbers());
  }
  const [first, second, third] = streams as [RemoteStream, RemoteStream, RemoteStream];
  const refused = expect.objectContaining({ message: expect.stringContaining('maxStreamsPerConnection') as string }) as Error;
  await expect(first.next()).rejects.toEqual(refused);
  expect(await loopOver(second)).toEqual([refused]);
  await expect.poll(() => daemon.streamCount).toBe(2);
  await third.return();
  expect(await first.next()).toEqual({ done: false, value: 1 });
});

it('a generator that failed has no more items: next() says so as in Pyro5, and a loop has ended', async () => {
  const { daemon, uri } = await serve();
  const source = await connect(uri);
  const stream = await source.breaking();
  await stream.next();
  await expect(stream.next()).rejects.toThrow('broken');
  await expect(stream.next()).rejects.toMatchObject({ pythonType: 'Pyro5.errors.PyroError', args: ['item stream terminated'] });
  const other = await source.breaking();
  expect(await loopOver(other)).toEqual([1, expect.objectContaining({ pythonType: 'builtins.RuntimeError' })]);
  expect(await loopOver(other)).toEqual([]);
  expect(daemon.streamCount).toBe(0);
});

it('a call that is not sent leaves a stream open for next()', async () => {
  const { uri } = await serve();
  const source = await connect(uri);
  const controller = new AbortController();
  const stream = await (source.$with({ signal: controller.signal }) as unknown as Streams).unwritable();
  const [first, second] = await Promise.allSettled([stream.next(), stream.next()]);
  expect([first.status, second.status]).toEqual(['fulfilled', 'rejected']);
  expect(await stream.next()).toEqual({ done: false, value: 3 });
  controller.abort(new Error('enough'));
  await expect(stream.next()).rejects.toThrow('enough');
  expect(source.$connected).toBe(true);
  await stream.return();
});

it('requests of a loop that wait behind a failed one ask for no further item', async () => {
  const { uri } = await serve();
  const source = await connect(uri);
  const items = (await source.unwritable())[Symbol.asyncIterator]();
  const outcomes = await Promise.allSettled([items.next(), items.next(), items.next()]);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect((outcomes[2] as PromiseFulfilledResult<unknown>).value).toEqual({ done: true, value: undefined });
});

it('a daemon that passes the items of another on closes the stream there after an error', async () => {
  const inner = await serve();
  const source = await connect(inner.uri);
  class Relay {
    items(): Promise<unknown> {
      return source.unreadable();
    }
  }
  expose(Relay, 'items');
  const outer = await serve({}, new Relay());
  const relay = await PyroProxy.connect<{ items(): Iterator<unknown> }>(outer.uri);
  cleanups.push(() => relay.$release());
  const stream = await relay.items();
  expect(await stream.next()).toEqual({ done: false, value: 1 });
  await expect(stream.next()).rejects.toBeInstanceOf(Error);
  await expect.poll(() => [outer.daemon.streamCount, inner.daemon.streamCount]).toEqual([0, 0]);
  await stream.return();
});
