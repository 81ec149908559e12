import type { AnyIterator } from '../../objects/item-iterators.js';
import { toPythonError } from '../errors/python-error.js';

/** What becomes of an error of an iterator that the method returned: items that follow, or the error that is thrown. */
export type Recover = (error: unknown) => AnyIterator;

/**
 * A result that travels item by item, as the daemon gets it: its errors are Python's, and `onEnd` runs exactly once,
 * behind the last item, an error, or the end of `return()`.
 */
export class ServedStream implements AsyncIterableIterator<unknown> {
  private hasEnded = false;

  constructor(
    private iterator: AnyIterator,
    private recover: Recover | undefined,
    private readonly onEnd?: () => Promise<void>,
  ) {}

  async next(): Promise<IteratorResult<unknown>> {
    try {
      const step = await this.step();
      if (step.done) await this.end();
      return step;
    } catch (error) {
      await this.end();
      throw toPythonError(error);
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

  private async step(): Promise<IteratorResult<unknown>> {
    try {
      return await this.iterator.next();
    } catch (error) {
      const { recover } = this;
      if (!recover) throw error;
      this.recover = undefined;
      this.iterator = recover(error);
      return this.iterator.next();
    }
  }

  private async end(): Promise<void> {
    if (this.hasEnded) return;
    this.hasEnded = true;
    await this.onEnd?.();
  }
}
