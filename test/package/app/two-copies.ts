import 'reflect-metadata';
import { Inject, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx } from '@nestjs/microservices';
import {
  PyroContext,
  PyroController,
  PyroHealthIndicator,
  PyroKwargs,
  PyroMethod,
  PyroModule,
  PyroProxy,
  PyroRemoteError,
  PyroServer,
  UseHandshakeGuards,
} from 'nestjs-pyro';
import { expose, PyroDaemon } from 'nestjs-pyro/core';
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

/** Registered at a daemon of the application's copy, which lets only clients with the right token in. */
class Motor {
  move(): string {
    return 'moved';
  }
}
expose(Motor);
const motor = new Motor();
const motors = await PyroDaemon.listen({
  host: '127.0.0.1',
  validateHandshake: ({ data }) => {
    if (data !== 'secret') throw new Error(`wrong token ${String(data)}`);
  },
});
const motorUri = motors.register(motor, 'own.motor');

/** Served by a daemon of the library's copy. */
class Garage {
  kind(value: unknown): string {
    return value instanceof PyroProxy ? 'proxy' : typeof value;
  }
  motor(): unknown {
    return motor;
  }
}
expose(Garage);

@PyroController('own.values')
class Values {
  constructor(
    @Inject('MOTOR') private readonly remote: { move(): Promise<string> },
    private readonly health: PyroHealthIndicator,
  ) {}
  @PyroMethod() async moveRemote(): Promise<unknown> {
    return [await this.remote.move(), this.remote instanceof PyroProxy];
  }
  @PyroMethod() async checkRemote(): Promise<unknown> {
    const { motor: result } = await this.health.isHealthy('motor', { object: 'MOTOR' });
    return [result.status, result['message'] ?? null];
  }
  @PyroMethod() async registered(): Promise<unknown> {
    const daemon = await shared.SharedDaemon.listen({ host: '127.0.0.1' });
    const uri = daemon.register(new Garage());
    const ends = [await PyroProxy.connect(uri), await shared.SharedProxy.connect(uri)];
    const seen = [];
    for (const garage of ends) {
      seen.push(await garage.$call('kind', motor), (await garage.$call('motor')) instanceof PyroProxy);
      await garage.$release();
    }
    await daemon.close();
    return seen;
  }
  @PyroMethod() make(name: keyof typeof shared.made): unknown {
    return shared.made[name]();
  }
  @PyroMethod() fail(name: keyof typeof shared.thrown): never {
    throw shared.thrown[name]();
  }
  @PyroMethod() current(@Ctx() context: PyroContext): unknown {
    return [context instanceof shared.SharedContext, shared.currentOfLibrary() === PyroContext.current()];
  }
  @PyroMethod() *items(): Generator<number> {
    yield* [1, 2, 3];
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

@Module({
  imports: [PyroModule.forRoot({ handshake: 'secret' }), shared.SharedModule.forFeature([{ token: 'MOTOR', uri: motorUri }])],
  providers: [Mixed, Guarded, Values, shared.SharedBench, { provide: 'GIVEN', useFactory: async () => new shared.SharedGiven() }],
})
class AppModule {}

const server = new PyroServer({ host: '127.0.0.1', port: 0, daemonObject: shared.SharedDaemonObject });
server.register(shared.SharedLamp, { objectId: 'shared.lamp' });
const app = await NestFactory.createMicroservice(AppModule, { strategy: server, logger: ['error'] });
await app.listen();
server.unwrap<PyroDaemon>().on('callError', (error, { objectId }) => console.log(`callError: ${objectId}: ${String(error)}`));
// an application of the library's objects alone
@Module({ providers: [shared.SharedAlone] })
class LibraryModule {}
const other = await NestFactory.create(LibraryModule, { logger: ['warn', 'error'] });
const otherServer = new PyroServer({ host: '127.0.0.1', port: 0 });
other.connectMicroservice({ strategy: otherServer });
await other.init();
await other.startAllMicroservices();
console.log(`alone: PYRO:shared.alone@${otherServer.unwrap<PyroDaemon>().locationStr}`);
console.log(`ready: PYRO:own.values@${server.unwrap<PyroDaemon>().locationStr}`);
