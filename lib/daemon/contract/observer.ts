import type { CallContext } from './call-context.js';

/**
 * Follows the calls of a daemon, for traces, metrics and logs: `daemon.observe(observer)`. While nobody observes, the cost for a call is
 * the check of one field.
 *
 * An error that an observer throws is an `error` of the daemon and harms no call, except an error of {@link CallFollower.run}.
 */
export interface CallObserver {
  /**
   * A call begins, before the guards of its object are asked. Each entry of a batch is a call within the call of the batch. A request
   * that cannot be read is a call that begins and fails at once. Calls that fetch items of a stream, or close it, are left out: the
   * stream belongs to the call that returned it.
   *
   * @param batch for an entry of a batch: who follows the batch, as this observer has said
   * @returns who follows the call; undefined: nobody does
   */
  callStarted(call: ObservedCall, batch: CallFollower | undefined): CallFollower | undefined;
}

/** A call that begins. */
export interface ObservedCall extends CallContext {
  /** `<batch>` for a batch; both names are `<unknown>` when they cannot be read. */
  readonly method: string;
  /** Positional arguments of the call. */
  readonly args: readonly unknown[];
  /** False when the daemon has no such object, or the object no such member: then the client made a name up. */
  readonly isKnown: boolean;
}

/** Follows one call. */
export interface CallFollower {
  /** Runs the code of the call. Must call `body` at once, and return its result. For stores that hold in the call. */
  run?<T>(body: () => T): T;
  /**
   * The call has failed, or its client was told of a timeout; of a stream: an item could not be made. Called at most once.
   *
   * @param thrown as it was thrown
   * @param sent as the client sees it
   */
  failed(thrown: Error, sent: Error): void;
  /** The reply was sent, and the method has ended; of a call that returned a stream: the stream has ended. Called once. */
  ended(): void;
}
