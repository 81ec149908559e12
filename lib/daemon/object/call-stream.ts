import { type AnyIterator, type IteratorHooks, WrappedIterator } from '../../objects/item-iterators.js';

/** The stream of a call that has work to do at its end, for example to dispose its instance. This work has time limits of its own. */
export class CallStream extends WrappedIterator {
  private iteratorEnded: (() => void) | undefined;

  constructor(iterator: AnyIterator, { onEnd, ...hooks }: IteratorHooks & Required<Pick<IteratorHooks, 'onEnd'>>) {
    super(iterator, {
      ...hooks,
      onEnd: () => {
        this.iteratorEnded?.();
        return onEnd();
      },
    });
  }

  /** Resolves when the iterator has ended, before the work at the end of the call. */
  whenIteratorEnded(): Promise<void> {
    return new Promise((resolve) => (this.iteratorEnded = resolve));
  }
}
