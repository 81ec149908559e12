import { warnIfItFails } from '../../reports/warning.js';

/** Time after which all applications of a process should have started. */
const SETTLE_MS = 5_000;

/**
 * A check that runs some seconds later: the mistake shows only when something has not happened by then. The timer does not keep the process
 * alive.
 */
export class LateCheck {
  private timer: NodeJS.Timeout | undefined;

  /** Runs `check` in 5 seconds, in place of the check that waits. */
  schedule(check: () => void): void {
    this.cancel();
    this.timer = setTimeout(() => warnIfItFails(check), SETTLE_MS).unref();
  }

  cancel(): void {
    clearTimeout(this.timer);
  }
}
