import { PyroController, PyroMethod } from 'nestjs-pyro';
import type { Example } from '../example.js';

@PyroController('test.echoserver')
class EchoServer {
  @PyroMethod()
  echo(message: unknown): unknown {
    return message;
  }
}

/** The limit is the client's own. The client catches another error than the error that occurs, with Python's server and with this server. */
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
      exitCode: 1,
      tracebacks: true,
      prints: ['virtually no limit on message size...\nsuccess.', 'ProtocolError: message too large (30093, max=2500)'],
    },
  ],
} satisfies Example;
