import { TimeoutError } from '../protocol/errors.js';
import { type TimeLimit, Watchdog } from './watchdog.js';

/** Called when a {@link Deadline} passes. */
export interface DeadlineWatcher {
  drop(error: Error): void;
}

/** The time limits of all calls of this process. */
const limitsOfCalls = new Watchdog();

/**
 * The deadline of one outgoing call: its timeout or its AbortSignal, whichever comes first.
 *
 * It can pass between {@link begin} and {@link end} only. At most one watcher waits for it at a time, see {@link watch}.
 */
export class Deadline implements TimeLimit {
  /** True when the request may have reached the peer. */
  sent = false;
  /**
   * Why the request is not sent: the failure of the last attempt to connect, or the question that the daemon has not answered. Undefined: all
   * connections are busy.
   */
  connectError: Error | undefined;
  endsAt: number;
  isLate = false;
  private error: Error | undefined;
  private watcher: DeadlineWatcher | undefined;

  /**
   * @param what the text by which the error names the call
   * @param timeoutMs 0: no limit
   */
  constructor(
    protected readonly what: string,
    readonly timeoutMs: number,
    private readonly signal: AbortSignal | undefined,
    private readonly limits: Watchdog = limitsOfCalls,
  ) {
    this.endsAt = timeoutMs > 0 ? performance.now() + timeoutMs : Infinity;
  }

  /** A TimeoutError or the signal's reason, once the deadline has passed. */
  get failure(): Error | undefined {
    return this.error;
  }

  /** Notes why an attempt to connect failed, while further attempts follow. */
  connectFailed(error: Error): void {
    this.connectError = error;
  }

  /** Begins the time of the deadline. It passes at once when its signal is aborted. {@link end} must follow. */
  begin(): void {
    const { signal } = this;
    if (this.timeoutMs > 0) this.limits.watch(this);
    if (signal === undefined) return;
    if (signal.aborted) this.handleEvent();
    else signal.addEventListener('abort', this);
  }

  /** Ends the time of the deadline: it cannot pass any more. */
  end(): void {
    if (this.timeoutMs > 0) this.limits.forget(this);
    this.watcher = undefined;
    this.signal?.removeEventListener('abort', this);
  }

  /** Tells `watcher` when the deadline passes, at once when it has passed. */
  watch(watcher: DeadlineWatcher): void {
    if (this.error === undefined) this.watcher = watcher;
    else watcher.drop(this.error);
  }

  unwatch(): void {
    this.watcher = undefined;
  }

  /** Called by the watchdog. */
  expire(): void {
    this.pass(this.timeoutError());
  }

  /** Called by the signal. */
  handleEvent(): void {
    this.pass(this.signal!.reason as Error);
  }

  protected timeoutError(): TimeoutError {
    const { sent, connectError } = this;
    const where = sent ? '' : `; it was not sent${connectError ? `: ${connectError.message}` : ', no connection was free'}`;
    const message = `${this.what} took longer than callTimeoutMs (${this.timeoutMs} ms)${where}`;
    return new TimeoutError(message, { sent, ...(connectError && { cause: connectError }) });
  }

  /** Ends the time of the deadline, with an error. */
  protected pass(error: Error): void {
    const { watcher } = this;
    this.end();
    this.error = error;
    watcher?.drop(error);
  }
}

/**
 * Waits for `work` for at most `timeoutMs`.
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
