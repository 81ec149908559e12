import { createInterface } from 'node:readline';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Answers each line of the standard input with the memory of this process, garbage collected before: `memory 1: {…}`. */
export function reportMemory(): void {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  let reports = 0;
  createInterface(process.stdin).on('line', () => {
    // finalizers of the first collection free more
    collectGarbage();
    collectGarbage();
    const { heapUsed, rss } = process.memoryUsage();
    console.log(`memory ${++reports}: ${JSON.stringify({ heapUsed, rss })}`);
  });
}
