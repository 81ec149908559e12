import { expose, type PyroDaemon, PyroProxy, type RemoteObject } from 'nestjs-pyro/core';
import type { Example } from '../example.js';
import type { ServerConsole } from '../stage.js';

interface Link {
  process(message: string[]): string[];
}

/** Passes messages to the next link, until one has come full circle. */
@expose
class Chain {
  private next: RemoteObject<Link> | undefined;

  constructor(
    private readonly name: string,
    private readonly nextName: string,
    private readonly nameServer: { host: string; port: number },
    private readonly console: ServerConsole,
  ) {}

  async process(message: string[]): Promise<string[]> {
    if (message.includes(this.name)) {
      this.console.log(`Back at ${this.name}; we completed the circle!`);
      return [`complete at ${this.name}`];
    }
    this.console.log(`I'm ${this.name}, passing to ${this.nextName}`);
    this.next ??= await PyroProxy.connect<Link>(`PYRONAME:example.chain.${this.nextName}`, { nameServer: this.nameServer });
    return [`passed on from ${this.name}`, ...(await this.next.process([...message, this.name]))];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.next?.$release();
  }
}

/** Servers that call each other in a circle during one call: A and C are written here, B between them is upstream's. */
export default {
  async serve(stage) {
    const serveLink = async (name: string, next: string): Promise<PyroDaemon> => {
      const daemon = await stage.daemon();
      const link = new Chain(name, next, stage.nameServer, stage.console);
      stage.defer(() => link[Symbol.asyncDispose]());
      await stage.register(`example.chain.${name}`, daemon.register(link));
      return daemon;
    };
    await serveLink('A', 'B');
    await serveLink('C', 'A');
  },
  original: [
    { file: 'servA.py', ready: 'Server started A' },
    { file: 'servC.py', ready: 'Server started C' },
  ],
  scripts: [
    { file: 'servB.py', ready: 'Server started B' },
    { file: 'client.py', prints: ["'passed on from A', 'passed on from B', 'passed on from C', 'complete at A'"] },
  ],
  serverPrints: ["I'm A, passing to B\nI'm C, passing to A\nBack at A; we completed the circle!"],
} satisfies Example;
