import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx } from '@nestjs/microservices';
import {
  PyroContext,
  PyroController,
  type PyroDaemon,
  PyroKwargs,
  PyroMethod,
  PyroProxy,
  PyroRemoteError,
  PyroServer,
  UseHandshakeGuards,
} from 'nestjs-pyro';
import * as shared from './shared/lab-shared.js';

/** Decorated by both copies. */
@PyroController('own.mixed')
@shared.SharedGuards(shared.TokenGuard)
class Mixed {
  @PyroMethod() own(): string {
    return 'own';
  }
  @shared.SharedMethod() foreign(): string {
    return 'foreign';
  }
  @shared.SharedMethod() search(text = 'everything', @PyroKwargs() options: Record<string, unknown> = {}): unknown {
    return [text, options];
  }
  @PyroMethod() seek(text = 'everything', @shared.SharedKwargs() options: Record<string, unknown> = {}): unknown {
    return [text, options];
  }
  @shared.SharedProperty() get label(): string {
    return 'mixed';
  }
}

/** Decorated by the application's copy, with a guard of the shared library. */
@PyroController('own.guarded')
@UseHandshakeGuards(shared.TokenGuard)
class Guarded {
  @PyroMethod() who(@Ctx() context: PyroContext): unknown {
    return [context.principal, shared.currentOfLibrary() === context];
  }
}

@PyroController('own.values')
class Values {
  @PyroMethod() make(name: keyof typeof shared.made): unknown {
    return shared.made[name]();
  }
  @PyroMethod() fail(name: keyof typeof shared.thrown): never {
    throw shared.thrown[name]();
  }
  @PyroMethod() current(@Ctx() context: PyroContext): unknown {
    return [context instanceof shared.SharedContext, shared.currentOfLibrary() === PyroContext.current()];
  }
  @PyroMethod() id(@Ctx() context: PyroContext): string {
    return context.correlationId;
  }
  /** Calls itself through a proxy, with keywords and a correlation id of the library. */
  @PyroMethod() async call(uri: string, id: string): Promise<unknown> {
    await using mixed = await PyroProxy.connect(uri.replace('own.values', 'own.mixed'), { handshake: 'secret' });
    await using values = await PyroProxy.connect(uri);
    const failure: unknown = await values.$call('fail', 'remote').catch((error: unknown) => error);
    return [
      await mixed.$call('own'),
      await mixed.$call('seek', shared.sharedKwargs({ text: 'steel' })),
      await shared.withCorrelationId(id, () => values.$call('id')),
      failure instanceof shared.SharedRemoteError && failure instanceof PyroRemoteError,
    ];
  }
}

@Module({ providers: [Mixed, Guarded, Values, shared.SharedBench] })
class AppModule {}

const server = new PyroServer({ host: '127.0.0.1', port: 0 });
server.register(shared.SharedLamp, { objectId: 'shared.lamp' });
const app = await NestFactory.createMicroservice(AppModule, { strategy: server, logger: ['error'] });
await app.listen();
console.log(`ready: PYRO:own.values@${server.unwrap<PyroDaemon>().locationStr}`);
