/** The result of one step of an examination. */
export interface Finding {
  /** The step: a word or two. */
  readonly step: string;
  readonly state: 'ok' | 'warning' | 'failed';
  /** The result in words. */
  readonly found: string;
  /** Advice for a step that failed or may be wrong. */
  readonly remedy?: string;
}

/** Gives the findings in order. One of them is `failed` when the object, or one of several, cannot be reached. */
export type Examination = AsyncGenerator<Finding, void>;

/** A successful step. */
export function ok(step: string, found: string): Finding {
  return { step, state: 'ok', found };
}

/** A successful step after which something may still be wrong. */
export function warning(step: string, found: string, remedy: string): Finding {
  return { step, state: 'warning', found, remedy };
}

/** A step that failed. No further step examines the same object. */
export function failed(step: string, found: string, remedy: string): Finding & { readonly remedy: string } {
  return { step, state: 'failed', found, remedy };
}
