import type { Turn } from '../contest.js';
import { type Figures, Meter } from './meter.js';

/** Makes a call, or several, and waits for the replies. @returns how many */
export type Caller = () => Promise<number>;

/**
 * Lets each caller call again and again.
 *
 * @param pid the process under test
 * @throws the error of a caller
 */
export async function measureCallers(pid: number, callers: readonly Caller[], { warmUpMs, ms }: Turn): Promise<Figures> {
  const meter = new Meter(pid);
  const end = new AbortController();
  const work = Promise.all(
    callers.map(async (call) => {
      do {
        const begun = performance.now();
        meter.add(await call(), performance.now() - begun);
      } while (!end.signal.aborted);
    }),
  );
  const pause = (duration: number): Promise<unknown> =>
    Promise.race([new Promise((resolve) => setTimeout(resolve, duration)), work]);
  await pause(warmUpMs);
  meter.start();
  do await pause(ms);
  while (meter.isEmpty);
  const figures = meter.stop();
  end.abort();
  await work;
  return figures;
}
