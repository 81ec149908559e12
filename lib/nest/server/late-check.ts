/** Time after which the applications of a process are taken to have started. */
const SETTLE_MS = 5_000;

/**
 * A check of a mistake that shows only when something does not happen for some seconds. Keeps no process alive.
 */
export class LateCheck {
  private timer: NodeJS.Timeout | undefined;

  /** Runs `check` in 5 seconds, in place of the check that waits. */
  schedule(check: () => void): void {
    this.cancel();
    this.timer = setTimeout(check, SETTLE_MS).unref();
  }

  cancel(): void {
    clearTimeout(this.timer);
  }
}
