import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { PyroController, PyroException, PyroHandshakeContext, PyroMethod } from 'nestjs-pyro';
import type { Example } from '../example.js';

const SECRET_CODE = 'pancakes';

/** Python's `validateHandshake`: asked for every connection, whatever object it is for. */
@Injectable()
class SecretGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const handshake = PyroHandshakeContext.from(context);
    if (handshake.data !== SECRET_CODE) {
      throw new PyroException('builtins.ValueError', ['wrong secret code, connection refused']);
    }
    handshake.setResponse(['how', 'are', 'you', 'doing']);
    return true;
  }
}

/** The client calls only the daemon itself; this object is here because an application needs at least one. */
@PyroController('greeter')
class Greeter {
  @PyroMethod()
  greet(): string {
    return 'hello';
  }
}

export default {
  async serve(stage) {
    const server = await stage.nest({ providers: [SecretGuard, Greeter] }, { handshakeGuards: [SecretGuard] });
    return server.unwrap().uriFor('Pyro.Daemon');
  },
  original: [{ file: 'server.py', ready: 'secret code:' }],
  scripts: [
    { file: 'client.py', input: (uri) => `${uri}\n${SECRET_CODE}\n` },
    {
      file: 'client.py',
      input: (uri) => `${uri}\nwaffles\n`,
      exitCode: 1,
      tracebacks: true,
      prints: ['connecting...', /CommunicationError: connection to .* rejected: wrong secret code, connection refused/],
    },
  ],
} satisfies Example;
