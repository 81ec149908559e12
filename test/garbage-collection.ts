import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Collects garbage until `isDone`. An object may live on until the task ends that last used it, so each round is a task. */
export async function collectUntil(isDone: () => boolean | Promise<boolean>): Promise<void> {
  const until = Date.now() + 20_000;
  while (!(await isDone())) {
    if (Date.now() > until) throw new Error('the garbage collector has not brought it about within 20 s');
    await setImmediate();
    collect();
  }
}
