import { SecurityError } from '../../protocol/errors.js';
import { overLimit } from '../../protocol/over-limit.js';
import { isThenable } from '../../calls/thenable.js';
import { lookBeforeCut } from '../../calls/event-loop-look.js';

/** The text for a part of a handshake that takes too long. @param what the part */
export function tooLongText(what: string, timeoutMs: number): string {
  return `${what} took longer than handshakeTimeoutMs (${timeoutMs} ms)`;
}

/**
 * Waits for a guard or hook that decides about a connection. A guard that never answers must not hold a slot for ever, and a guard that
 * answers after the limit must not authorize the connection. A query of many database packages is a thenable and no promise.
 *
 * @param timeoutMs `handshakeTimeoutMs`; 0: no limit
 * @param what the guard or hook, for the error
 * @throws {SecurityError} when it takes longer
 */
export function endsInTime<T>(work: Promise<T> | T, timeoutMs: number, what: string): Promise<T> | T {
  if (!isThenable(work) || timeoutMs === 0) return work;
  return new Promise((resolve, reject) => {
    const late = (): void => {
      reject(overLimit('handshakeTimeoutMs', new SecurityError(tooLongText(what, timeoutMs))));
    };
    // the answer that the guard waits for may lie in the kernel
    const timer = setTimeout(() => lookBeforeCut(late), timeoutMs).unref();
    void Promise.resolve(work)
      .then(resolve, reject)
      .finally(() => clearTimeout(timer));
  });
}
