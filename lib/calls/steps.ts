import { isThenable } from './thenable.js';
import type { LaterTurns } from '../protocol/later-turns.js';
import { captureContext, type RunInContext } from './async-context.js';

/**
 * An async function as a generator: `yield` works like `await`, but takes no turn of the event loop for a value that is no promise.
 * `yield LATER_TURN` goes on in a later turn of the event loop.
 */
export type Steps<T> = Generator<unknown, T, unknown>;

/** Yielded by steps that have used up their turn. */
export const LATER_TURN = Symbol('later turn');

type Step<T> = IteratorResult<unknown, T>;

/**
 * Runs steps: synchronously up to the first promise, then like an async function.
 *
 * With ten promises between request and reply, a small call took twice the time (AsyncLocalStorage, Node 20).
 *
 * @param turns in which the steps go on after {@link LATER_TURN}. They run inside of the turn, so the turn knows how long they take
 * @returns a promise only when the steps yield a promise or {@link LATER_TURN}
 */
export function runSteps<T>(steps: Steps<T>, turns: LaterTurns): T | Promise<T> {
  const step = runOn(steps, steps.next());
  return step.done ? step.value : new WaitingSteps(steps, turns).waitFor(step.value);
}

/** Steps that have to wait. They go on in the async context in which they began. */
class WaitingSteps<T> {
  private readonly inContext: RunInContext = captureContext();
  private readonly ended: Promise<T>;
  private resolve!: (value: T) => void;
  private reject!: (error: unknown) => void;

  constructor(
    private readonly steps: Steps<T>,
    private readonly turns: LaterTurns,
  ) {
    this.ended = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  /** @returns a promise of the end of the steps */
  waitFor(pending: unknown): Promise<T> {
    if (pending === LATER_TURN) {
      this.turns.delay(this);
    } else {
      new Promise((resolve) => resolve(pending)).then(
        (value) => this.goOn(() => this.steps.next(value)),
        (error: unknown) => this.goOn(() => this.steps.throw(error)),
      );
    }
    return this.ended;
  }

  takeTurn(): void {
    this.inContext(() => this.goOn(() => this.steps.next()));
  }

  turnFailed(error: unknown): void {
    this.reject(error);
  }

  private goOn(next: () => Step<T>): void {
    try {
      const step = runOn(this.steps, next());
      if (step.done) this.resolve(step.value);
      else void this.waitFor(step.value);
    } catch (error) {
      this.reject(error);
    }
  }
}

/** Runs the steps up to the end, or to a value that they wait for. */
function runOn<T>(steps: Steps<T>, step: Step<T>): Step<T> {
  while (!step.done && step.value !== LATER_TURN && !isThenable(step.value)) step = steps.next(step.value);
  return step;
}
