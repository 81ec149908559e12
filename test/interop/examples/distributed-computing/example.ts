import type { Example, Script } from '../example.js';
import { classes, DispatcherQueue } from './dispatcher.js';

const worker: Script = { file: 'worker.py', ready: 'getting work from dispatcher.' };

/** The dispatcher between upstream's client and two workers. It queues and forwards objects of a class that only they know. */
export default {
  async serve(stage) {
    await stage.nest({ providers: [DispatcherQueue] }, { classes });
  },
  scripts: [worker, worker, { file: 'client.py', prints: ['getting results', 'Computed Prime Factorials follow:'] }],
  judge([, , client]) {
    const results = [...client!.matchAll(/^(\d+) --> \[(.*)\]$/gm)];
    // two items may have the same number by chance
    if (results.length < 39) throw new Error(`${results.length} results\n${client}`);
    for (const [line, number, factors] of results) {
      const product = factors!.split(', ').reduce((so, factor) => so * Number(factor), 1);
      if (product !== Number(number)) throw new Error(line);
    }
  },
} satisfies Example;
