/**
 * The late calls of one request: calls that go on after their answer. A batch may have several. The request ends after the last late call.
 */
export class LateCalls {
  /** The number of calls that go on. */
  count = 0;
  private readonly unread = new Set<() => boolean>();
  private end: (() => void) | undefined;
  private readonly waiting: (() => void)[] = [];

  /** @param reporter told what the function throws that ends the request */
  constructor(private readonly reporter: { error(error: unknown): void }) {}

  /**
   * @param ended resolves when the call has ended; never rejected
   * @param isUnread true when nobody reads what the call gives
   * @returns resolves when the call has ended, after the end of the request if that waits for the call; never rejected
   */
  add(ended: Promise<void>, isUnread: () => boolean): Promise<void> {
    this.count++;
    this.unread.add(isUnread);
    return ended.then(() => {
      this.count--;
      this.unread.delete(isUnread);
      if (this.count > 0) return;
      const { end } = this;
      this.end = undefined;
      try {
        end?.();
      } catch (error) {
        this.reporter.error(error);
      }
      for (const resolve of this.waiting.splice(0)) resolve();
    });
  }

  /** True when nobody reads what the calls give. In a batch, the entries share the signal. */
  get areUnread(): boolean {
    return [...this.unread].every((isUnread) => isUnread());
  }

  /** Resolves when all late calls have ended. */
  ended(): Promise<void> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  /** Calls `end` when all late calls have ended. Replaces the function that was given before. */
  whenEnded(end: () => void): void {
    this.end = end;
  }
}
