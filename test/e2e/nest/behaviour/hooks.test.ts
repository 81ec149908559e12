import { AsyncLocalStorage } from 'node:async_hooks';
import { type CanActivate, type ExecutionContext, Injectable, type INestApplication, UseGuards } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { type MicroserviceOptions, type NestMicroservice, Transport } from '@nestjs/microservices';
import { finalize, map, of, tap, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { PYRO_TRANSPORT, PyroContext, PyroController, PyroMethod, type PyroServer } from '../../../../lib/index.js';
import { valueOf } from '../../../../lib/testing/index.js';
import { type AnyApp, eventually, nextItem, openStream, readStream, serve, serveBy, WAYS } from '../fixtures.js';
import { log, notingGuard } from './noting.js';

const requestStore = new AsyncLocalStorage<string>();
type PreRequestHook = Parameters<NestMicroservice['registerPreRequestHook']>[0];

@Injectable()
class StoreGuard implements CanActivate {
  canActivate(): boolean {
    log.push(`guard sees ${requestStore.getStore()}`);
    return true;
  }
}

@PyroController('hooked', { instanceMode: 'percall' })
@UseGuards(StoreGuard)
class Hooked {
  @PyroMethod() method(): string {
    log.push('method');
    return `store: ${requestStore.getStore()}`;
  }
  @PyroMethod({ params: ['item?'] }) store(_item?: unknown): unknown {
    return requestStore.getStore();
  }
  @PyroMethod() fails(): never {
    throw new Error('failed');
  }
  @PyroMethod({ oneway: true }) oneway(): void {
    log.push('method');
  }
  @PyroMethod() *items(): Generator<number> {
    yield 1;
    yield 2;
  }
  @PyroMethod() *failing(): Generator<number> {
    yield 1;
    throw new Error('failed');
  }
  @PyroMethod({ stream: true }) pushed(): unknown {
    return of(1, 2);
  }
  [Symbol.dispose](): void {
    log.push('disposed');
  }
}

/** Registers a pre-request hook: in a hybrid application on the microservice that shares its configuration. */
function registerHook(app: AnyApp, hook: PreRequestHook): void {
  if ('registerPreRequestHook' in app) {
    (app as NestMicroservice).registerPreRequestHook(hook);
    return;
  }
  const options: MicroserviceOptions = { transport: Transport.TCP, options: { host: '127.0.0.1', port: 0 } };
  const sharing = (app as INestApplication).connectMicroservice<MicroserviceOptions>(options, {
    inheritAppConfig: true,
    deferInitialization: true,
  });
  (sharing as NestMicroservice).registerPreRequestHook(hook);
}

describe.each(WAYS)('pre-request hooks (%s)', (way) => {
  const start = (...hooks: PreRequestHook[]) =>
    serveBy(way, { providers: [Hooked] }, { prepare: (app) => hooks.forEach((hook) => registerHook(app, hook)) });

  it('pre-request hooks run before guards, in order, and around the whole call', async () => {
    const hook =
      (name: string): PreRequestHook =>
      (context, next) => {
        log.push(`${name} ${context.getType()} ${context.getClass().name}.${context.getHandler().name}`);
        return next().pipe(finalize(() => log.push(`${name} ends`)));
      };
    const { join } = await start(hook('first'), hook('second'));
    expect(await (await join('hooked')).call('hooked', 'method')).toBe('store: undefined');
    expect(log).toEqual([
      'first rpc Hooked.method',
      'second rpc Hooked.method',
      'guard sees undefined',
      'method',
      'second ends',
      'first ends',
      'disposed',
    ]);
  });

  it('a pre-request hook may give the call an AsyncLocalStorage store of its own', async () => {
    const { join } = await start((context, next) => {
      requestStore.enterWith(context.switchToRpc().getContext<PyroContext>().method);
      return next();
    });
    const peer = await join('hooked');
    expect(await peer.call('hooked', 'method')).toBe('store: method');
    expect(log[0]).toBe('guard sees method');
  });

  it('stores of pre-request hooks stay apart in concurrent calls', async () => {
    const { join } = await start((context, next) => {
      if (context.switchToRpc().getData<unknown[]>().length > 0) requestStore.enterWith('of the first');
      return next();
    });
    const peer = await join('hooked');
    for (const args of [[1], [], [1], []]) peer.invoke('hooked', 'store', args);
    const stores: unknown[] = [];
    while (stores.length < 4) stores.push(valueOf(await peer.next()));
    expect(stores).toEqual(['of the first', null, 'of the first', null]);
  });

  it('pre-request hooks may change results, answer by themselves, and refuse', async () => {
    const { join } = await start((context, next) => {
      const { method } = context.switchToRpc().getContext<PyroContext>();
      if (method === 'fails') return of('answered');
      if (method === 'oneway') return throwError(() => new RangeError('refused'));
      return next().pipe(map((value: unknown) => (typeof value === 'string' ? `<${value}>` : value)));
    });
    const peer = await join('hooked');
    expect(await peer.call('hooked', 'method')).toBe('<store: undefined>');
    expect(await peer.call('hooked', 'fails')).toBe('answered');
    expect((await peer.fail('hooked', 'oneway')).message).toBe('builtins.ValueError: refused');
    expect(await readStream(peer, await openStream(peer, 'hooked', 'items'))).toEqual([1, 2]);
    expect(await readStream(peer, await openStream(peer, 'hooked', 'pushed'))).toEqual([1, 2]);
    expect((await peer.fail('hooked', 'unknown')).pythonType).toBe('builtins.AttributeError');
  });
});

describe.each(WAYS)('processing hooks (%s)', (way) => {
  const start = () =>
    serveBy(
      way,
      { providers: [Hooked] },
      {
        prepare: (app, server) => {
          const target = 'setOnProcessingStartHook' in app ? (app as unknown as PyroServer) : server;
          target.setOnProcessingStartHook((transport, context, done) => {
            log.push(`start ${transport === PYRO_TRANSPORT} ${(context as PyroContext).method}`);
            setTimeout(() => void done(), 2);
          });
          target.setOnProcessingEndHook((transport, context) => {
            log.push(`end ${transport === PYRO_TRANSPORT} ${(context as PyroContext).method}`);
          });
        },
      },
    );

  it('processing hooks run once before a call and once after it', async () => {
    const { join } = await start();
    const peer = await join('hooked');
    await peer.call('hooked', 'method');
    expect(log).toEqual(['start true method', 'guard sees undefined', 'method', 'disposed', 'end true method']);
    log.length = 0;
    await peer.fail('hooked', 'fails');
    expect(log.filter((line) => /^(start|end)/.test(line))).toEqual(['start true fails', 'end true fails']);
  });

  it.each(['items', 'pushed', 'failing'])('the processing end hook runs once, after the last item: %s', async (method) => {
    const { join } = await start();
    const peer = await join('hooked');
    const id = await openStream(peer, 'hooked', method);
    expect(await nextItem(peer, id)).toBe(1);
    expect(log.filter((line) => line.startsWith('end'))).toEqual([]);
    await readStream(peer, id).catch((error: unknown) => log.push(String(error)));
    await eventually(() => log.includes(`end true ${method}`));
    peer.end();
    await peer.untilClosed();
    expect(log.filter((line) => /^(start|end)/.test(line))).toEqual([`start true ${method}`, `end true ${method}`]);
  });

  it.each(['closes the stream', 'goes away'])('the processing end hook runs once when the client %s', async (how) => {
    const { join } = await serveBy(
      way,
      { providers: [Hooked] },
      {
        streamLingerMs: 0,
        prepare: (_app, server) =>
          server.setOnProcessingEndHook((_transport, context) => log.push(`end ${(context as PyroContext).method}`)),
      },
    );
    const peer = await join('hooked');
    const id = await openStream(peer, 'hooked', 'items');
    expect(await nextItem(peer, id)).toBe(1);
    if (how === 'goes away') peer.end();
    else await peer.call('Pyro.Daemon', 'close_stream', id);
    await eventually(() => log.includes('end items'));
    expect(log.filter((line) => line === 'end items')).toHaveLength(1);
  });

  it('a call fails when its processing start hook fails', async () => {
    const { join } = await serveBy(
      way,
      { providers: [Hooked] },
      {
        prepare: (_app, server) =>
          server.setOnProcessingStartHook(() => {
            throw new Error('no start');
          }),
      },
    );
    expect((await (await join('hooked')).fail('hooked', 'method')).message).toContain('no start');
    expect(log).toEqual([]);
  });

  it('processing hooks run for oneway calls, too', async () => {
    const { join } = await start();
    const { FLAGS } = await import('../../../../lib/core.js');
    const peer = await join('hooked');
    peer.invoke('hooked', 'oneway', [], {}, { flags: FLAGS.oneway });
    await eventually(() => log.includes('end true oneway'));
    expect(log.indexOf('method')).toBeLessThan(log.indexOf('end true oneway'));
  });
});

describe.each(WAYS)('the configuration of the application (%s)', (way) => {
  const AppGuard = notingGuard('app');
  const GlobalGuard = notingGuard('global');
  const metadata = { providers: [Hooked, { provide: APP_GUARD, useClass: AppGuard }] };
  const guards = (): string[] => log.filter((line) => line.includes(' guard ')).map((line) => line.split(' ')[0]!);

  it('a server takes the configuration of the application unless inheritAppConfig is false', async () => {
    const prepare = (app: AnyApp): void => {
      app.useGlobalGuards(new GlobalGuard());
      app.useGlobalPipes({ transform: (value: unknown) => value });
      app.useGlobalInterceptors({
        intercept: (_context: ExecutionContext, next) => next.handle().pipe(tap(() => log.push('global interceptor'))),
      });
      registerHook(app, (_context, next) => {
        log.push('hook');
        return next();
      });
    };
    const inheriting = await serveBy(way, metadata, { prepare });
    await (await inheriting.join('hooked')).call('hooked', 'method');
    expect(guards()).toEqual(['app', 'global']);
    expect(log).toContain('hook');
    expect(log).toContain('global interceptor');
    log.length = 0;
    const alone = await serveBy(way, metadata, { prepare, inheritAppConfig: false });
    await (await alone.join('hooked')).call('hooked', 'method');
    expect(guards()).toEqual([]);
    expect(log).toEqual(['guard sees undefined', 'method', 'disposed']);
  });
});

it('objects run the global guards that a hybrid application gives only to its microservice', async () => {
  const { join } = await serve(
    { providers: [Hooked] },
    { prepare: (app) => void app.getMicroservices()[0]!.useGlobalGuards(new (notingGuard('microservice'))()) },
  );
  await (await join('hooked')).call('hooked', 'method');
  expect(log).toEqual(['microservice guard rpc Hooked.method', 'guard sees undefined', 'method', 'disposed']);
});
