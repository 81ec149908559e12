import { isThenable } from '../calls/thenable.js';

/** Gets the error of code that nobody waits for. */
export type FailureReport = (error: unknown) => void;

/** Runs code of the application that nobody waits for: a hook, a listener, a log. Its error, sync or async, is reported. */
export function runUnawaited(work: () => unknown, report: FailureReport): void {
  try {
    reportRejection(work(), report);
  } catch (error) {
    report(error);
  }
}

/**
 * Reports the rejection of a promise that code of the application returned, and that nobody waits for. Unhandled, the rejection would end
 * the process.
 *
 * @param returned any value; nothing is done with a value that is no promise
 */
export function reportRejection(returned: unknown, report: FailureReport): void {
  if (isThenable(returned)) Promise.resolve(returned).catch(report);
}
