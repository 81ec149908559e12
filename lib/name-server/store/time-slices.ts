import { setImmediate as nextTurn } from 'node:timers/promises';

/** Time for which many names are worked on before others are served, and the time of one name more. */
const SLICE_MS = 5;

/** Work on many names, in slices between which other calls are served. */
export class TimeSlices {
  private endsAt = performance.now() + SLICE_MS;

  /** True when others must be served before the work goes on. */
  get isOver(): boolean {
    return performance.now() >= this.endsAt;
  }

  /** Serves others. */
  async next(): Promise<void> {
    await nextTurn();
    this.endsAt = performance.now() + SLICE_MS;
  }
}
