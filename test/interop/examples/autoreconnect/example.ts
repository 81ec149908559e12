import type { Example } from '../example.js';
import { RestartingServer } from './restarting-server.js';

const reconnected = /REBINDING[^]*call\.\.\.\nSleeping 1 second/;

/** Clients that outlive their server: it comes back with the same port and object id. */
export default {
  async serve(stage) {
    const server = await RestartingServer.start(stage.console);
    stage.defer(() => server[Symbol.asyncDispose]());
    await stage.register('example.autoreconnect', server.uri);
    return server.uri;
  },
  scripts: [
    { file: 'client.py', input: (uri) => `${uri}\n`, ready: 'call...', until: reconnected },
    { file: 'clientNS.py', until: reconnected, prints: ['Autoreconnect using Name Server.', reconnected] },
  ],
  serverPrints: ['Method called with 42', 'server stopped', 'Method called with 42'],
} satisfies Example;
