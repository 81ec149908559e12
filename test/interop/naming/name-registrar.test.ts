import { afterEach, expect, it } from 'vitest';
import { expose, PyroDaemon } from '../../../lib/core.js';
import { locateNameServer } from '../../../lib/naming/locate.js';
import { PyroProxy } from '../../../lib/pyro/pyro-proxy.js';
import { NameRegistrar } from '../../../lib/naming/registrar/name-registrar.js';
import type { NamedObject } from '../../../lib/naming/registrar/named-object.js';
import { keepWarnings } from '../../kept-warnings.js';
import { PythonServer } from '../client/python-server.js';

keepWarnings(/^whoever reaches|was full\. The garbage collector was run/);

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function startNameServer(...args: string[]): Promise<PythonServer> {
  const server = await PythonServer.start('nameserver', ...args);
  cleanups.push(() => server.kill());
  return server;
}

function keep(port: number, objects: NamedObject[]): { registrar: NameRegistrar; told: string[] } {
  const registrar = new NameRegistrar({ nameServer: { host: '127.0.0.1', port }, objects, retryIntervalMs: 50 });
  const told: string[] = [];
  registrar.on('registered', (name, uri, nameServer) => {
    expect(nameServer.port).toBe(port);
    told.push(`registered ${name} ${uri}`);
  });
  registrar.on('taken', (name, uri) => told.push(`taken ${name} ${uri}`));
  registrar.on('removed', (name) => told.push(`removed ${name}`));
  registrar.on('unavailable', (error) => told.push(error.name));
  registrar.on('available', () => told.push('available'));
  cleanups.push(() => registrar.stop(500));
  return { registrar, told };
}

const objects: NamedObject[] = [
  { name: 'app.one', uri: 'PYRO:one@127.0.0.1:1111', metadata: ['a', 'b'] },
  { name: 'app.two', uri: 'PYRO:two@127.0.0.1:1111' },
];

it('a registrar registers names with their metadata, and removes them at the end', async () => {
  const server = await startNameServer();
  const { registrar, told } = keep(server.port, objects);
  expect(await registrar.start()).toBe(true);
  await using nameServer = await locateNameServer({ host: '127.0.0.1', port: server.port });
  expect((await nameServer.listWithMetadata({ prefix: 'app.' })).get('app.one')).toEqual({
    uri: 'PYRO:one@127.0.0.1:1111',
    metadata: new Set(['a', 'b']),
  });
  await registrar.stop();
  expect(await nameServer.count()).toBe(1);
  expect(told).toEqual([
    'registered app.one PYRO:one@127.0.0.1:1111',
    'registered app.two PYRO:two@127.0.0.1:1111',
    'removed app.one',
    'removed app.two',
  ]);
});

it('a registrar registers names at a name server that starts later, and again when the name server comes back empty', async () => {
  const first = await startNameServer();
  await first.kill();
  const { registrar, told } = keep(first.port, objects);
  expect(await registrar.start()).toBe(false);
  expect(told).toEqual(['NamingError']);
  const second = await startNameServer('--port', String(first.port));
  await expect.poll(() => told.length).toBe(4);
  expect(told.at(-1)).toBe('available');
  await second.kill();
  await startNameServer('--port', String(first.port));
  await expect.poll(() => told.filter((text) => text.startsWith('registered')).length).toBe(4);
  await using nameServer = await locateNameServer({ host: '127.0.0.1', port: first.port });
  expect((await nameServer.list({ prefix: 'app.' })).size).toBe(2);
});

it('a registrar finds a name server that moved, by broadcast', async () => {
  const start = (port: string) => startNameServer('--host', '0.0.0.0', '--bchost', '127.0.0.1', '--bcport', port);
  const first = await start('0');
  const broadcast = { port: first.broadcastPort!, addresses: ['127.0.0.1'] };
  const registrar = new NameRegistrar({ nameServer: { broadcast }, objects, retryIntervalMs: 50 });
  const ports: (number | undefined)[] = [];
  registrar.on('registered', (_name, _uri, nameServer) => ports.push(nameServer.port));
  cleanups.push(() => registrar.stop(500));
  expect(await registrar.start()).toBe(true);
  await first.kill();
  const second = await start(String(first.broadcastPort));
  expect(second.port).not.toBe(first.port);
  await expect.poll(() => ports).toEqual([first.port, first.port, second.port, second.port]);
});

it('a registrar registers removed names again, and leaves names that others have taken', async () => {
  const server = await startNameServer();
  const { registrar, told } = keep(server.port, objects);
  await registrar.start();
  await using nameServer = await locateNameServer({ host: '127.0.0.1', port: server.port });
  told.length = 0;
  await nameServer.remove('app.one');
  await expect.poll(() => told).toEqual(['registered app.one PYRO:one@127.0.0.1:1111']);
  await nameServer.register('app.two', 'PYRO:theirs@127.0.0.1:2222');
  await expect.poll(() => told.at(-1)).toBe('taken app.two PYRO:theirs@127.0.0.1:2222');
  await registrar.stop();
  expect(told.slice(2)).toEqual(['removed app.one']);
  expect(String(await nameServer.lookup('app.two'))).toBe('PYRO:theirs@127.0.0.1:2222');
});

it('a registrar never publishes the address of all interfaces', async () => {
  class Thing {
    add(a: number, b: number): number {
      return a + b;
    }
  }
  expose(Thing);
  const server = await startNameServer();
  for (const host of ['0.0.0.0', '::', '0', '0:0:0:0:0:0:0:0', '::ffff:0.0.0.0']) {
    const daemon = await PyroDaemon.listen({ host });
    cleanups.push(() => daemon.close());
    const uri = daemon.register(new Thing(), 'thing');
    expect(uri.host).toBe(host);
    const { registrar, told } = keep(server.port, [{ name: `thing at ${host}`.replaceAll(' ', '.'), uri }]);
    await registrar.start();
    expect(told[0]).toMatch(/PYRO:thing@127\.0\.0\.1:\d+$/);
    await using thing = await PyroProxy.connect<Thing>(`PYRONAME:thing.at.${host}@127.0.0.1:${server.port}`);
    expect(await thing.add(1, 2)).toBe(3);
    await registrar.stop();
  }
});

it('a registrar refuses names that are given twice and URIs that cannot be reached', () => {
  const make = (named: NamedObject[]) => () => new NameRegistrar({ nameServer: {}, objects: named });
  expect(make([objects[0]!, objects[0]!])).toThrow(
    /"app\.one" is given to two objects, PYRO:\S+ and PYRO:\S+; give one of them another name/,
  );
  expect(make([{ name: 'x', uri: 'PYRONAME:y' }])).toThrow('no PYRO uri');
  expect(make([{ ...objects[0]!, metadata: 'camera' }])).toThrow('it must be a collection of tags');
});

it('a registrar registers added names and removes others at once, without waiting for its interval', async () => {
  const server = await startNameServer();
  const registrar = new NameRegistrar({ nameServer: { host: '127.0.0.1', port: server.port } });
  cleanups.push(() => registrar.stop());
  expect(await registrar.start()).toBe(true);
  await using nameServer = await locateNameServer({ host: '127.0.0.1', port: server.port });
  for (const object of objects) registrar.add(object);
  expect(() => registrar.add(objects[0]!)).toThrow('"app.one" is given to two objects');
  await expect.poll(() => nameServer.count()).toBe(3);
  registrar.remove('app.one');
  registrar.remove('unknown');
  await expect.poll(() => nameServer.count()).toBe(2);
  // one name is free again, and another object takes the other name at once
  registrar.add(objects[0]!);
  registrar.remove('app.two');
  registrar.add({ name: 'app.two', uri: 'PYRO:other@127.0.0.1:1111' });
  await expect.poll(async () => String(await nameServer.lookup('app.two'))).toBe('PYRO:other@127.0.0.1:1111');
  await expect.poll(() => nameServer.count()).toBe(3);
  registrar.remove('app.one');
  await registrar.stop();
  expect(await nameServer.count()).toBe(1);
});

it('stop() of a registrar ends within its time limit when the name server is gone', async () => {
  const server = await startNameServer();
  const { registrar } = keep(server.port, objects);
  await registrar.start();
  await server.kill();
  const begin = Date.now();
  await registrar.stop(300);
  expect(Date.now() - begin).toBeLessThan(10_000);
});

it('registrars hold no thread of the name server: twelve programs and more clients share a name server with five threads', async () => {
  const { port } = await startNameServer('--threads', '5');
  const nameServer = { host: '127.0.0.1', port };
  const made = Array.from({ length: 12 }, (_, n) => {
    const name = `app.${n}`;
    const registrar = new NameRegistrar({ nameServer, objects: [{ name, uri: `PYRO:it@127.0.0.1:${1000 + n}` }] });
    cleanups.push(() => registrar.stop());
    return registrar;
  });
  expect(await Promise.all(made.map((registrar) => registrar.start()))).toEqual(made.map(() => true));
  const clients = await Promise.all(Array.from({ length: 4 }, () => locateNameServer({ ...nameServer, waitMs: 60_000 })));
  expect(await Promise.all(clients.map((client) => client.count()))).toEqual([13, 13, 13, 13]);
  await Promise.all(clients.map((client) => client.release()));
  await Promise.all(made.map((registrar) => registrar.stop()));
  await using last = await locateNameServer(nameServer);
  expect(await last.count()).toBe(1);
});
