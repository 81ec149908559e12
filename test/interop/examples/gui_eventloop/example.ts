import { setTimeout as sleep } from 'node:timers/promises';
import { expose } from 'nestjs-pyro/core';
import type { Example } from '../example.js';
import type { ServerConsole } from '../stage.js';

/** Calls and window share Node's event loop: neither threads nor polling are needed. */
@expose
class MessagePrinter {
  constructor(private readonly window: ServerConsole) {}

  message(text: string): void {
    this.window.log('from Pyro:', text);
  }

  /** The window lives on meanwhile. */
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

/** Upstream's server wants a display; what its window would show is looked at here. */
export default {
  async serve(stage) {
    const daemon = await stage.daemon();
    return daemon.register(new MessagePrinter(stage.console), 'pyrogui.message');
  },
  serverPrints: [lines.map((line) => `from Pyro: ${line}\n`).join('')],
  scripts: [{ file: 'client.py', input: (uri) => `${uri}\n`, prints: ['done!'] }],
} satisfies Example;
