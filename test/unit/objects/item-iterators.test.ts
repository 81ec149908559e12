import { ReadableStream } from 'node:stream/web';
import { describe, expect, it } from 'vitest';
import { type AnyIterator, asStream, WrappedIterator } from '../../../lib/objects/item-iterators.js';

function* numbers(count: number): Generator<number> {
  for (let number = 1; number <= count; number++) yield number;
}

function failing(error: Error, ...items: unknown[]): AnyIterator {
  return (function* () {
    yield* items;
    throw error;
  })();
}

async function itemsOf(iterator: AsyncIterableIterator<unknown>): Promise<unknown[]> {
  const items: unknown[] = [];
  for await (const item of iterator) items.push(item);
  return items;
}

describe('asStream', () => {
  it('asStream takes iterators and generators as streams, and collections as values', () => {
    const generator = numbers(2);
    expect(asStream(generator)).toBe(generator);
    expect(asStream([1, 2])).toBeUndefined();
    expect(asStream(new Map())).toBeUndefined();
    expect(asStream('text')).toBeUndefined();
    expect(asStream(null)).toBeUndefined();
  });

  it('asStream asks an async iterable for its iterator', async () => {
    const iterable = { [Symbol.asyncIterator]: async function* () {} };
    const stream = asStream(iterable)!;
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });
});

describe('the stream of a web ReadableStream', () => {
  it('a web ReadableStream gives its items, and its lock back', async () => {
    const source = ReadableStream.from([1, 2]);
    const stream = asStream(source)!;
    expect([await stream.next(), await stream.next()]).toMatchObject([{ value: 1 }, { value: 2 }]);
    expect(await stream.next()).toEqual({ done: true, value: undefined });
    expect(source.locked).toBe(false);
  });

  it('a web ReadableStream is cancelled when it is closed, also while an item is awaited', async () => {
    let isCancelled = false;
    const stream = asStream(new ReadableStream({ cancel: () => void (isCancelled = true) }))!;
    const waiting = stream.next();
    await stream.return!();
    expect(isCancelled).toBe(true);
    expect(await waiting).toEqual({ done: true, value: undefined });
  });

  it('a web ReadableStream that has ended may be closed', async () => {
    const stream = asStream(ReadableStream.from([]))!;
    expect((await stream.next()).done).toBe(true);
    expect(await stream.return!()).toEqual({ done: true, value: undefined });
  });

  it('a web ReadableStream that fails gives its error', async () => {
    const stream = asStream(new ReadableStream({ pull: (controller) => controller.error(new RangeError('no more')) }))!;
    await expect(stream.next()).rejects.toThrow('no more');
  });
});

describe('WrappedIterator', () => {
  it('WrappedIterator calls onEnd once, after the last item', async () => {
    let ends = 0;
    const iterator = new WrappedIterator(numbers(2), { onEnd: () => void (ends += 1) });
    await iterator.next();
    await iterator.next();
    expect(ends).toBe(0);
    expect(await iterator.next()).toMatchObject({ done: true });
    await iterator.next();
    await iterator.return();
    expect(ends).toBe(1);
  });

  it('WrappedIterator calls onEnd after return(), also when the iterator cannot be closed', async () => {
    let ends = 0;
    const broken: AnyIterator = {
      next: () => ({ done: false, value: 1 }),
      return: () => {
        throw new Error('stuck');
      },
    };
    const iterator = new WrappedIterator(broken, { onEnd: () => void (ends += 1) });
    await expect(iterator.return()).rejects.toThrow('stuck');
    expect(ends).toBe(1);
  });

  it('WrappedIterator calls onEnd before the reader gets an error', async () => {
    let ends = 0;
    const iterator = new WrappedIterator(failing(new Error('bad')), { onEnd: () => void (ends += 1) });
    await iterator.next().catch(() => expect(ends).toBe(1));
    expect(ends).toBe(1);
  });

  it('WrappedIterator changes items with mapItem, and waits for its promises', async () => {
    const iterator = new WrappedIterator(numbers(3), { mapItem: async (item) => (item as number) * 2 });
    expect(await itemsOf(iterator)).toEqual([2, 4, 6]);
  });

  it('WrappedIterator closes the iterator when mapItem fails', async () => {
    const source = numbers(3);
    const iterator = new WrappedIterator(source, {
      mapItem: () => {
        throw new Error('unmappable');
      },
    });
    await expect(iterator.next()).rejects.toThrow('unmappable');
    expect(source.next().done).toBe(true);
  });

  it('WrappedIterator goes on with the iterator that recover gives for the first error', async () => {
    const iterator = new WrappedIterator(failing(new Error('bad'), 1), {
      recover: (error) => failing(new Error('worse'), (error as Error).message),
      mapError: (error) => new Error(`mapped ${(error as Error).message}`),
    });
    expect(await iterator.next()).toEqual({ done: false, value: 1 });
    expect(await iterator.next()).toEqual({ done: false, value: 'bad' });
    await expect(iterator.next()).rejects.toThrow('mapped worse');
  });

  it('WrappedIterator throws the error of recover', async () => {
    const iterator = new WrappedIterator(failing(new Error('bad')), {
      recover: (error) => {
        throw error;
      },
    });
    await expect(iterator.next()).rejects.toThrow('bad');
  });

  it('WrappedIterator recovers from no error after return(), as when the source fails because its signal has aborted', async () => {
    let fail!: (error: Error) => void;
    let recovered = 0;
    const source: AnyIterator = { next: () => new Promise((_resolve, reject) => (fail = reject)) };
    const iterator = new WrappedIterator(source, { recover: () => (recovered++, numbers(2)) });
    const pull = iterator.next();
    await iterator.return();
    fail(new Error('aborted'));
    await expect(pull).rejects.toThrow('aborted');
    expect(recovered).toBe(0);
  });

  it('WrappedIterator closes the iterator of a recover that closes the stream', async () => {
    const replacement = numbers(2);
    const iterator: WrappedIterator = new WrappedIterator(failing(new Error('bad')), {
      recover: () => (void iterator.return(), replacement),
    });
    expect(await iterator.next()).toMatchObject({ done: true });
    expect(replacement.next().done).toBe(true);
  });
});
