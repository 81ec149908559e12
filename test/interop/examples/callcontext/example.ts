import { Ctx } from '@nestjs/microservices';
import { PyroContext, PyroController, PyroMethod } from 'nestjs-pyro';
import type { Example } from '../example.js';
import { ServerConsole } from '../stage.js';

@PyroController('example.context')
class EchoServer {
  constructor(private readonly console: ServerConsole) {}

  @PyroMethod()
  echo(message: string, @Ctx() context: PyroContext): string {
    this.console.log('Got Message:', message);
    this.console.log('  object id:', context.objectId);
    this.console.log('  context.connection:', context.connection.remoteAddress);
    this.console.log('  context.seq:', context.seq);
    this.console.log('  context.flags:', context.flags);
    this.console.log('  context.serializer:', context.serializer);
    this.console.log('  context.correlationId:', context.correlationId);
    this.console.log("  custom annotation 'XYZZ':", context.annotations.get('XYZZ'));
    return message;
  }

  @PyroMethod({ oneway: true })
  oneway(message: string, @Ctx() context: PyroContext): void {
    this.echo(message, context);
  }
}

/** The context of a call: data about the client, and annotations that travel with arguments and results. */
export default {
  async serve(stage) {
    const annotations = () => ({ DDAA: Buffer.from('custom response annotation set by the daemon') });
    const server = await stage.nest({ providers: [EchoServer] }, { annotations });
    return server.unwrap().uriFor('example.context');
  },
  original: [{ file: 'server.py', ready: /PYRO:.*\n/ }],
  scripts: [
    {
      file: 'client.py',
      input: (uri) => `${uri}\n`,
      prints: [
        "DDAA -> b'custom response annotation set by the daemon'",
        'oneway call\nAnnotations in response were: \n(should be',
      ],
    },
  ],
  serverPrints: [
    'Got Message: hi there - new',
    'context.serializer: serpent',
    "'XYZZ': custom annotation from client (1)",
    'Got Message: hi there ONEWAY',
    "'XYZZ': custom annotation from client (2)",
  ],
  judge([client], serverOutput) {
    const [, set] = /correlation id set to: (\S+)/.exec(client!)!;
    const seen = [...serverOutput.matchAll(/context.correlationId: (\S+)/g)].map(([, id]) => id);
    if (seen.join() !== `${set},${set}`) throw new Error(`correlation ids ${seen.join(' and ')} instead of twice ${set}`);
  },
} satisfies Example;
