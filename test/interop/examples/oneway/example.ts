import { setTimeout as sleep } from 'node:timers/promises';
import { PyroController, PyroMethod } from 'nestjs-pyro';
import { type Example, SERVING } from '../example.js';

/** Goes on working after the oneway call; the next calls of the session find the object busy. */
@PyroController({ name: 'example.oneway', naming: 'snake_case' })
class Server {
  private busy = false;

  @PyroMethod({ oneway: true })
  async onewayStart(seconds: number): Promise<void> {
    this.busy = true;
    await sleep(seconds * 1000);
    this.busy = false;
  }

  @PyroMethod()
  ready(): boolean {
    return !this.busy;
  }

  @PyroMethod()
  result(): string {
    return 'The result :)';
  }

  @PyroMethod()
  nothing(): void {}

  @PyroMethod({ oneway: true })
  async onewayWork(): Promise<void> {
    await sleep(10_000, undefined, { ref: false });
  }
}

/** Counts after half a second. */
@PyroController({ name: 'example.oneway2', instanceMode: 'single', naming: 'snake_case' })
class Counter {
  private counter = 0;

  @PyroMethod({ oneway: true })
  incrementOneway(): Promise<void> {
    return this.increment();
  }

  @PyroMethod()
  async increment(): Promise<void> {
    await sleep(500);
    this.counter++;
  }

  @PyroMethod()
  getcount(): number {
    return this.counter;
  }
}

export default [
  {
    // the second script counts what half a second has made
    alone: 'timed',
    async serve(stage) {
      // the script ends during the last oneway call
      await stage.nest({ providers: [Server] }, { drainTimeoutMs: 100 });
    },
    original: [{ file: 'server.py', ready: SERVING }],
    // the number of its questions depends on the speed
    scripts: [{ file: 'client.py', normalize: (output) => output.replace(/(server done\?\nno, trying again\n)+/, '$1') }],
  },
  {
    async serve(stage) {
      await stage.nest({ providers: [Counter] });
    },
    original: [{ file: 'server2.py', ready: SERVING }],
    scripts: [{ file: 'client2.py' }],
  },
] satisfies Example[];
