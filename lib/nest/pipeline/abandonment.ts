import { onAbort } from '../../daemon/call/call.js';
import { limitOf } from '../../protocol/over-limit.js';
import type { CallRecord } from './call-record.js';

/**
 * Stops reading the Observable of a call that nobody waits for any more: the client has gone, or the call took longer than `callTimeoutMs`.
 * An Observable of an interceptor or a filter may never complete, and its call would count as running for ever.
 *
 * Guards, pipes and the method, which `next.handle()` runs, cannot be stopped. While one of them runs the call counts as running. When the client
 * has gone, interceptors still get the result of the method. After `callTimeoutMs` they get nothing more.
 */
export class Abandonment {
  /** True once the Observable is read no more. */
  isBegun = false;
  private isOver = false;
  private readonly stopWatching: () => void;

  /**
   * @param stop unsubscribes from the Observable
   * @param end called after `stop`, when no part of the call runs any more, with the reason
   */
  constructor(
    private readonly record: CallRecord,
    private readonly stop: () => void,
    private readonly end: (reason: Error) => void,
  ) {
    this.stopWatching = onAbort(record.call, (reason) => this.begin(reason));
  }

  /** The Observable has ended by itself. */
  cancel(): void {
    this.isOver = true;
    this.stopWatching();
  }

  private begin(reason: Error): void {
    if (limitOf(reason) === 'callTimeoutMs') this.stopNow(reason);
    else this.stopWhenIdle(reason);
  }

  private stopWhenIdle(reason: Error): void {
    if (this.isOver) return;
    if (!this.record.isRunning) return this.stopNow(reason);
    this.record.whenIdle(() => {
      // an Observable of the method might run for ever, and is not subscribed to yet
      if (this.record.hasReturnedObservable) this.stopNow(reason);
      else setImmediate(() => this.stopWhenIdle(reason));
    });
  }

  private stopNow(reason: Error): void {
    if (this.isOver) return;
    this.isBegun = true;
    this.cancel();
    this.stop();
    this.record.whenIdle(() => this.end(reason));
  }
}
