import { setTimeout as sleep } from 'node:timers/promises';
import { PyroController, PyroException, PyroMethod } from 'nestjs-pyro';
import type { Example } from '../example.js';
import { ServerConsole } from '../stage.js';

@PyroController('example.batched')
class Thingy {
  constructor(private readonly console: ServerConsole) {}

  @PyroMethod()
  multiply(a: number, b: number): number {
    return a * b;
  }

  @PyroMethod()
  add(a: number, b: number): number {
    return a + b;
  }

  /** Python's `//`. */
  @PyroMethod()
  divide(a: number, b: number): number {
    if (b === 0) throw new PyroException('builtins.ZeroDivisionError', ['integer division or modulo by zero']);
    return Math.floor(a / b);
  }

  @PyroMethod()
  async delay(seconds: number): Promise<number> {
    await sleep(seconds * 1_000);
    return seconds;
  }

  @PyroMethod()
  printmessage(message: string): number {
    this.console.log(message);
    return 0;
  }
}

/** 80,000 calls one by one, in a batch, and in a oneway batch; a batch that fails in its middle. */
export default {
  async serve(stage) {
    const server = await stage.nest({ providers: [Thingy] });
    return server.unwrap().uriFor('example.batched');
  },
  scripts: [
    {
      file: 'client.py',
      input: (uri) => `${uri}\n`,
      timeoutMs: 500_000,
      prints: [
        'Batched remote calls...',
        /batched calls were \d+\.\d times faster/,
        'executing batch, there will be no result values.',
        /oneway batched calls were \d+\.\d times faster/,
        '100//3 = 33\n100//2 = 50\n100//1 = 100\nA divide by zero error occurred during the batch! (expected)',
        'ZeroDivisionError',
      ],
      tracebacks: true,
    },
  ],
  serverPrints: [
    'beginning normal calls\nend of normal calls\nbeginning batch #1\nend of batch #1\nbeginning batch #2\nend of batch #2\n',
  ],
} satisfies Example;
