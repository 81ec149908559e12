/** An iterator of either kind. Only `next` is required. */
export type AnyIterator = Iterator<unknown> | AsyncIterator<unknown>;

/**
 * The iterator of a result that travels as an item stream; undefined for every other value.
 *
 * Streams are iterators and generators, also async ones, and objects that are only async iterable (a `Readable`). Arrays, sets,
 * maps and other plain iterables are values.
 *
 * @see Pyro5/server.py, `_streamResponse`
 */
export function asStream(result: unknown): AnyIterator | undefined {
  if (typeof result !== 'object' || result === null) return undefined;
  const candidate = result as Partial<AsyncIterable<unknown> & Iterable<unknown> & AnyIterator>;
  if (Symbol.asyncIterator in candidate && typeof candidate[Symbol.asyncIterator] === 'function') {
    return typeof candidate.next === 'function' ? (candidate as AnyIterator) : candidate[Symbol.asyncIterator]!();
  }
  if (Symbol.iterator in candidate && typeof candidate.next === 'function') return candidate as AnyIterator;
  return undefined;
}

/** The changes that a {@link WrappedIterator} makes to its iterator. */
export interface IteratorHooks {
  /** Changes an item. An error of this hook closes the iterator and is the stream's error. */
  mapItem?: (item: unknown) => unknown;
  /** Called for the first error of the iterator: gives an iterator that goes on in its place, or throws the stream's error. */
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
    try {
      await this.iterator.return?.(value);
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
      await this.iterator.return?.();
      throw error;
    }
  }

  private async advance(): Promise<IteratorResult<unknown>> {
    try {
      return await this.iterator.next();
    } catch (error) {
      const { recover } = this.hooks;
      if (recover === undefined || this.hasRecovered) throw error;
      this.hasRecovered = true;
      this.iterator = recover(error);
      return this.iterator.next();
    }
  }

  private async end(): Promise<void> {
    if (this.hasEnded) return;
    this.hasEnded = true;
    await this.hooks.onEnd?.();
  }
}
