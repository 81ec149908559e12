import type { RequestRefusal } from '../contract/request-refusal.js';

/** Limits how many pieces of work run at the same time. */
export class ConcurrencyLimit {
  private taken = 0;

  /** @param refusal makes the error for work that finds no slot */
  constructor(
    private readonly most: number,
    private readonly refusal: () => RequestRefusal,
  ) {}

  /** Holds a slot until the work has ended. @throws {RequestRefusal} when no slot is free */
  async use<T>(work: () => Promise<T>): Promise<T> {
    if (this.taken >= this.most) throw this.refusal();
    this.taken += 1;
    try {
      return await work();
    } finally {
      this.taken -= 1;
    }
  }
}
