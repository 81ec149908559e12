import { join } from 'node:path';
import { PyroController, PyroMethod } from 'nestjs-pyro';
import type { Example } from '../example.js';

@PyroController('example.unixsock')
class Thingy {
  @PyroMethod()
  message(_text: string): string {
    return 'Roger!';
  }
}

/** Leaves out upstream's other server: Node cannot listen on its abstract name, because Node pads the name with zero bytes. */
export default {
  async serve(stage) {
    const unixSocket = join(stage.directory, 'example_unix.sock');
    const server = await stage.nest({ providers: [Thingy] }, { host: undefined, port: undefined, unixSocket });
    return server.unwrap().uriFor('example.unixsock');
  },
  original: [{ file: 'server.py', ready: /PYRO:\S+\n/ }],
  scripts: [{ file: 'client.py', input: (uri) => `${uri}\n` }],
} satisfies Example;
