import { once } from 'node:events';
import { EXIT_CODES } from './exit-codes.js';

/** Waits for Ctrl-C, or for the signal by which a supervisor ends a program. */
export async function untilEnded(): Promise<void> {
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
}

/** As {@link untilEnded}; also ends when the output cannot be written, so that nobody learns what the program has to say. */
export async function untilEndedOrUnread(): Promise<void> {
  const unread = new Promise<void>((resolve) => process.stdout.once('error', () => resolve()));
  await Promise.race([untilEnded(), unread]);
}

/**
 * Does work that Ctrl-C ends, and so does the end of the program that reads the output (`| head`).
 *
 * @param work gets the signal to end
 * @throws the error of work that was not ended
 */
export async function untilInterrupted(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const end = new AbortController();
  const onSignal = (): void => {
    process.exitCode = EXIT_CODES.interrupted.code;
    end.abort();
  };
  const onOutputFailed = (): void => end.abort();
  process.once('SIGINT', onSignal);
  process.stdout.once('error', onOutputFailed);
  try {
    await work(end.signal);
  } catch (error) {
    if (!end.signal.aborted) throw error;
  } finally {
    process.off('SIGINT', onSignal);
    process.stdout.off('error', onOutputFailed);
  }
}
