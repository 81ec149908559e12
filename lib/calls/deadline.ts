import { TimeoutError } from '../protocol/errors.js';

/**
 * The deadline of one outgoing call: its timeout or its AbortSignal, whichever comes first.
 *
 * At most one watcher waits for the deadline at a time, see {@link watch}.
 */
export class Deadline {
  /** True when the request may have reached the peer. */
  sent = false;
  private timer: NodeJS.Timeout | undefined;
  private error: Error | undefined;
  private watcher: ((error: Error) => void) | undefined;

  /**
   * @param what the call, as the error names it
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

  /** A TimeoutError or the signal's reason, once the deadline has passed. */
  get failure(): Error | undefined {
    return this.error;
  }

  /** Calls `watcher` when the deadline passes, at once when it has passed. */
  watch(watcher: (error: Error) => void): void {
    if (this.error === undefined) this.watcher = watcher;
    else watcher(this.error);
  }

  unwatch(): void {
    this.watcher = undefined;
  }

  /** Call this when the call has ended. The deadline stops its timer and cannot pass any more. */
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

/**
 * Waits for `work` at most so long.
 *
 * @returns true when `work` has ended in time
 * @throws the error of `work` when it fails in time
 */
export async function endsWithin(work: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => (timer = setTimeout(resolve, timeoutMs, false)));
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
