/** Longest step from one look at the clock to the next one. It is longer than the pause between two looks of a store. */
const MAX_STEP_MS = 1_500;

/**
 * The clock of the leases in memory, in milliseconds. It stands still while this process stands still, but for a second and a half: no
 * lease ends because nobody could renew it here. It does not follow the calendar.
 */
export class LeaseClock {
  private time = 0;
  private lookedAt = performance.now();

  now(): number {
    const now = performance.now();
    this.time += stepOf(now - this.lookedAt);
    this.lookedAt = now;
    return this.time;
  }
}

/** The part of a pause between two looks at a clock that leases count. */
export function stepOf(pauseMs: number): number {
  return Math.min(pauseMs, MAX_STEP_MS);
}
