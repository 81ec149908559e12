import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expose } from 'nestjs-pyro/core';
import type { Example } from '../example.js';

const run = promisify(execFile);

/** Gives what the program `fortune` says, where it is installed. */
@expose
class QuoteGenerator {
  async quote(): Promise<string> {
    try {
      return (await run('fortune')).stdout;
    } catch {
      return "This system cannot provide you a good fortune, install 'fortune'";
    }
  }
}

/** Two objects of one class, the first with an id that the daemon makes up. */
export default {
  async serve(stage) {
    const daemon = await stage.daemon();
    const uri = daemon.register(new QuoteGenerator());
    daemon.register(new QuoteGenerator(), 'example.quotegen');
    return uri;
  },
  original: [{ file: 'server.py', ready: /PYRO:example\.quotegen@\S+\n/ }],
  // whatever the quotes are, there are two
  scripts: [
    {
      file: 'client.py',
      input: (uri) => `${uri}\n`,
      prints: [/Getting some quotes\.\.\.\n.+\n/],
      normalize: (output) => output.replace(/(?<=quotes\.\.\.\n)[^]*fortune[^]*/, 'two quotes'),
    },
  ],
} satisfies Example;
