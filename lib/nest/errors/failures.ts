import { safeText } from '../../protocol/texts/safe-text.js';

/**
 * Gets failures that no caller waits for: of lifecycle hooks, disposals and handshake guards.
 *
 * @param what the thing that failed, for the text of the error: "the disposal of Camera"
 */
export type OnFailure = (what: string, error: unknown) => void;

/** The error that the server emits for a failure. Its stack is the stack of the failure, if that has one. */
export function emittedFailure(what: string, error: unknown): Error {
  const failure = new Error(`${what} failed: ${safeText(error)}`, { cause: error });
  if (error instanceof Error && error.stack !== undefined) failure.stack = error.stack;
  return failure;
}
