import { setTimeout as sleep } from 'node:timers/promises';
import { PyroController, PyroMethod } from 'nestjs-pyro';
import { type Example, SERVING } from '../example.js';
import { ServerConsole } from '../stage.js';

/** One thread runs all calls. While one call waits, calls of other connections go on, as with Python's threads. */
@PyroController({ name: 'example.servertypes', instanceMode: 'single' })
class Server {
  private completed = 0;

  constructor(private readonly console: ServerConsole) {}

  @PyroMethod()
  reset(): void {
    this.completed = 0;
  }

  @PyroMethod()
  getcount(): number {
    return this.completed;
  }

  @PyroMethod()
  getconfig(): Record<string, string> {
    return { SERVERTYPE: 'thread' };
  }

  @PyroMethod()
  async delay(): Promise<string> {
    this.console.log('delay begins');
    await this.onewaydelay();
    this.console.log('delay ends');
    return 'event loop';
  }

  @PyroMethod({ oneway: true })
  async onewaydelay(): Promise<void> {
    await sleep(1000);
    this.completed++;
  }
}

/** The client's threads print in any order, even within each other's lines. */
function sorted(output: string): string {
  const text = output.replaceAll(/(?<=processed by: )[^\]\n]+/g, 'A THREAD');
  const [before, after] = text.split('Waiting for threads to finish:') as [string, string];
  return [before, ...after.matchAll(/\[ thread [^\]]+\]/g), /Done\..*/.exec(after)]
    .join('\n')
    .replaceAll(/\d+(?= \(func\))/g, 'N');
}

/** Upstream's other server type, which runs the calls of all connections one after the other, does not exist here. */
export default {
  async serve(stage) {
    await stage.nest({ providers: [Server] });
  },
  original: [{ file: 'server.py', input: 't\n', ready: SERVING }],
  scripts: [{ file: 'client.py', normalize: sorted }],
  // first one after the other on one connection, then in parallel on several
  serverPrints: [/(?:delay begins\ndelay ends\n){5}delay begins\ndelay begins\n/],
} satisfies Example;
