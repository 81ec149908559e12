import type { PyroTarget } from './target.js';

/** A request that is served. */
export interface RunningRequest {
  /** UUID in its usual text form. */
  readonly correlationId: string;
  /** The called object. Undefined before it is looked up. */
  readonly target: PyroTarget | undefined;
  /** Runs `hook` when the method has ended, and so has its stream, if it returned one. At once, if they have ended already. */
  onEnd(hook: () => void): void;
}
