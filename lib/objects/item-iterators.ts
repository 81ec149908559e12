/** An iterator of either kind. Only `next` is required. */
export type AnyIterator = Iterator<unknown> | AsyncIterator<unknown>;

/**
 * The iterator of a result that travels as an item stream; undefined for every other value.
 *
 * Streams are iterators and generators, also async ones, and what is only async iterable (a `Readable`). Arrays, sets,
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

/**
 * Passes an iterator through and runs `onEnd` exactly once: behind its last item, its error, or its `return()`.
 */
export function endingWith(iterator: AnyIterator, onEnd: () => Promise<void> | void): AsyncIterableIterator<unknown> {
  let ended = false;
  const end = async (): Promise<void> => {
    if (ended) return;
    ended = true;
    await onEnd();
  };
  return {
    async next() {
      try {
        const step = await iterator.next();
        if (step.done) await end();
        return step;
      } catch (error) {
        await end();
        throw error;
      }
    },
    async return(value?: unknown) {
      try {
        await iterator.return?.(value);
      } finally {
        await end();
      }
      return { done: true, value };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
