/** The parts of the calls of one request that go on behind their answers. The request ends behind the last of them. */
export class UnfinishedParts {
  /** The number of parts that go on. */
  running = 0;
  private readonly givenUp = new Set<() => boolean>();
  private end: (() => void) | undefined;
  private readonly waiting: (() => void)[] = [];

  /**
   * @param part never rejected
   * @param isGivenUp true when nobody reads what the part gives
   * @returns resolves when the part has ended, behind the end of the request if that waits for it
   */
  add(part: Promise<void>, isGivenUp: () => boolean): Promise<void> {
    this.running++;
    this.givenUp.add(isGivenUp);
    return part.then(() => {
      this.running--;
      this.givenUp.delete(isGivenUp);
      if (this.running > 0) return;
      const { end } = this;
      this.end = undefined;
      end?.();
      for (const resolve of this.waiting.splice(0)) resolve();
    });
  }

  /** True when nobody reads what the parts give that go on. */
  get areGivenUp(): boolean {
    return [...this.givenUp].every((isGivenUp) => isGivenUp());
  }

  /** Resolves when no part runs any more. */
  ended(): Promise<void> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  /** Calls `end` when no part runs any more. Replaces the function that was given before. */
  whenEnded(end: () => void): void {
    this.end = end;
  }
}
