import { SecurityError } from '../../protocol/errors.js';
import { overLimit } from '../../protocol/over-limit.js';
import { lookBeforeCut } from '../../transport/event-loop-look.js';

/**
 * Waits for a guard or hook that decides about a connection. A guard that never answers must not hold a slot for ever, and a guard that
 * answers after the limit must not authorize the connection.
 *
 * @param timeoutMs `handshakeTimeoutMs`; 0: no limit
 * @param what the guard or hook, for the error
 * @throws {SecurityError} when it takes longer
 */
export function endsInTime<T>(work: Promise<T> | T, timeoutMs: number, what: string): Promise<T> | T {
  if (!(work instanceof Promise) || timeoutMs === 0) return work;
  return new Promise((resolve, reject) => {
    const late = (): void => {
      const text = `${what} took longer than handshakeTimeoutMs (${timeoutMs} ms)`;
      reject(overLimit('handshakeTimeoutMs', new SecurityError(text)));
    };
    // the answer that the guard waits for may lie in the kernel
    const timer = setTimeout(() => lookBeforeCut(late), timeoutMs).unref();
    void work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
