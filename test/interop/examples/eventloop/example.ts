import { expose } from 'nestjs-pyro/core';
import type { Example } from '../example.js';

@expose
class EmbeddedServer {
  multiply(x: number | string, y: number): number | string {
    return typeof x === 'string' ? x.repeat(y) : x * y;
  }
}

@expose
class Status {
  state(): string {
    return 'running';
  }
}

/**
 * Several daemons in one program. Node's event loop serves them all without the `select()` code of upstream's servers, and
 * `combine()` makes daemons close together.
 */
export default {
  async serve(stage) {
    const daemon = await stage.daemon();
    daemon.register(new Status(), 'status');
    const embedded = await stage.daemon();
    daemon.combine(embedded);
    const loops = [daemon.requestLoop(), embedded.requestLoop()];
    stage.defer(async () => {
      await daemon.shutdown();
      await Promise.all(loops);
    });
    await stage.register('example.eventloop.server', embedded.register(new EmbeddedServer()));
  },
  scripts: [
    {
      file: 'client.py',
      input: '\n',
      prints: ['5*11=55', "'x'*10=xxxxxxxxxx", '2*i=2\n', '2*i=38\n', "'@'*i=@@@@@@@@@@@@@@@@@@@\n"],
    },
  ],
} satisfies Example;
