import { PyroController, PyroMethod } from 'nestjs-pyro';
import type { Example } from '../example.js';

@PyroController('example.disconnect')
class TestDisconnect {
  @PyroMethod()
  echo(arg: unknown): unknown {
    return arg;
  }
}

/** The client's proxy class pings before each call, and reconnects when the server has closed the connection. */
export default {
  async serve(stage) {
    const server = await stage.nest({ providers: [TestDisconnect] }, { idleTimeoutMs: 300 });
    server.on('disconnect', (_connection, error) => stage.console.log(`disconnected: ${error?.message}`));
    return server.unwrap().uriFor('example.disconnect');
  },
  scripts: [
    {
      file: 'client.py',
      dialogue: [
        ['Uri of server?', (uri) => uri],
        ['Press enter to continue:', '', 'disconnected'],
      ],
      prints: [
        'result = 12345',
        'Doing a new call on the same proxy:',
        '<proxy: ping>\n  <proxy: Connection lost. REBINDING...>',
        'Connection restored',
        'result = 12345',
      ],
    },
  ],
} satisfies Example;
