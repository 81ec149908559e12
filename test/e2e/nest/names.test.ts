import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { locateNameServer, type NameServerClient } from '../../../lib/core.js';
import {
  expose,
  type PyroDaemon,
  PyroController,
  PyroMethod,
  PyroProxy,
  PyroServer,
  type PyroServerOptions,
} from '../../../lib/index.js';
import { PythonServer } from '../../interop/client/python-server.js';
import { closeAfter, moduleOf, serve, type ServeOptions } from './fixtures.js';

@PyroController({ objectId: 'warehouse', name: 'example.warehouse', metadata: ['shop', 'cold'] })
class Warehouse {
  @PyroMethod() list(): string[] {
    return ['chair'];
  }
}

@PyroController({ objectId: 'nameless' })
class Nameless {
  @PyroMethod() list(): string[] {
    return [];
  }
}

/** The delay between the start of the application and of the name server; 20 s in the long mode. */
const LATE_MS = Number(process.env['NAME_SERVER_LATE_MS'] ?? 400);
const SLOW_MACHINE_MS = 20_000;

/** An object that is registered while the application runs. */
class Device {
  read(): number {
    return 42;
  }
}
expose(Device);

let log: string[] = [];
beforeEach(() => {
  log = [];
  for (const level of ['log', 'warn', 'error'] as const)
    vi.spyOn(Logger.prototype, level).mockImplementation((message: unknown) => void log.push(`${level} ${String(message)}`));
});
afterEach(() => {
  vi.restoreAllMocks();
});
const logged = (part: string): string[] => log.filter((line) => line.includes(part));

async function startNameServer(port = 0): Promise<PythonServer> {
  const server = await PythonServer.start('nameserver', '--port', String(port));
  closeAfter(() => server.kill());
  return server;
}

async function look(port: number): Promise<NameServerClient> {
  const nameServer = await locateNameServer({ host: '127.0.0.1', port });
  closeAfter(() => nameServer.release());
  return nameServer;
}

const serveNamed = (port: number, options: ServeOptions = {}) =>
  serve({ providers: [Warehouse, Nameless] }, { nameServer: { host: '127.0.0.1', port, retryIntervalMs: 100 }, ...options });

describe('names of objects at Python’s name server', () => {
  it('names are registered when the server listens, and removed when the application is closed', async () => {
    const { port } = await startNameServer();
    const names = await look(port);
    const { app, server } = await serveNamed(port);
    const { locationStr } = server.unwrap<PyroDaemon>();
    expect(await names.lookupWithMetadata('example.warehouse')).toMatchObject({
      uri: { object: 'warehouse', location: locationStr },
      metadata: new Set(['shop', 'cold']),
    });
    expect(await names.count()).toBe(2);
    await using proxy = await PyroProxy.connect<Warehouse>(`PYRONAME:example.warehouse@127.0.0.1:${port}`);
    expect(await proxy.list()).toEqual(['chair']);
    expect(logged('example.warehouse')).toEqual([
      `log "example.warehouse" is PYRO:warehouse@${locationStr} at the name server 127.0.0.1:${port}`,
    ]);
    await app.close();
    expect(await names.count()).toBe(1);
    expect(logged('taken off')).toHaveLength(1);
  });

  it('names are removed before the server stops accepting and waits for running calls', async () => {
    let finish!: () => void;
    const running = new Promise<void>((resolve) => (finish = resolve));
    @PyroController({ objectId: 'slow', name: 'slow' })
    class Slow {
      @PyroMethod() async work(): Promise<string> {
        await running;
        return 'done';
      }
    }
    const { port } = await startNameServer();
    const names = await look(port);
    const { app, join, server } = await serve({ providers: [Slow] }, { nameServer: { host: '127.0.0.1', port } });
    const daemon = server.unwrap<PyroDaemon>();
    const accepting: [message: unknown, isListening: boolean][] = [];
    vi.spyOn(Logger.prototype, 'log').mockImplementation(
      (message: unknown) => void accepting.push([String(message), daemon.isListening]),
    );
    const result = (await join('slow')).call('slow', 'work');
    const closing = app.close();
    await expect.poll(() => names.count()).toBe(1);
    await expect.poll(() => daemon.isListening).toBe(false);
    expect(accepting).toEqual([['"slow" was taken off the name server', true]]);
    finish();
    expect(await result).toBe('done');
    await closing;
  });

  it('names are registered again after the name server restarted empty, and the log tells its end and return once', async () => {
    const first = await startNameServer();
    await serveNamed(first.port);
    await first.kill();
    await expect.poll(() => logged('no name server at').length).toBe(1);
    await startNameServer(first.port);
    const names = await look(first.port);
    await expect.poll(() => names.count()).toBe(2);
    await expect.poll(() => logged('is there again').length).toBe(1);
    expect(logged('no name server at')).toHaveLength(1);
    expect(logged('log "example.warehouse" is')).toHaveLength(2);
  });

  it('names are registered within retryIntervalMs at a name server that starts later than the application', async () => {
    const placeholder = await startNameServer();
    await placeholder.kill();
    const { port } = placeholder;
    const retryIntervalMs = LATE_MS / 4;
    const { server } = await serveNamed(port, { nameServer: { host: '127.0.0.1', port, retryIntervalMs } });
    expect(server.unwrap<PyroDaemon>().isListening).toBe(true);
    expect(logged('no name server at')).toHaveLength(1);
    await sleep(LATE_MS);
    await startNameServer(port);
    const names = await look(port);
    await expect.poll(() => names.count(), { timeout: retryIntervalMs + SLOW_MACHINE_MS }).toBe(2);
    expect(logged('no name server at')).toHaveLength(1);
  });

  it('names that somebody else registered meanwhile are not removed', async () => {
    const { port } = await startNameServer();
    const names = await look(port);
    const { app } = await serveNamed(port);
    await names.register('example.warehouse', 'PYRO:other@127.0.0.1:1');
    await expect.poll(() => logged('was given to PYRO:other@127.0.0.1:1').length).toBe(1);
    await app.close();
    expect(String(await names.lookup('example.warehouse'))).toBe('PYRO:other@127.0.0.1:1');
  });

  it('a name is registered with an address that reaches this server, never with all interfaces', async () => {
    const { port } = await startNameServer();
    const names = await look(port);
    const { server } = await serveNamed(port, { host: '0.0.0.0' });
    expect(server.unwrap<PyroDaemon>().locationStr).toMatch(/^0\.0\.0\.0:/);
    expect(String(await names.lookup('example.warehouse'))).toMatch(/^PYRO:warehouse@127\.0\.0\.1:\d+$/);
  });

  it('a name is registered with natHost when it is set', async () => {
    const { port } = await startNameServer();
    const names = await look(port);
    await serveNamed(port, { host: '0.0.0.0', natHost: 'lab.example', natPort: 4711 });
    expect(String(await names.lookup('example.warehouse'))).toBe('PYRO:warehouse@lab.example:4711');
  });

  it('a name server that does not answer delays neither start nor end', async () => {
    const { createServer } = await import('node:net');
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    closeAfter(() => silent.close());
    await new Promise((resolve) => silent.once('listening', resolve));
    const begin = performance.now();
    const { app } = await serveNamed((silent.address() as { port: number }).port);
    await app.close();
    expect(performance.now() - begin).toBeLessThan(8_000);
  });
});

describe('wrong names and addresses', () => {
  const start = (options: PyroServerOptions, ...providers: (new () => object)[]) =>
    serve({ providers: [Warehouse, ...providers] }, options);

  it('a server refuses two objects with one name', async () => {
    @PyroController({ objectId: 'other', name: 'example.warehouse' })
    class Other {
      @PyroMethod() method(): void {}
    }
    await expect(start({ nameServer: true }, Other)).rejects.toThrow(
      /two Pyro objects have the name "example.warehouse": Warehouse in .* and Other in/,
    );
  });

  it('a server refuses invalid addresses of a name server, and invalid intervals', async () => {
    await expect(start({ nameServer: { host: 'a', unixSocket: 'b' } })).rejects.toThrow('unixSocket excludes host and port');
    await expect(start({ nameServer: { retryIntervalMs: 0 } })).rejects.toThrow('retryIntervalMs is 0');
  });

  it('a server refuses to register an object that nobody can reach, and leaves nothing behind', async () => {
    const server = new PyroServer({ listen: false, nameServer: true });
    const app = await NestFactory.createMicroservice(moduleOf({ providers: [Warehouse] }), { strategy: server, logger: false });
    closeAfter(() => app.close());
    await expect(app.listen()).rejects.toThrow('"example.warehouse" cannot be registered: the daemon does not listen');
    expect(() => server.unwrap()).toThrow('no daemon yet');
  });
});

describe('objects that are registered while the application runs', () => {
  it('an object registered at run time is called, has its name, and loses it when it is unregistered', async () => {
    const { port } = await startNameServer();
    const names = await look(port);
    const { server } = await serveNamed(port, { nameServer: { host: '127.0.0.1', port, retryIntervalMs: 60_000 } });
    const registered = server.register(new Device(), { objectId: 'device', name: 'lab.device', metadata: ['lab'] });
    expect(registered.uri.object).toBe('device');
    await expect.poll(() => names.count()).toBe(3);
    await using proxy = await PyroProxy.connect<Device>(`PYROMETA:lab@127.0.0.1:${port}`);
    expect(await proxy.read()).toBe(42);
    registered.unregister();
    await expect.poll(() => names.count()).toBe(2);
    await expect(proxy.read()).rejects.toThrow('unknown object');
    registered.unregister();
  });

  it('an object may be registered before the server listens, and again after the daemon removed it', async () => {
    const { port } = await startNameServer();
    const names = await look(port);
    let early!: ReturnType<PyroServer['register']>;
    const { server } = await serveNamed(port, {
      prepare: (_app, made) => {
        early = made.register(new Device(), { objectId: 'device', name: 'lab.device' });
        expect(() => early.uri).toThrow('the PyroServer does not listen');
      },
    });
    expect(await names.count()).toBe(3);
    expect(early.uri.location).toBe(server.unwrap<PyroDaemon>().locationStr);
    server.unwrap<PyroDaemon>().unregister('device');
    await expect.poll(() => names.count()).toBe(2);
    using again = server.register(new Device(), { objectId: 'device', name: 'lab.device' });
    expect(again.objectId).toBe('device');
    await expect.poll(() => names.count()).toBe(3);
  });

  it('before the server listens, register refuses what it refuses later: an id or an object twice, unless forced', async () => {
    const server = new PyroServer({ port: 0 });
    const device = new Device();
    server.register(device, { objectId: 'device' });
    expect(() => server.register(new Device(), { objectId: 'device' })).toThrow('already registered with that id: "device"');
    expect(() => server.register(device, { objectId: 'other' })).toThrow('already has a Pyro id: "device"');
    expect(() => server.register(new Device(), { objectId: 'two words' })).toThrow('without white space');
    const replacement = new Device();
    server.register(replacement, { objectId: 'device', force: true });
    server.register(replacement, { objectId: 'other', force: true });
    await new Promise<void>((resolve, reject) => server.listen((error) => (error ? reject(error as Error) : resolve())));
    closeAfter(() => server.close());
    const daemon = server.unwrap<PyroDaemon>();
    expect(daemon.objectIds.toSorted()).toEqual(['Pyro.Daemon', 'device', 'other']);
    expect(daemon.uriFor(replacement).object).toBe('other');
  });

  it('objects wait for the next listen when one of them cannot be served', async () => {
    const { port } = await startNameServer();
    const server = new PyroServer({ host: '127.0.0.1', port: 0, nameServer: { host: '127.0.0.1', port } });
    server.register(new Device(), { objectId: 'one', name: 'lab.device' });
    const second = server.register(new Device(), { objectId: 'two', name: 'lab.device' });
    closeAfter(() => server.close());
    const listen = (): Promise<void> =>
      new Promise((resolve, reject) => server.listen((error) => (error ? reject(error as Error) : resolve())));
    await expect(listen()).rejects.toThrow('"two" cannot have the name "lab.device"');
    await expect(listen()).rejects.toThrow('"two" cannot have the name "lab.device"');
    second.unregister();
    await listen();
    expect(server.unwrap<PyroDaemon>().objectIds.toSorted()).toEqual(['Pyro.Daemon', 'one']);
  });

  it('objects registered at run time are served again when the server listens anew', async () => {
    const { app, server } = await serve({ providers: [Nameless] });
    server.register(new Device(), { objectId: 'device' });
    await server.close();
    await new Promise<void>((resolve, reject) => server.listen((error) => (error ? reject(error as Error) : resolve())));
    closeAfter(() => app.close());
    await using proxy = await PyroProxy.connect<Device>(server.unwrap<PyroDaemon>().uriFor('device'));
    expect(await proxy.read()).toBe(42);
  });

  it('a server refuses to register an object at run time under the name of another object, and leaves nothing behind', async () => {
    const { port } = await startNameServer();
    const { server } = await serveNamed(port);
    expect(() => server.register(new Device(), { objectId: 'device', name: 'example.warehouse' })).toThrow(
      '"device" cannot have the name "example.warehouse": "warehouse" has it',
    );
    expect(server.unwrap<PyroDaemon>().objectCount).toBe(3);
    server.register(new Device(), { objectId: 'device' });
    expect(() => server.register(new Device(), { objectId: 'device' })).toThrow('already registered');
  });

  it('a server refuses to register at run time what only Nest can serve', async () => {
    expect(() => new PyroServer().register(new Warehouse())).toThrow('Warehouse has @PyroMethod members');
  });
});
