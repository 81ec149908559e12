import {
  type BeforeApplicationShutdown,
  type CanActivate,
  Injectable,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleDestroy,
  type OnModuleInit,
  Scope,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { TestingModuleBuilder } from '@nestjs/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { expose } from '../../../lib/core.js';
import { PyroController, PyroMethod, PyroServer, UseHandshakeGuards } from '../../../lib/index.js';
import { closeAfter, joinServer, moduleOf, serve, serveBy, WAYS } from './fixtures.js';

let log: string[] = [];
beforeEach(() => {
  log = [];
});

@Injectable()
class Keys implements OnModuleInit, OnModuleDestroy {
  known: Set<string> | undefined;
  onModuleInit(): void {
    this.known = new Set();
  }
  onModuleDestroy(): void {
    this.known = undefined;
  }
}

@Injectable()
class KeyGuard
  implements CanActivate, OnModuleInit, OnApplicationBootstrap, OnModuleDestroy, BeforeApplicationShutdown, OnApplicationShutdown
{
  constructor(readonly keys: Keys) {
    log.push('made');
  }
  async onModuleInit(): Promise<void> {
    await Promise.resolve();
    this.keys.known!.add('right');
    log.push('onModuleInit');
  }
  onApplicationBootstrap(): void {
    log.push('onApplicationBootstrap');
  }
  onModuleDestroy(): void {
    log.push(this.keys.known ? 'onModuleDestroy' : 'onModuleDestroy after its dependency');
  }
  beforeApplicationShutdown(): void {
    log.push('beforeApplicationShutdown');
  }
  onApplicationShutdown(): void {
    log.push('onApplicationShutdown');
  }
  canActivate(): boolean {
    return this.keys.known!.has('right');
  }
}

@PyroController('first')
@UseHandshakeGuards(KeyGuard)
class First {
  @PyroMethod() method(): string {
    return 'first';
  }
}

@PyroController('second', { instanceMode: 'single' })
@UseHandshakeGuards(KeyGuard)
class Second {
  @PyroMethod() method(): string {
    return 'second';
  }
}

@PyroController('open')
class Open {
  @PyroMethod() method(): string {
    return 'open';
  }
}

@Injectable()
class Closed implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

const STARTED = ['made', 'onModuleInit', 'onApplicationBootstrap'];
const ENDED = ['onModuleDestroy', 'beforeApplicationShutdown', 'onApplicationShutdown'];

describe.each(WAYS)('the hooks of handshake guards (%s)', (way) => {
  it('a handshake guard that no module provides has the lifecycle hooks of Nest, once for the objects of a module', async () => {
    const { app, join } = await serveBy(way, { providers: [First, Second, Keys] });
    expect(log).toEqual(STARTED);
    for (const object of ['first', 'second']) expect(await (await join(object)).call(object, 'method')).toBe(object);
    await app.close();
    expect(log).toEqual([...STARTED, ...ENDED]);
  });

  it('a handshake guard of the server that no module provides has the lifecycle hooks of Nest', async () => {
    const { app, join } = await serveBy(way, { providers: [Open, Keys] }, { handshakeGuards: [KeyGuard] });
    expect(log).toEqual(STARTED);
    expect(await (await join('open')).call('open', 'method')).toBe('open');
    await app.close();
    expect(log).toEqual([...STARTED, ...ENDED]);
  });

  it('a handshake guard that a module provides has each hook once', async () => {
    const { app } = await serveBy(way, { providers: [First, Second, Keys, KeyGuard] });
    await app.close();
    expect(log).toEqual([...STARTED, ...ENDED]);
  });
});

it.each(['testing', 'testing standalone'] as const)(
  'the class that replaces a handshake guard in a test has the lifecycle hooks of Nest (%s)',
  async (way) => {
    const override = (builder: TestingModuleBuilder): TestingModuleBuilder => builder.overrideGuard(Closed).useClass(KeyGuard);
    const { app, join } = await serveBy(way, { providers: [Open, Keys] }, { override, handshakeGuards: [Closed] });
    expect(await (await join('open')).call('open', 'method')).toBe('open');
    await app.close();
    expect(log).toEqual([...STARTED, ...ENDED]);
  },
);

it('Nest calls the hooks of a handshake guard itself when the server listens before the application is initialized', async () => {
  const app = await NestFactory.create(moduleOf({ providers: [First, Keys] }), { logger: false, abortOnError: false });
  closeAfter(() => app.close());
  const server = new PyroServer({ host: '127.0.0.1', port: 0 });
  app.connectMicroservice({ strategy: server });
  await app.startAllMicroservices();
  expect(log).toEqual(['made']);
  await app.init();
  expect(log).toEqual(STARTED);
  const peer = await joinServer(server, 'first');
  expect(await peer.call('first', 'method')).toBe('first');
});

it('a hook of a handshake guard that fails stops the start of the application', async () => {
  @Injectable()
  class Locked implements CanActivate, OnModuleInit {
    onModuleInit(): void {
      throw new Error('no keys');
    }
    canActivate(): boolean {
      return true;
    }
  }
  await expect(serve({ providers: [First, Keys] }, { handshakeGuards: [Locked] })).rejects.toThrow('no keys');
});

it('a handshake guard whose late hook failed has no further hooks, and the next try makes another guard', async () => {
  let tries = 0;
  @Injectable()
  class Flaky extends KeyGuard {
    override async onModuleInit(): Promise<void> {
      if (++tries <= 2) throw new Error('no keys yet');
      await super.onModuleInit();
    }
  }
  class Note {
    read(): string {
      return 'note';
    }
  }
  expose(Note);
  const { app, server, join } = await serve({ providers: [Open, Keys] });
  for (const objectId of ['first', 'second']) {
    server.register(new Note(), { objectId, guards: [Flaky] });
    await expect(join(objectId)).rejects.toThrow('Internal server error');
  }
  expect(log).toEqual(['made', 'made']);
  server.register(new Note(), { objectId: 'third', guards: [Flaky] });
  expect(await (await join('third')).call('third', 'read')).toBe('note');
  await app.close();
  expect(log).toEqual(['made', 'made', ...STARTED, ...ENDED]);
});

it('a handshake guard with a request-scoped dependency is made for each handshake, and has no hooks', async () => {
  @Injectable({ scope: Scope.REQUEST })
  class PerRequest {}
  @Injectable()
  class Scoped extends KeyGuard {
    constructor(
      keys: Keys,
      readonly part: PerRequest,
    ) {
      super(keys);
    }
    override canActivate(): boolean {
      return true;
    }
  }
  const { join } = await serve({ providers: [Open, Keys, PerRequest] }, { handshakeGuards: [Scoped] });
  log = [];
  for (let client = 0; client < 2; client++) await join('open');
  expect(log).toEqual(['made', 'made']);
});
