import type { Example } from '../example.js';
import { CallbackServer, CallbackServer2 } from './callback-server.js';

/** A server that calls its client: the client passes an object, which arrives as a proxy. */
export default [
  {
    async serve(stage) {
      await stage.nest({ providers: [CallbackServer] });
    },
    scripts: [
      { file: 'client.py', prints: ['creating a bunch of workers', /(?:callback: worker \d reports work is done!\n){5}done!/] },
    ],
    judge([client]) {
      const workers = new Set([...client!.matchAll(/worker ([1-5]) reports/g)].map(([, number]) => number));
      if (workers.size !== 5) throw new Error(client);
    },
    // the script allows half a second for each connection
    alone: 'timed',
  },
  {
    async serve(stage) {
      await stage.nest({ providers: [CallbackServer2] });
    },
    scripts: [
      {
        file: 'client2.py',
        // the error of a `@callback` method is also logged in the process that defines the method
        until: /WARNING\] error during handleRequest: [^]*ZeroDivisionError/,
        prints: ['waiting for callbacks to arrive...', 'callback 1 received from server!', 'callback 2 received from server!'],
        tracebacks: true,
      },
    ],
    serverPrints: [
      'server: doing call1 to client\ngot an exception from the callback:',
      /ZeroDivisionError[^]*?Remote traceback:[^]*?in crash/,
      'server: doing call2 to client\ngot an exception from the callback:',
      'server: callbacks done.',
    ],
  },
] satisfies Example[];
