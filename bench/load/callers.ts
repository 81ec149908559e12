import type { Turn } from '../contest.js';
import { type Figures, Meter } from './meter.js';

/** Makes `count` calls at a time, and waits for their replies. */
export interface Caller {
  readonly calls: number;
  call(): Promise<unknown>;
}

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
    callers.map(async (caller) => {
      do {
        const begun = performance.now();
        await caller.call();
        meter.add(caller.calls, performance.now() - begun);
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
