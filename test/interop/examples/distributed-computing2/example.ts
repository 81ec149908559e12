import type { Example } from '../example.js';
import { Dispatcher, WordCounter } from './word-counters.js';

/** Words that are as frequent as the fifth. The order of the counters' answers decides which of them is printed. */
function settled(output: string): string {
  return output.replaceAll(/(?: +\w+ \(\d+\)\n){5}/g, (words) => {
    const least = /\((\d+)\)\n$/.exec(words)![1];
    return words.replaceAll(new RegExp(`\\w+ (?=\\(${least}\\))`, 'g'), 'ANY ');
  });
}

/** Five counters, and a dispatcher that is a client of all of them at once. */
export default {
  async serve(stage) {
    const daemon = await stage.daemon();
    for (const number of [1, 2, 3, 4, 5]) {
      await stage.register(`example.dc2.wordcount.${number}`, daemon.register(new WordCounter()));
    }
    await stage.register('example.dc2.dispatcher', daemon.register(new Dispatcher(stage.nameServer)));
  },
  original: [{ file: 'servers.py', ready: 'Spinning up 5 word counters' }],
  scripts: [
    {
      file: 'client.py',
      prints: [/Top five words:\n.*\(\d+\)/, 'multiple parallel counters...', /Top five words:\n.*\(\d+\)/],
      normalize: (output) => settled(output.replaceAll(/Time taken: .*/g, '')),
    },
  ],
} satisfies Example;
