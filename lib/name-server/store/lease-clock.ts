/** The part of a pause that leases count, at most. It is longer than the pauses between two looks of a store at its leases. */
export const MAX_STEP_MS = 1_500;

/**
 * The part of a pause between two looks that leases count. A process that stood still for longer could not hear the owners meanwhile: no
 * lease ends because of that.
 */
export function countedMs(pauseMs: number): number {
  return Math.min(pauseMs, MAX_STEP_MS);
}

/** The clock of leases in memory, in milliseconds. It does not follow the calendar. */
export class LeaseClock {
  private time = 0;
  private lookedAt = performance.now();

  now(): number {
    const now = performance.now();
    this.time += countedMs(now - this.lookedAt);
    this.lookedAt = now;
    return this.time;
  }
}
