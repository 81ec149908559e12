import { once } from 'node:events';
import { EXIT_CODES } from './exit-codes.js';

/** Waits for Ctrl-C, or for the signal by which a supervisor ends a program. */
export async function untilEnded(): Promise<void> {
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
}

/** Does work that Ctrl-C ends. @param work gets the signal to end @throws the error of work that was not ended */
export async function untilInterrupted(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const end = new AbortController();
  const onSignal = (): void => end.abort();
  process.once('SIGINT', onSignal);
  try {
    await work(end.signal);
  } catch (error) {
    if (!end.signal.aborted) throw error;
    process.exitCode = EXIT_CODES.interrupted.code;
  } finally {
    process.off('SIGINT', onSignal);
  }
}
