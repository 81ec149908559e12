import { Ctx } from '@nestjs/microservices';
import { expose, PyroContext, PyroController, PyroMethod } from 'nestjs-pyro';
import { type Example, SERVING } from '../example.js';
import { ServerConsole } from '../stage.js';

/** Made while the server runs: not a provider, so the core's decorator exposes the class. */
@expose
class Thingy {
  constructor(
    private readonly number: number,
    private readonly console: ServerConsole,
  ) {}

  speak(message: string): void {
    this.console.log(`Thingy ${this.number} says: ${message}`);
  }
}

@PyroController('example.autoproxy')
class Factory {
  constructor(private readonly console: ServerConsole) {}

  @PyroMethod()
  createSomething(number: number, @Ctx() context: PyroContext): Thingy {
    const thing = new Thingy(number, this.console);
    // a registered object travels as a proxy
    context.daemon.register(thing);
    return thing;
  }
}

/** Objects made by calls, returned as proxies. */
export default {
  async serve(stage) {
    const server = await stage.nest({ providers: [Factory] });
    return server.unwrap().uriFor('example.autoproxy');
  },
  original: [{ file: 'server.py', ready: SERVING }],
  scripts: [
    {
      file: 'client.py',
      input: (uri) => `${uri}\n`,
      prints: [/<Pyro5.client.Proxy .* for PYRO:obj_/],
      normalize: (output) => output.replace(/owner \d+/, ''),
    },
  ],
  serverPrints: ['Thingy 1 says: I am the first', 'Thingy 2 says: I am second', 'Thingy 3 says: I am last then...'],
} satisfies Example;
