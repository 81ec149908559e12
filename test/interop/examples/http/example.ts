import { setTimeout as sleep } from 'node:timers/promises';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { PyroController, PyroMethod } from 'nestjs-pyro';
import type { Example } from '../example.js';
import type { Stage } from '../stage.js';
import { GatewayController, NAME_SERVER } from './gateway.controller.js';

@PyroController({ objectId: 'test.echoserver', name: 'test.echoserver', naming: 'snake_case' })
class EchoServer {
  @PyroMethod()
  async slow(): Promise<string> {
    await sleep(5_000);
    return 'Finally, an answer!';
  }

  @PyroMethod({ oneway: true })
  async onewaySlow(): Promise<void> {
    await this.slow();
  }
}

/** @returns its URL */
async function startGateway(stage: Stage): Promise<string> {
  @Module({
    controllers: [GatewayController],
    providers: [{ provide: NAME_SERVER, useValue: stage.nameServer }],
  })
  class GatewayModule {}
  const app = await NestFactory.create(GatewayModule, { logger: false, abortOnError: false });
  stage.defer(() => app.close());
  await app.listen(0, '127.0.0.1');
  return app.getUrl();
}

/** The client speaks HTTP to port 8080, which may be in use: the environment names our gateway as its HTTP proxy. */
export default {
  async serve(stage) {
    await stage.nest({ providers: [EchoServer] });
    Object.assign(stage.variables, { http_proxy: await startGateway(stage), no_proxy: '' });
  },
  scripts: [
    {
      file: 'client.py',
      prints: [
        /LIST--->\n\{'Pyro\.NameServer': 'PYRO:Pyro\.NameServer@.*',\n 'test\.echoserver': 'PYRO:test\.echoserver@.*'\}\n/,
        /META--->\n\{'attributes': \[\],\n 'methods': \[(?:'\w+',\s+)*'lookup'/,
        /LOOKUP--->\n\{'__class__': 'Pyro5\.core\.URI',\n 'state': \['PYRO',\n +'Pyro\.NameServer',\n +None,\n +'127\.0\.0\.1',\n +\d+\]\}\n/,
        'ONEWAY_SLOW--->\nNone\n',
        "SLOW--->\n'Finally, an answer!'\n",
      ],
    },
  ],
} satisfies Example;
