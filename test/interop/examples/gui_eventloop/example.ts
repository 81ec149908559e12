import { setTimeout as sleep } from 'node:timers/promises';
import { expose } from 'nestjs-pyro/core';
import type { Example } from '../example.js';
import type { ServerConsole } from '../stage.js';

/** The calls and the window share Node's event loop, without threads or polling. */
@expose
class MessagePrinter {
  constructor(private readonly window: ServerConsole) {}

  message(text: string): void {
    this.window.log('from Pyro:', text);
  }

  /** The window stays responsive during the call. */
  async sleep(seconds: number): Promise<void> {
    this.window.log(`from Pyro: sleeping ${seconds} seconds...`);
    await sleep(seconds * 1000);
    this.window.log('from Pyro: woke up!');
  }
}

const lines = [
  'Hello there!',
  "How's it going?",
  ...Array.from({ length: 20 }, (_, number) => `Counting ${number}`),
  'now calling the sleep method with 5 seconds',
  'sleeping 5 seconds...',
  'woke up!',
];

/** Upstream's server needs a display; the test checks the texts that the window would show. */
export default {
  async serve(stage) {
    const daemon = await stage.daemon();
    return daemon.register(new MessagePrinter(stage.console), 'pyrogui.message');
  },
  serverPrints: [lines.map((line) => `from Pyro: ${line}\n`).join('')],
  scripts: [{ file: 'client.py', input: (uri) => `${uri}\n`, prints: ['done!'] }],
} satisfies Example;
