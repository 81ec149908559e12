import { TimeoutError } from '../protocol/errors.js';

/**
 * The end that one call has at the latest: its timeout or its AbortSignal, whichever comes first.
 *
 * Who waits on the call's behalf {@link watch}es; there is one at a time.
 */
export class Deadline {
  /** Whether the request may have reached the peer. */
  sent = false;
  private timer: NodeJS.Timeout | undefined;
  private error: Error | undefined;
  private watcher: ((error: Error) => void) | undefined;

  /**
   * @param what is waited for, for the error
   * @param timeoutMs 0: no limit
   */
  constructor(
    private readonly what: string,
    private readonly timeoutMs: number,
    private readonly signal: AbortSignal | undefined,
  ) {
    if (timeoutMs > 0) {
      this.timer = setTimeout(() => this.expire(this.timeoutError()), timeoutMs);
      this.timer.unref();
    }
    if (signal?.aborted) this.expire(signal.reason as Error);
    else signal?.addEventListener('abort', this.onAbort);
  }

  /** Why it is over: a TimeoutError, or the signal's reason. */
  get failure(): Error | undefined {
    return this.error;
  }

  /** Calls `watcher` when the end comes, at once when it has come. */
  watch(watcher: (error: Error) => void): void {
    if (this.error === undefined) this.watcher = watcher;
    else watcher(this.error);
  }

  unwatch(): void {
    this.watcher = undefined;
  }

  /** The call has ended by itself. */
  end(): void {
    clearTimeout(this.timer);
    this.watcher = undefined;
    this.signal?.removeEventListener('abort', this.onAbort);
  }

  private readonly onAbort = (): void => this.expire(this.signal!.reason as Error);

  private expire(error: Error): void {
    const { watcher } = this;
    this.end();
    this.error = error;
    watcher?.(error);
  }

  private timeoutError(): TimeoutError {
    const where = this.sent ? '' : '; it was not sent, no connection was free';
    return new TimeoutError(`${this.what} took longer than callTimeoutMs (${this.timeoutMs} ms)${where}`, { sent: this.sent });
  }
}
