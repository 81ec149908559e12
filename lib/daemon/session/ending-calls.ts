/**
 * The sessions whose running calls wait for the end of the daemon. The daemon cannot wait for these calls, since each would wait for the
 * other. Two clients may call such a method at the same time, so the calls must not wait for each other either.
 */
export class EndingCalls {
  private readonly sessions = new WeakSet<object>();
  private readonly waiting = new Set<{ readonly session: object; readonly skip: () => void }>();

  has(session: object): boolean {
    return this.sessions.has(session);
  }

  /** From now on nobody waits for the calls of the session. */
  add(session: object): void {
    this.sessions.add(session);
    for (const wait of this.waiting) if (wait.session === session) wait.skip();
  }

  /** Waits for `drained`. @returns true as soon as a call of the session waits for the end of the daemon, else what `drained` gives */
  async unlessEnding(session: object, drained: Promise<boolean>): Promise<boolean> {
    if (this.has(session)) return true;
    let wait: { readonly session: object; readonly skip: () => void } | undefined;
    const skipped = new Promise<boolean>((resolve) => this.waiting.add((wait = { session, skip: () => resolve(true) })));
    try {
      return await Promise.race([drained, skipped]);
    } finally {
      this.waiting.delete(wait!);
    }
  }
}
