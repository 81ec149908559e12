import type { CallContext } from './call-context.js';

/**
 * Follows the calls of a daemon, for traces, metrics and logs: `daemon.observe(observer)`. While nobody observes, the cost for a call is
 * the check of one field.
 *
 * An error that an observer throws is an `error` of the daemon and harms no call, except an error of {@link CallFollower.run}. So is the
 * rejection of a promise that an observer returns. Nobody waits for the promise.
 */
export interface CallObserver {
  /**
   * A call begins, before the guards of its object are asked. Each entry of a batch is a call within the call of the batch. A request
   * that cannot be read is a call that begins and fails at once. Calls that fetch items of a stream, or close it, are left out: the
   * stream belongs to the call that returned it.
   *
   * @param batch for an entry of a batch: who follows the batch, as this observer has said
   * @returns who follows the call, at once; undefined: nobody does
   */
  callStarted(call: ObservedCall, batch: CallFollower | undefined): CallFollower | undefined;
}

/** A call that begins. */
export interface ObservedCall extends CallContext {
  /** `<batch>` for a batch; both names are `<unknown>` when they cannot be read. */
  readonly method: string;
  /** Positional arguments of the call. */
  readonly args: readonly unknown[];
  /** `performance.now()` when the call began. `callTimeoutMs` counts from here. */
  readonly startedAt: number;
  /** Identifies the principal, if the handshake guard has given a key. As the principal, known once the guards of the object were asked. */
  readonly principalKey: string | undefined;
  /** False when the daemon has no such object, or the object no such member: then the client made a name up. */
  readonly isKnown: boolean;
  /**
   * Makes the id of a trace the correlation id of the request, of its log lines, and of the calls that it makes, if its client has sent no
   * correlation id. For `callStarted`.
   *
   * @param traceId 32 hex digits
   */
  takeTraceId(traceId: string): void;
}

/** Follows one call. */
export interface CallFollower {
  /** Runs the code of the call. Must call `body` at once, and return its result. For stores that hold in the call. */
  run?<T>(body: () => T): T;
  /**
   * The call has failed, or its client was told of a timeout; of a stream: an item could not be made; of a batch: an entry has failed.
   * Called at most once.
   *
   * @param thrown as it was thrown
   * @param sent as the client sees it
   */
  failed(thrown: Error, sent: Error): void;
  /** The call has returned a stream, and the reply that says so was sent. The stream itself ends with {@link ended}. Called at most once. */
  streamOpened?(): void;
  /**
   * The method has ended, and the reply was sent; of a call that returned a stream: the stream has ended. A call over `callTimeoutMs` ends
   * when its client was told of the timeout, although its method may run for ever. Called once.
   *
   * @param isRunning true when the method goes on after a timeout, or after an interceptor has given it up
   */
  ended(isRunning: boolean): void;
}
