import { createServer } from 'node:net';
import { once } from 'node:events';
import { type CanActivate, type ExecutionContext, Injectable, Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { describe, expect, it, vi } from 'vitest';
import { locateNameServer, NamingError, startNameServer } from '../../../lib/core.js';
import {
  PyroController,
  PyroHandshakeContext,
  PyroMethod,
  PyroModule,
  PyroNameServerHost,
  PyroNameServerModule,
  type PyroNameServerModuleOptions,
  PyroNames,
  PyroServer,
} from '../../../lib/index.js';
import { PythonInterpreter } from '../../interop/python-interpreter.js';
import { closeAfter, moduleOf } from './fixtures.js';

@PyroController({ objectId: 'warehouse', name: 'example.warehouse', metadata: ['shop'] })
class Warehouse {
  @PyroMethod() list(): string[] {
    return ['chair'];
  }
}

@Injectable()
class Tokens {
  readonly admin = 'secret';
}

@Injectable()
class TokenGuard implements CanActivate {
  constructor(private readonly tokens: Tokens) {}

  canActivate(context: ExecutionContext): boolean {
    const handshake = PyroHandshakeContext.from(context);
    if (String(handshake.data).startsWith('{')) throw new SyntaxError(`unexpected ${String(handshake.data)}`);
    handshake.setPrincipal(handshake.data === this.tokens.admin ? 'admin' : 'guest');
    return handshake.data !== 'nobody';
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** An application with a name server, a served object that is registered there, and a client. */
async function start(options: PyroNameServerModuleOptions) {
  const nameServer = { host: '127.0.0.1', port: options.port! };
  @Module({
    imports: [
      PyroNameServerModule.forRootAsync({ useFactory: () => ({ host: '127.0.0.1', ...options }) }),
      PyroModule.forRoot({ nameServer, handshake: 'secret' }),
    ],
    providers: [Warehouse, Tokens],
  })
  class AppModule {}
  const app = await NestFactory.create(AppModule, { logger: false, abortOnError: false });
  closeAfter(() => app.close());
  app.connectMicroservice({
    strategy: new PyroServer({ host: '127.0.0.1', nameServer: { ...nameServer, handshake: 'secret' } }),
  });
  await app.init();
  await app.startAllMicroservices();
  return { app, nameServer };
}

describe('a name server inside a Nest application', () => {
  it('a name server in the application has the names of the application’s own objects, for Python and for PyroNames', async () => {
    const { app, nameServer } = await start({ port: await freePort() });
    const names = app.get(PyroNames);
    expect([...(await names.list()).keys()]).toEqual(['Pyro.NameServer', 'example.warehouse']);
    expect([...(await names.yplookup({ all: ['shop'] })).keys()]).toEqual(['example.warehouse']);
    expect(await names.waitFor('example.warehouse')).toEqual(await names.lookup('example.warehouse'));
    const python = await PythonInterpreter.start();
    closeAfter(() => python.stop());
    const answer = await python.run(
      `
      config.NS_HOST, config.NS_PORT = "127.0.0.1", port
      with Proxy("PYRONAME:example.warehouse") as one, Proxy("PYROMETA:shop") as other:
          return [one.list(), other.list()]
      `,
      { port: nameServer.port },
    );
    expect(answer).toEqual([['chair'], ['chair']]);
  });

  it('a name server in the application runs Nest’s guards, and its policy sees their principals', async () => {
    const port = await freePort();
    const { nameServer } = await start({
      port,
      handshakeGuards: [TokenGuard],
      policy: { register: ({ principal }) => principal === 'admin' },
    });
    await expect(locateNameServer({ ...nameServer, handshake: 'nobody' })).rejects.toThrow('rejected: Forbidden resource');
    await using guest = await locateNameServer({ ...nameServer, handshake: 'guest' });
    expect(String(await guest.lookup('example.warehouse'))).toContain('warehouse@127.0.0.1');
    await expect(guest.register('mine', 'PYRO:x@h:1')).rejects.toThrow('may not register the name "mine"');
    await using admin = await locateNameServer({ ...nameServer, handshake: 'secret' });
    await admin.register('mine', 'PYRO:x@h:1');
  });

  it('texts of strangers reach the log of a name server printable, and errors that repeat are counted', async () => {
    const { nameServer } = await start({ port: await freePort(), handshakeGuards: [TokenGuard] });
    const logged = vi.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    closeAfter(() => logged.mockRestore());
    for (let attempt = 0; attempt < 30; attempt++) {
      const asking = locateNameServer({ ...nameServer, handshake: `{\x1b[2J\n[Nest] FAKE ${attempt}` });
      await expect(asking).rejects.toThrow('rejected');
    }
    const texts = (logged.mock.calls as unknown[][]).map((parts) => parts.join('\n'));
    expect(texts).toHaveLength(20);
    expect(texts[0]).toContain('\\u001b[2J\\u000a[Nest] FAKE 0');
    expect(texts.filter((text) => /\x1b|\n\[Nest\]/.test(text))).toEqual([]);
  });

  it('a name server in the application ends after the servers have removed their names', async () => {
    const { app } = await start({ port: await freePort() });
    const { server } = app.get(PyroNameServerHost);
    const events = app.get(PyroNames).watch({ prefix: 'example.' });
    expect((await events.next()).value).toMatchObject({ kind: 'registered', name: 'example.warehouse' });
    const next = events.next();
    await app.close();
    expect((await next).value).toEqual({ kind: 'removed', name: 'example.warehouse' });
    await events.return();
    await expect(locateNameServer({ host: '127.0.0.1', port: server.uri.port })).rejects.toThrow('no name server at');
    expect(() => app.get(PyroNameServerHost).server).toThrow('from app.init() to app.close()');
  });

  it('a name server that starts while the application is closed ends with the application', async () => {
    const port = await freePort();
    const imports = [PyroNameServerModule.forRoot({ host: '127.0.0.1', port })];
    const app = await NestFactory.create(moduleOf({ imports }), { logger: false });
    closeAfter(() => app.close());
    const host = app.get(PyroNameServerHost);
    const starting = host.onModuleInit();
    await host.onApplicationShutdown();
    await starting;
    expect(() => host.server).toThrow('from app.init() to app.close()');
    await expect(locateNameServer({ host: '127.0.0.1', port })).rejects.toThrow('no name server at');
  });

  it('watches and waits of PyroNames end with the application, without a warning of Node for many of them', async () => {
    const server = await startNameServer({ host: '127.0.0.1', port: 0 });
    closeAfter(() => server.close());
    const warned = vi.spyOn(process, 'emitWarning');
    closeAfter(() => warned.mockRestore());
    @Module({ imports: [PyroModule.forRoot({ nameServer: { host: '127.0.0.1', port: server.uri.port } })] })
    class App {}
    const app = await NestFactory.createApplicationContext(App, { logger: false });
    const names = app.get(PyroNames);
    const watches = Array.from({ length: 12 }, () => names.watch());
    for (const watch of watches) expect((await watch.next()).value).toMatchObject({ name: 'Pyro.NameServer' });
    const [one, other] = watches.slice(0, 2).map((watch) => watch.next());
    const failure = names.waitFor('lab.never').catch((error: unknown) => error);
    await app.close();
    expect(await failure).toEqual(new NamingError('the application shuts down'));
    for (const end of [one, other]) expect(await end).toEqual({ done: true, value: undefined });
    // the watches that nobody reads at the moment, too
    await expect.poll(() => server.daemon.connections, { timeout: 20_000 }).toEqual([]);
    expect(await names.watch().next()).toEqual({ done: true, value: undefined });
    expect(warned).not.toHaveBeenCalled();
  });

  it('an application with several name servers registers its objects at all of them, and PyroNames watches the first that answers', async () => {
    const [own, other] = [await freePort(), await startNameServer({ host: '127.0.0.1', port: 0 })];
    closeAfter(() => other.close());
    const nameServer = [own, other.uri.port!].map((port) => ({ host: '127.0.0.1', port }));
    @Module({
      imports: [PyroNameServerModule.forRoot({ host: '127.0.0.1', port: own }), PyroModule.forRoot({ nameServer })],
      controllers: [Warehouse],
    })
    class App {}
    const app = await NestFactory.create(App, { logger: false });
    app.connectMicroservice({ strategy: new PyroServer({ host: '127.0.0.1', port: 0, nameServer }) });
    closeAfter(() => app.close());
    await app.init();
    await app.startAllMicroservices();
    for (const address of nameServer) {
      await using client = await locateNameServer(address);
      expect([...(await client.list()).keys()]).toEqual(['Pyro.NameServer', 'example.warehouse']);
    }
    const names = app.get(PyroNames);
    const events = names.watch({ prefix: 'lab.' });
    closeAfter(() => events.return());
    const next = events.next();
    await app.get(PyroNameServerHost).server.close();
    // the watch goes on at the other name server
    await using client = await locateNameServer(nameServer[1]!);
    await client.register('lab.lamp', 'PYRO:lamp@127.0.0.1:1');
    expect((await next).value).toMatchObject({ kind: 'registered', name: 'lab.lamp' });
    expect(String(await names.lookup('lab.lamp'))).toBe('PYRO:lamp@127.0.0.1:1');
  });

  it('a wrong option of the name server stops the start of the application', async () => {
    await expect(start({ port: await freePort(), polcy: {} } as never)).rejects.toThrow(
      'PyroNameServerModule: polcy is no option; did you mean policy?',
    );
  });
});
