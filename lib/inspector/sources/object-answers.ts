/** Most objects that one snapshot asks about for the first time, and most that it asks about again. */
const MAX_NEW = 100;
const MAX_AGAIN = 10;
/** Most answers that are kept: pages may look for different objects of a daemon with many. */
const MAX_KEPT = 1_000;
/** A snapshot that has waited so long for answers leaves the other objects to the next one. */
const MAX_WAIT_MS = 1_000;

interface KeptAnswer<T> {
  readonly answer: T | undefined;
  /** `performance.now()` when the answer came. */
  askedAt: number;
  /** False: the daemon refused, and would refuse again. */
  mayChange: boolean;
}

/**
 * The answers of a daemon to one question about each of its objects. A question is asked again after some time: another object with
 * other members may have been registered under the same id. A question that the daemon refuses to answer is not asked again over the
 * same connection: each refusal is a failure in the log of the daemon.
 */
export class ObjectAnswers<T> {
  /** The oldest answer first. */
  private readonly kept = new Map<string, KeptAnswer<T>>();

  /**
   * @param ask gives undefined when the daemon refuses; must not fail for an object that has gone
   * @param keptMs time after which a question is asked again
   */
  constructor(
    private readonly ask: (objectId: string) => Promise<T | undefined>,
    private readonly keptMs: number,
  ) {}

  /** The latest answer; undefined when the daemon refused, and when the question was not asked yet. */
  of(objectId: string): T | undefined {
    return this.kept.get(objectId)?.answer;
  }

  /**
   * Asks about objects that are new, and about some whose answers are old.
   *
   * @param isGone tells of an object that is not in the list whether it is forgotten
   * @throws the error of `ask`
   */
  async renew(objectIds: readonly string[], isGone: (objectId: string) => boolean): Promise<void> {
    const listed = new Set(objectIds);
    for (const id of this.kept.keys()) if (!listed.has(id) && (isGone(id) || this.kept.size > MAX_KEPT)) this.kept.delete(id);
    const oldest = performance.now() - this.keptMs;
    const old = [...this.kept].filter(([, { mayChange, askedAt }]) => mayChange && askedAt <= oldest).map(([id]) => id);
    await this.askEach(objectIds.filter((id) => !this.kept.has(id)).slice(0, MAX_NEW));
    await this.askEach(old.slice(0, MAX_AGAIN));
  }

  /** Called after a new connection: makes all answers old. Refusals keep their age, because a refusal may have ended the connection. */
  expire(): void {
    for (const kept of this.kept.values()) {
      kept.mayChange = true;
      if (kept.answer !== undefined) kept.askedAt = -Infinity;
    }
  }

  forget(objectId: string): void {
    this.kept.delete(objectId);
  }

  private async askEach(objectIds: readonly string[]): Promise<void> {
    const begun = performance.now();
    for (const id of objectIds) {
      const answer = await this.ask(id);
      // the last one is the newest
      this.kept.delete(id);
      this.kept.set(id, { answer, askedAt: performance.now(), mayChange: answer !== undefined });
      if (performance.now() - begun > MAX_WAIT_MS) return;
    }
  }
}
