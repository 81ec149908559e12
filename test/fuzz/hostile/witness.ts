import { PyroProxy } from '../../../lib/core.js';
import { OBJECT } from './fuzzed-server.js';

interface EchoObject {
  echo(value: unknown): Promise<unknown>;
}

/** A client that behaves well, and calls all the time. What others do must not change its answers. */
export class Witness {
  calls = 0;
  slowestMs = 0;
  private stopped = false;
  private readonly running: Promise<void>;

  constructor(private readonly location: string) {
    this.running = this.run();
    // `stop` throws the error
    this.running.catch(() => undefined);
  }

  /** @throws {Error} when one of its calls failed or had a wrong answer */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.running;
  }

  private async run(): Promise<void> {
    await using proxy = await PyroProxy.connect<EchoObject>(`PYRO:${OBJECT}@${this.location}`, { maxRetries: 0 });
    while (!this.stopped) {
      const asked = `call ${this.calls}`;
      const begun = performance.now();
      const answer = await proxy.echo(asked);
      if (answer !== asked) throw new Error(`the witness asked for ${asked} and got ${String(answer)}`);
      this.slowestMs = Math.max(this.slowestMs, performance.now() - begun);
      this.calls++;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
