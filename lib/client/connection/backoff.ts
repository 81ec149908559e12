import { setTimeout as sleep } from 'node:timers/promises';

/** How long is waited between attempts. */
export interface Backoff {
  retryDelayMs: number;
  maxRetryDelayMs: number;
}

/**
 * Waits before another attempt. Its timer keeps the process alive: nothing else does while there is no connection.
 *
 * @param attempt how many have failed
 * @throws the reason of `signal` when it is aborted
 */
export async function backOff(attempt: number, { retryDelayMs, maxRetryDelayMs }: Backoff, signal: AbortSignal): Promise<void> {
  const delayMs = Math.min(maxRetryDelayMs, retryDelayMs * 2 ** (attempt - 1));
  // random, so that the clients of a daemon that comes back do not all knock at once
  const jittered = delayMs * (1 - Math.random() / 2);
  try {
    await sleep(jittered, undefined, { signal });
  } catch {
    throw signal.reason;
  }
}
