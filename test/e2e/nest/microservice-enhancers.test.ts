import { type CallHandler, Catch, type ExceptionFilter, type NestHybridApplicationOptions } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { map, type Observable, of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { PyroController, PyroMethod, PyroProperty, PyroServer, type PyroServerOptions } from '../../../lib/index.js';
import type { ScriptedPeer } from '../../../lib/testing/index.js';
import { closeAfter, joinServer, moduleOf } from './fixtures.js';

@PyroController('lab')
class Lab {
  @PyroMethod() echo(value: unknown): unknown {
    return value;
  }
  @PyroMethod() fail(): never {
    throw new Error('broken');
  }
  @PyroProperty() get state(): string {
    return 'open';
  }
}

@Catch()
class Silence implements ExceptionFilter {
  catch(): Observable<string> {
    return of('caught');
  }
}

const closed = { canActivate: (): boolean => false };
type Microservice = ReturnType<Awaited<ReturnType<typeof NestFactory.create>>['connectMicroservice']>;

/** Starts a hybrid application, and sets global enhancers of its microservice. */
async function join(
  hybridOptions: NestHybridApplicationOptions,
  prepare: (microservice: Microservice) => void,
  options: PyroServerOptions = {},
): Promise<ScriptedPeer> {
  const server = new PyroServer({ host: '127.0.0.1', port: 0, ...options });
  const app = await NestFactory.create(moduleOf({ providers: [Lab] }), { logger: false, abortOnError: false });
  closeAfter(() => app.close());
  prepare(app.connectMicroservice({ strategy: server }, hybridOptions));
  await app.startAllMicroservices();
  return joinServer(server, 'lab');
}

describe.each([{ deferInitialization: true }, { deferInitialization: true, inheritAppConfig: true }, {}])(
  'global enhancers of a microservice (%o)',
  (hybridOptions) => {
    it.each([{}, { inheritAppConfig: false }])(
      'a global guard of a microservice refuses calls, reads and batches (server %o)',
      async (options) => {
        // with inheritAppConfig of Nest the microservice has no separate configuration
        if ('inheritAppConfig' in hybridOptions && 'inheritAppConfig' in options) return;
        const peer = await join(hybridOptions, (microservice) => microservice.useGlobalGuards(closed), options);
        expect((await peer.fail('lab', 'echo', 1)).message).toContain('Forbidden resource');
        expect((await peer.fail('lab', '__getattr__', 'state')).message).toContain('Forbidden resource');
      },
    );

    it('global pipes, interceptors and filters of a microservice run', async () => {
      const peer = await join(hybridOptions, (microservice) => {
        microservice.useGlobalPipes({ transform: (value: unknown) => `piped ${String(value)}` });
        microservice.useGlobalInterceptors({
          intercept: (_context: unknown, next: CallHandler) => next.handle().pipe(map((value) => `[${String(value)}]`)),
        });
        microservice.useGlobalFilters(new Silence());
      });
      expect(await peer.call('lab', 'echo', 'x')).toBe('[piped x]');
      expect(await peer.call('lab', 'fail')).toBe('caught');
    });

    it('pre-request hooks of a microservice run', async () => {
      let requests = 0;
      const peer = await join(hybridOptions, (microservice) => {
        microservice.registerPreRequestHook((_context, next) => {
          requests++;
          return next();
        });
      });
      await peer.call('lab', 'echo', 1);
      expect(requests).toBe(1);
    });
  },
);

it('global guards of the application and of the microservice both hold', async () => {
  const seen: string[] = [];
  const noting = (name: string) => ({ canActivate: () => seen.push(name) > 0 });
  const server = new PyroServer({ host: '127.0.0.1', port: 0 });
  const app = await NestFactory.create(moduleOf({ providers: [Lab] }), { logger: false });
  closeAfter(() => app.close());
  app.useGlobalGuards(noting('application'));
  app.connectMicroservice({ strategy: server }, { deferInitialization: true }).useGlobalGuards(noting('microservice'));
  await app.startAllMicroservices();
  await (await joinServer(server, 'lab')).call('lab', 'echo', 1);
  expect(seen).toEqual(['application', 'microservice']);
});

it('the enhancers of one microservice do not run for the server of another', async () => {
  const guarded = new PyroServer({ host: '127.0.0.1', port: 0 });
  const open = new PyroServer({ host: '127.0.0.1', port: 0 });
  const app = await NestFactory.create(moduleOf({ providers: [Lab] }), { logger: false });
  closeAfter(() => app.close());
  app.connectMicroservice({ strategy: guarded }, { deferInitialization: true }).useGlobalGuards(closed);
  app.connectMicroservice({ strategy: open }, { deferInitialization: true });
  await app.startAllMicroservices();
  expect(await (await joinServer(open, 'lab')).call('lab', 'echo', 1)).toBe(1);
  expect((await (await joinServer(guarded, 'lab')).fail('lab', 'echo', 1)).message).toContain('Forbidden resource');
});

it('the guards of a microservice hold when it is initialized before it listens', async () => {
  const server = new PyroServer({ host: '127.0.0.1', port: 0 });
  const app = await NestFactory.create(moduleOf({ providers: [Lab] }), { logger: false });
  closeAfter(() => app.close());
  const microservice = app.connectMicroservice({ strategy: server }, { deferInitialization: true });
  microservice.useGlobalGuards(closed);
  await microservice.init();
  await app.startAllMicroservices();
  expect((await (await joinServer(server, 'lab')).fail('lab', 'echo', 1)).message).toContain('Forbidden resource');
});
