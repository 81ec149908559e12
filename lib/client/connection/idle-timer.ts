import { outsideOfCalls } from '../../calls/async-context.js';

/** A timer that a pool has for its connections: it ends when no connection was used for some time. */
export class IdleTimer {
  private timer: NodeJS.Timeout | undefined;

  /**
   * @param timeoutMs 0: the timer never ends
   * @param onIdle called at the end; the timer starts again with the next use
   */
  constructor(
    private readonly timeoutMs: number,
    private readonly onIdle: () => void,
  ) {}

  /** A connection was used: the time begins anew. */
  used(): void {
    if (this.timeoutMs === 0) return;
    this.timer ??= outsideOfCalls(() => setTimeout(this.onIdle, this.timeoutMs).unref());
    this.timer.refresh();
  }

  /** There is no connection any more. */
  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}
