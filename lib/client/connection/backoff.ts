import { setTimeout as sleep } from 'node:timers/promises';

/** The options for the pauses between attempts. */
export interface BackoffOptions {
  retryDelayMs: number;
  maxRetryDelayMs: number;
}

/**
 * Waits before the next attempt. The timer keeps the process alive, since nothing else does while there is no connection.
 *
 * @param attempt number of attempts that have failed
 * @throws the reason of `signal` when the signal is aborted
 */
export async function backOff(
  attempt: number,
  { retryDelayMs, maxRetryDelayMs }: BackoffOptions,
  signal: AbortSignal,
): Promise<void> {
  const delayMs = Math.min(maxRetryDelayMs, retryDelayMs * 2 ** (attempt - 1));
  // random, so that not all clients of a restarted daemon connect at the same time
  const jittered = delayMs * (1 - Math.random() / 2);
  try {
    await sleep(jittered, undefined, { signal });
  } catch {
    throw signal.reason;
  }
}
