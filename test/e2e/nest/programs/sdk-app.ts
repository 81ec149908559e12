/** A whole application with an SDK for traces, which was started before anything else. Prints the URIs of its objects. */
import { spansOf } from './sdk-start.js';
import 'reflect-metadata';
import { type CanActivate, Inject, Injectable, Module, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { trace } from '@opentelemetry/api';
import { PyroController, type PyroDaemon, PyroMethod, PyroModule, PyroServer, type RemoteObject } from '../../../../lib/index.js';

@Injectable()
class TracedGuard implements CanActivate {
  canActivate(): boolean {
    trace.getTracer('app').startSpan('guard').end();
    return true;
  }
}

@PyroController('back')
class Back {
  @PyroMethod() double(value: number): number {
    return value * 2;
  }
}

@PyroController('front')
@UseGuards(TracedGuard)
class Front {
  constructor(@Inject('BACK') private readonly back: RemoteObject<Back>) {}

  @PyroMethod() async order(value: number): Promise<number> {
    return (await this.back.double(value)) + 1;
  }
}

@PyroController('spans')
class Spans {
  @PyroMethod() async list(): Promise<unknown> {
    return spansOf();
  }
}

async function serve(module: object): Promise<PyroDaemon> {
  const server = new PyroServer({ host: '127.0.0.1', port: 0 });
  const app = await NestFactory.createMicroservice(module, { strategy: server, logger: false });
  await app.listen();
  return server.unwrap<PyroDaemon>();
}

@Module({ providers: [Back, Spans] })
class BackModule {}

const back = await serve(BackModule);

@Module({ imports: [PyroModule.forFeature([{ token: 'BACK', uri: back.uriFor('back') }])], providers: [Front] })
class FrontModule {}

const front = await serve(FrontModule);
console.log(`front: ${String(front.uriFor('front'))}`);
console.log(`spans: ${String(back.uriFor('spans'))}`);
