import { setMaxListeners } from 'node:events';

/** Takes the listeners of ends that were garbage-collected off their signals. */
const collected = new FinalizationRegistry<() => void>((leave) => leave());

/** The ends by their signals: whoever holds only the signal of an end keeps the end alive. */
const ends = new WeakMap<AbortSignal, FollowingEnd>();

/**
 * An AbortController that aborts with the first of several signals.
 *
 * The signals, which may last as long as the program, do not keep the end alive, nor what listens to it. So whoever holds the end can be
 * garbage-collected, while a listener on the signals themselves would keep the holder alive. `AbortSignal.any` of Node 20 does the same, but
 * leaves a reference at each signal for the life of the signal.
 */
export class FollowingEnd implements Disposable {
  private readonly controller = new AbortController();
  private readonly leave: () => void;

  /** @param followed undefined: not there */
  constructor(...followed: readonly (AbortSignal | undefined)[]) {
    this.leave = follow(
      followed.filter((signal) => signal !== undefined),
      new WeakRef(this.controller),
    );
    collected.register(this, this.leave, this);
    ends.set(this.signal, this);
  }

  /** Aborts with the reason of the first signal that has aborted. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Follows the signals no more. */
  [Symbol.dispose](): void {
    collected.unregister(this);
    this.leave();
  }
}

/** @returns a function that takes the listeners off the signals */
function follow(signals: readonly AbortSignal[], follower: WeakRef<AbortController>): () => void {
  const onAbort = ({ target }: Pick<Event, 'target'>): void => follower.deref()?.abort((target as AbortSignal).reason);
  for (const signal of signals) {
    // many ends may follow a signal, and each takes its listener off: a leak warning of Node would be wrong
    setMaxListeners(0, signal);
    if (signal.aborted) onAbort({ target: signal });
    else signal.addEventListener('abort', onAbort);
  }
  return () => {
    for (const signal of signals) signal.removeEventListener('abort', onAbort);
  };
}
