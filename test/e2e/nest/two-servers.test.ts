import { type CanActivate, Injectable, Logger, Module } from '@nestjs/common';
import { LazyModuleLoader } from '@nestjs/core';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import {
  PyroController,
  type PyroDaemon,
  PyroHealthIndicator,
  PyroMethod,
  PyroModule,
  PyroProxy,
  PyroServer,
} from '../../../lib/index.js';
import { startNameServer } from '../../../lib/core.js';
import { closeAfter, serve } from './fixtures.js';

let warnings: string[] = [];
beforeEach(() => {
  warnings = [];
  vi.spyOn(Logger.prototype, 'warn').mockImplementation((message: unknown) => void warnings.push(String(message)));
});
afterEach(() => {
  vi.restoreAllMocks();
});

@PyroController({ objectId: 'oven', name: 'lab.oven', instanceMode: 'single' })
class Oven {
  @PyroMethod() get(): number {
    return 20;
  }
}

const addressOf = async (): Promise<{ host: string; port: number }> => {
  const nameServer = await startNameServer({ host: '127.0.0.1', port: 0, broadcast: false });
  closeAfter(() => nameServer.close());
  const [, port] = nameServer.daemon.locationStr.split(':');
  return { host: '127.0.0.1', port: Number(port) };
};

it('the first of two servers keeps the name of an object, and one warning says so', async () => {
  const nameServer = await addressOf();
  const tls = new PyroServer({ host: '127.0.0.1', port: 0, name: 'tls', nameServer });
  const { app, server } = await serve(
    { imports: [PyroModule], providers: [Oven] },
    { name: 'plain', nameServer, prepare: (each) => void each.connectMicroservice({ strategy: tls }) },
  );
  const holder = server.inspect().names.length > 0 ? server : tls;
  const [one, other] = holder === server ? ['plain', 'tls'] : ['tls', 'plain'];
  expect(warnings).toEqual([
    `the name "lab.oven" leads to the PyroServer "${one}", which registered first, and not to the PyroServer "${other}" of this application: ` +
      'take nameServer out of the options of one of them, or give each object one server: @PyroController({ server })',
  ]);
  for (const name of ['plain', 'tls']) {
    const { health } = await app.get(PyroHealthIndicator).isHealthy('health', { server: name });
    expect(health.status).toBe('up');
    expect(health).not.toHaveProperty('degraded');
  }
  await using oven = await PyroProxy.connect('PYRONAME:lab.oven', { nameServer });
  expect(String(oven.$uri)).toBe('PYRONAME:lab.oven');
  expect(holder.unwrap<PyroDaemon>().connections).toHaveLength(1);
});

it('two servers register the same name at different name servers', async () => {
  const second = new PyroServer({ host: '127.0.0.1', port: 0, name: 'second', nameServer: await addressOf() });
  const { server } = await serve(
    { providers: [Oven] },
    { nameServer: await addressOf(), prepare: (each) => void each.connectMicroservice({ strategy: second }) },
  );
  expect(warnings).toEqual([]);
  for (const each of [server, second]) expect(each.inspect().names).toMatchObject([{ name: 'lab.oven', state: 'registered' }]);
});

it('a server that has a name server of its own registers its names, also where another server has them', async () => {
  const [shared, own] = [await addressOf(), await addressOf()];
  const second = new PyroServer({ host: '127.0.0.1', port: 0, name: 'second', nameServer: [shared, own] });
  await serve(
    { imports: [PyroModule], providers: [Oven] },
    { name: 'first', nameServer: shared, prepare: (each) => void each.connectMicroservice({ strategy: second }) },
  );
  await using oven = await PyroProxy.connect('PYRONAME:lab.oven', { nameServer: own });
  expect(await oven.get!()).toBe(20);
});

it('a name is not left to a server whose daemon was closed', async () => {
  const nameServer = await addressOf();
  const second = new PyroServer({ host: '127.0.0.1', port: 0, name: 'second', nameServer });
  const { server } = await serve(
    { imports: [PyroModule], providers: [Oven] },
    { name: 'first', nameServer, prepare: (each) => void each.connectMicroservice({ strategy: second }) },
  );
  await second.close();
  await server.unwrap<PyroDaemon>().close();
  warnings = [];
  await new Promise<void>((resolve, reject) => second.listen((error) => (error ? reject(error as Error) : resolve())));
  expect(warnings).toEqual([]);
  expect(second.inspect().names).toMatchObject([{ name: 'lab.oven' }]);
});

it('a class whose module is loaded after the start gives one warning, with the remedy', async () => {
  @PyroController({ objectId: 'late', instanceMode: 'single' })
  class Late {
    @PyroMethod() get(): number {
      return 1;
    }
  }
  @Module({ providers: [Late] })
  class LateModule {}
  const { app, join } = await serve({ imports: [PyroModule], providers: [Oven] });
  await app.get(LazyModuleLoader).load(() => LateModule);
  expect(warnings.filter((text) => text.startsWith('Late'))).toEqual([
    'Late has @PyroController, but its module was loaded after the PyroServer began to listen, so that nobody serves it: ' +
      'load the module before the server listens, or register objects with exposed members by server.register()',
  ]);
  await expect(join('late')).rejects.toThrow('unknown object');
});

class Missing {}
@Injectable()
class NeedsMissing implements CanActivate {
  constructor(readonly missing: Missing) {}
  canActivate(): boolean {
    return true;
  }
}

it.each([{ handshakeGuards: [NeedsMissing] }, { inspector: { guards: [NeedsMissing] } }])(
  'a guard that Nest cannot make stops the start: %o',
  async (options) => {
    await expect(serve({ providers: [Oven] }, options)).rejects.toThrow("can't resolve dependencies of the NeedsMissing");
  },
);

it('a guard of the inspector that fails is logged as such', async () => {
  const errors = vi.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  const failing: CanActivate = {
    canActivate: () => {
      throw new TypeError('a mistake');
    },
  };
  const { join } = await serve({ imports: [PyroModule], providers: [Oven] }, { inspector: { guards: [failing] } });
  await expect(join('Pyro.Inspector')).rejects.toThrow('Internal server error');
  expect(errors.mock.calls.map(([entry]) => (entry as { message: string }).message)).toEqual([
    'a guard of Pyro.Inspector failed: a mistake',
  ]);
});
