import { setImmediate as nextTurn } from 'node:timers/promises';

/** Time for which many names are worked on before others are served, and the time of one name more. */
export const SLICE_MS = 5;

/** Work on many names, in slices between which other calls are served. */
export class TimeSlices {
  private endsAt: number;

  /** @param sliceMs length of a slice; 0: others are served between any two steps */
  constructor(private readonly sliceMs = SLICE_MS) {
    this.endsAt = performance.now() + sliceMs;
  }

  /** True when others must be served before the work goes on. */
  get isOver(): boolean {
    return performance.now() >= this.endsAt;
  }

  /** Serves others. */
  async next(): Promise<void> {
    await nextTurn();
    this.endsAt = performance.now() + this.sliceMs;
  }
}
