import type { RunInContext } from '../calls/async-context.js';

/** An iterator of either kind. Only `next` is required. */
export type AnyIterator = Iterator<unknown> | AsyncIterator<unknown>;

/**
 * The iterator of a result that travels as an item stream; undefined for every other value.
 *
 * Streams are iterators and generators, sync or async, and objects that are only async iterable (a `Readable`). Arrays, sets, maps and
 * other plain iterables are values.
 *
 * @see Pyro5/server.py, `_streamResponse`
 */
export function asStream(result: unknown): AnyIterator | undefined {
  if (!isStream(result)) return undefined;
  if (!isAsyncIterable(result)) return result;
  if (isWebStream(result)) return new WebStreamIterator(result.getReader());
  // also of an iterator, as `for await` does: a stream of a proxy gives one that closes the stream after an error
  return isNodeStream(result) ? new NodeStreamIterator(result) : result[Symbol.asyncIterator]();
}

/** True for results that {@link asStream} turns into a stream. Makes no iterator. */
export function isStream(result: unknown): result is AnyIterator | AsyncIterable<unknown> {
  if (typeof result !== 'object' || result === null) return false;
  if (isAsyncIterable(result)) return true;
  return Symbol.iterator in result && typeof (result as Partial<AnyIterator>).next === 'function';
}

function isAsyncIterable(result: object): result is AsyncIterable<unknown> {
  return Symbol.asyncIterator in result && typeof result[Symbol.asyncIterator] === 'function';
}

/** The part of a `Readable` that a {@link NodeStreamIterator} needs. */
interface NodeStream extends AsyncIterable<unknown> {
  on(event: 'error', listener: () => void): unknown;
  destroy(): unknown;
}

function isNodeStream(source: object): source is NodeStream {
  const { on, destroy } = source as Partial<NodeStream>;
  return typeof on === 'function' && typeof destroy === 'function';
}

/** Lets an error of a `Readable` wait until the first item is asked for, which throws it. Other results are left alone. */
export function awaitReader(result: object): void {
  if (isNodeStream(result)) result.on('error', () => undefined);
}

/**
 * Iterates over a `Readable`, and destroys it when the iteration ends early.
 *
 * Node's own iterator is a generator: `return()` does nothing before the first item, and waits while an item is awaited. It listens to no
 * errors before the first item either, and an error without a listener ends the process.
 */
class NodeStreamIterator implements AsyncIterator<unknown> {
  private readonly items: AsyncIterator<unknown>;

  constructor(private readonly source: NodeStream) {
    this.items = source[Symbol.asyncIterator]();
    awaitReader(source);
  }

  next(): Promise<IteratorResult<unknown>> {
    return this.items.next();
  }

  return(): Promise<IteratorResult<unknown>> {
    this.source.destroy();
    return Promise.resolve({ done: true, value: undefined });
  }
}

/** The part of a reader of a web `ReadableStream` that a {@link WebStreamIterator} needs. */
interface WebStreamReader {
  read(): Promise<{ done: boolean; value?: unknown }>;
  cancel(): Promise<void>;
  releaseLock(): void;
}

function isWebStream(source: object): source is { getReader(): WebStreamReader } {
  const { getReader, cancel } = source as { getReader?: unknown; cancel?: unknown };
  return typeof getReader === 'function' && typeof cancel === 'function';
}

/** Iterates over a web `ReadableStream`, and cancels it when the iteration ends early. Its own iterator cannot be closed while an item is awaited. */
class WebStreamIterator implements AsyncIterator<unknown> {
  private hasEnded = false;

  constructor(private readonly reader: WebStreamReader) {}

  async next(): Promise<IteratorResult<unknown>> {
    const { done, value } = await this.reader.read();
    if (!done) return { done: false, value };
    this.hasEnded = true;
    this.reader.releaseLock();
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<unknown>> {
    if (!this.hasEnded) await this.reader.cancel();
    return { done: true, value: undefined };
  }
}

/** True for generator functions, sync or async: their result is a stream. */
export function isGeneratorFunction(fn: unknown): boolean {
  return typeof fn === 'function' && /^\[object (?:Async)?GeneratorFunction\]$/.test(Object.prototype.toString.call(fn));
}

/** The changes that a {@link WrappedIterator} makes to its iterator. */
export interface IteratorHooks {
  /** Runs the code of the iterator, for example in the context in which the iterator was made. */
  run?: RunInContext;
  /** Changes an item. An error of this hook closes the iterator and is the stream's error. */
  mapItem?: (item: unknown) => unknown;
  /**
   * Called for the first error of the iterator: gives an iterator that goes on in its place, or throws the stream's error. Not called after
   * `return()`.
   */
  recover?: (error: unknown) => AnyIterator;
  /** Changes an error before the reader gets it. */
  mapError?: (error: unknown) => unknown;
  /** Called exactly once: after the last item, after an error, or after `return()`. The reader waits for its promise. */
  onEnd?: () => Promise<void> | void;
}

/** An iterator with {@link IteratorHooks} around its items, its error and its end. */
export class WrappedIterator implements AsyncIterableIterator<unknown> {
  private hasEnded = false;
  private hasRecovered = false;
  private isReturned = false;

  constructor(
    private iterator: AnyIterator,
    private readonly hooks: IteratorHooks,
  ) {}

  async next(): Promise<IteratorResult<unknown>> {
    const { mapItem, mapError } = this.hooks;
    try {
      const step = await this.advance();
      if (step.done) await this.end();
      else if (mapItem) return { done: false, value: await this.mapped(step.value, mapItem) };
      return step;
    } catch (error) {
      await this.end();
      throw mapError ? mapError(error) : error;
    }
  }

  async return(value?: unknown): Promise<IteratorResult<unknown>> {
    this.isReturned = true;
    try {
      await this.run(() => this.iterator.return?.(value));
    } finally {
      await this.end();
    }
    return { done: true, value };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  private async mapped(item: unknown, mapItem: (item: unknown) => unknown): Promise<unknown> {
    try {
      return await mapItem(item);
    } catch (error) {
      await this.run(() => this.iterator.return?.());
      throw error;
    }
  }

  private async advance(): Promise<IteratorResult<unknown>> {
    try {
      return await this.run(() => this.iterator.next());
    } catch (error) {
      const { recover } = this.hooks;
      // closing a stream aborts its signal, on which many iterators fail: nobody would read, or close, what goes on in their place
      if (recover === undefined || this.hasRecovered || this.isReturned) throw error;
      this.hasRecovered = true;
      this.iterator = recover(error);
      if (this.isReturned) await this.iterator.return?.();
      return this.iterator.next();
    }
  }

  private run<T>(body: () => T): T {
    return this.hooks.run ? this.hooks.run(body) : body();
  }

  private async end(): Promise<void> {
    if (this.hasEnded) return;
    this.hasEnded = true;
    await this.hooks.onEnd?.();
  }
}
