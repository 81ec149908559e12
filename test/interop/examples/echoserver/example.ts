import { PyroController, PyroException, PyroMethod } from 'nestjs-pyro';
import type { Example } from '../example.js';
import { ServerConsole } from '../stage.js';

@PyroController({ objectId: 'test.echoserver', instanceMode: 'single' })
class EchoServer {
  constructor(private readonly console: ServerConsole) {}

  @PyroMethod()
  echo(message: unknown): unknown {
    return message;
  }

  @PyroMethod()
  error(): never {
    throw new PyroException('builtins.ValueError', ['this is the generated error from echoserver echo() method']);
  }

  @PyroMethod()
  *generator(): Generator<string> {
    yield 'one';
    yield 'two';
    yield 'three';
  }

  @PyroMethod()
  shutdown(): void {
    this.console.log('shutting down');
  }
}

/** The echo server that comes with Pyro5. */
export default {
  async serve(stage) {
    const server = await stage.nest({ providers: [EchoServer] });
    return server.unwrap().uriFor('test.echoserver');
  },
  original: [{ file: 'Pyro5.utils.echoserver', ready: 'echoserver running.' }],
  scripts: [
    {
      file: 'client.py',
      input: (uri) => `${uri}\n`,
      prints: ['got element from remote iterator: three', 'ValueError: this is the generated error from echoserver'],
      tracebacks: true,
      // the lines of a traceback name files, which differ
      normalize: (output) => output.replace(/caught an exception[^]*shutting down/, ''),
    },
  ],
  serverPrints: ['shutting down'],
} satisfies Example;
