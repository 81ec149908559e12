import { mkdtemp, rm } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PyroUri, startNameServer as startOwn } from '../../../lib/core.js';
import { locateNameServer, resolve } from '../../../lib/naming/locate.js';
import type { NameServerClient } from '../../../lib/naming/name-server-client.js';
import { PyroProxy } from '../../../lib/pyro/pyro-proxy.js';
import { NamingError } from '../../../lib/protocol/errors.js';
import { Relay } from '../../relay.js';
import { PythonServer } from '../client/python-server.js';
import type { Thing } from '../client/thing.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function startNameServer(...args: string[]): Promise<PythonServer> {
  const server = await PythonServer.start('nameserver', ...args);
  cleanups.push(() => server.kill());
  return server;
}

describe('the name server of Pyro5', () => {
  let server: PythonServer;
  let things: PythonServer;
  let nameServer: NameServerClient;
  let address: { host: string; port: number };

  beforeAll(async () => {
    [server, things] = await Promise.all([PythonServer.start('nameserver'), PythonServer.start('thread')]);
    address = { host: '127.0.0.1', port: server.port };
    nameServer = await locateNameServer(address);
  });
  afterAll(async () => {
    await nameServer.release();
    await Promise.all([server.kill(), things.kill()]);
  });
  beforeEach(async () => {
    await nameServer.remove({ prefix: '' });
    await nameServer.remove({ regex: '.*' });
  });

  it('a program registers, looks up, lists and removes names at Pyro5’s name server', async () => {
    expect(nameServer.uri).toEqual(new PyroUri(`PYRO:Pyro.NameServer@${server.location}`));
    await nameServer.ping();
    expect(await nameServer.count()).toBe(1);
    await nameServer.register('lab.one', 'PYRO:one@host:1');
    await nameServer.register('lab.two', new PyroUri('PYRO:two@host:2'), { metadata: ['a', 'b'] });
    await nameServer.register('__proto__', 'PYRO:three@[::1]:3');
    expect(await nameServer.lookup('lab.one')).toEqual(new PyroUri('PYRO:one@host:1'));
    expect(await nameServer.lookupWithMetadata('lab.one')).toEqual({ uri: new PyroUri('PYRO:one@host:1'), metadata: new Set() });
    expect(await nameServer.lookupWithMetadata('lab.two')).toEqual({
      uri: new PyroUri('PYRO:two@host:2'),
      metadata: new Set(['a', 'b']),
    });
    expect((await nameServer.list()).get('__proto__')).toBe('PYRO:three@[::1]:3');
    expect([...(await nameServer.list({ prefix: 'lab.' }))].sort(([a], [b]) => (a < b ? -1 : 1))).toEqual([
      ['lab.one', 'PYRO:one@host:1'],
      ['lab.two', 'PYRO:two@host:2'],
    ]);
    expect((await nameServer.listWithMetadata({ regex: '.*two' })).get('lab.two')?.metadata).toEqual(new Set(['a', 'b']));
    await expect(nameServer.list({ regex: '(' })).rejects.toThrow(NamingError);
    expect(await nameServer.remove('lab.one')).toBe(1);
    expect(await nameServer.remove('lab.one')).toBe(0);
    expect(await nameServer.remove({ prefix: 'lab.' })).toBe(1);
    await expect(nameServer.lookup('lab.one')).rejects.toThrow(new NamingError('unknown name: lab.one'));
  });

  it('a client of a name server that is passed to Python is a proxy there', async () => {
    await using thing = await PyroProxy.connect<Thing>(things.uri('thing'));
    const passed = (await thing.echo(nameServer)) as PyroProxy;
    expect(passed.$uri).toEqual(nameServer.uri);
    await passed.$release();
  });

  it('a safe registration keeps an existing name, any other replaces it', async () => {
    await nameServer.register('lab.one', 'PYRO:one@host:1');
    await expect(nameServer.register('lab.one', 'PYRO:x@host:1', { safe: true })).rejects.toThrow('name already registered');
    await nameServer.register('lab.one', 'PYRO:x@host:1');
    expect((await nameServer.lookup('lab.one')).object).toBe('x');
  });

  it('a program finds names by their metadata', async () => {
    await nameServer.register('lab.one', 'PYRO:one@host:1', { metadata: ['device', 'camera'] });
    await nameServer.register('lab.two', 'PYRO:two@host:2', { metadata: ['device'] });
    expect([...(await nameServer.yplookup({ all: ['device', 'camera'] })).keys()]).toEqual(['lab.one']);
    expect((await nameServer.yplookup({ any: new Set(['device', 'camera']) })).size).toBe(2);
    expect((await nameServer.yplookup({ all: ['nothing'] })).size).toBe(0);
    await expect(nameServer.yplookup({} as never)).rejects.toThrow(
      'yplookup: the filter has neither all nor any; it must have tags',
    );
    await nameServer.setMetadata('lab.two', ['device', 'stage']);
    expect(await nameServer.yplookup({ all: ['stage'] })).toEqual(
      new Map([['lab.two', { uri: 'PYRO:two@host:2', metadata: new Set(['device', 'stage']) }]]),
    );
    await expect(nameServer.setMetadata('nothing', [])).rejects.toThrow(NamingError);
  });

  it('proxies connect by name and by metadata', async () => {
    await nameServer.register('lab.thing', things.uri('thing'), { metadata: ['device', 'camera'] });
    for (const uri of ['PYRONAME:lab.thing', 'PYROMETA:camera,device']) {
      await using thing = await PyroProxy.connect<Thing>(uri, { nameServer: address });
      expect(await thing.add(1)).toBe(11);
      expect(String(thing.$uri)).toBe(uri);
      expect(await resolve(`${uri}@${server.location}`)).toEqual(new PyroUri(things.uri('thing')));
    }
    expect(await resolve('PYRO:a@b:1')).toEqual(new PyroUri('PYRO:a@b:1'));
    await expect(resolve('PYRONAME:nothing', address)).rejects.toThrow(new NamingError('unknown name: nothing'));
    await expect(resolve('PYROMETA:nothing,device', address)).rejects.toThrow(NamingError);
  });

  it('a proxy looks its name up for each new connection, so that a moved object is found', async () => {
    const first = await PythonServer.start('thread');
    await nameServer.register('lab.moving', first.uri('thing'));
    await using thing = await PyroProxy.connect<Thing>('PYRONAME:lab.moving', { nameServer: address });
    await first.kill();
    await expect.poll(() => thing.$connected).toBe(false);
    await nameServer.register('lab.moving', things.uri('thing'));
    expect(await thing.add(1)).toBe(11);
  });

  it('a lookup waits for the name server, and for a name', async () => {
    const relay = await Relay.start(server.location);
    cleanups.push(() => relay.close());
    const throughRelay = { host: '127.0.0.1', port: Number(relay.location.split(':')[1]) };
    await expect(resolve('PYRONAME:lab.late', throughRelay)).rejects.toThrow('unknown name');
    const bytesOfLookup = relay.sentBytes;
    const waiting = PyroProxy.connect<Thing>('PYRONAME:lab.late', { nameServer: { ...throughRelay, waitMs: 60_000 } });
    await expect.poll(() => relay.sentBytes, { timeout: 60_000 }).toBeGreaterThan(2 * bytesOfLookup);
    await nameServer.register('lab.late', things.uri('thing'));
    await using thing = await waiting;
    expect(await thing.add(1)).toBe(11);
    const begin = Date.now();
    await expect(resolve('PYRONAME:never', { ...address, waitMs: 300 })).rejects.toThrow('unknown name');
    expect(Date.now() - begin).toBeGreaterThanOrEqual(300);
    const late = await startNameServer();
    await late.kill();
    const found = locateNameServer({ host: '127.0.0.1', port: late.port, waitMs: 60_000 });
    await startNameServer('--port', String(late.port));
    await (await found).release();
  });

  it('a watch of Pyro5’s name server asks again and again, and gives each change once', async () => {
    await nameServer.register('lab.first', 'PYRO:one@host:1', { metadata: ['cam'] });
    await nameServer.register('other', 'PYRO:one@host:1', { metadata: ['cam'] });
    const ended = new AbortController();
    const events = nameServer.watch({ prefix: 'lab.', pollIntervalMs: 20, signal: ended.signal });
    const cameras = nameServer.watch({ prefix: 'lab.', tags: ['cam'], pollIntervalMs: 20, signal: ended.signal });
    const told = async (watch: typeof events): Promise<string> => {
      const { value } = await watch.next();
      if (value === undefined) return 'end';
      return value.kind === 'removed' ? `- ${value.name}` : `+ ${value.name} ${value.uri} ${[...value.metadata]}`;
    };
    expect(await told(events)).toBe('+ lab.first PYRO:one@host:1 cam');
    expect(await told(cameras)).toBe('+ lab.first PYRO:one@host:1 cam');
    await nameServer.register('lab.second', 'PYRO:two@host:2');
    expect(await told(events)).toBe('+ lab.second PYRO:two@host:2 ');
    await nameServer.register('lab.second', 'PYRO:moved@host:2');
    expect(await told(events)).toBe('+ lab.second PYRO:moved@host:2 ');
    await nameServer.setMetadata('lab.second', ['cam']);
    expect(await told(events)).toBe('+ lab.second PYRO:moved@host:2 cam');
    expect(await told(cameras)).toBe('+ lab.second PYRO:moved@host:2 cam');
    await nameServer.setMetadata('lab.first', []);
    expect(await told(events)).toBe('+ lab.first PYRO:one@host:1 ');
    expect(await told(cameras)).toBe('- lab.first');
    await nameServer.remove('lab.second');
    expect(await told(events)).toBe('- lab.second');
    expect(await told(cameras)).toBe('- lab.second');
    ended.abort();
    expect(await told(events)).toBe('end');
    expect(await told(cameras)).toBe('end');
  });

  it('a watch of Pyro5’s name server goes on when another one stands at its address', async () => {
    const first = await startNameServer();
    await using names = await locateNameServer({ host: '127.0.0.1', port: first.port });
    await names.register('lab.goes', 'PYRO:one@host:1');
    const events = names.watch({ prefix: 'lab.', pollIntervalMs: 20 });
    expect((await events.next()).value).toMatchObject({ kind: 'registered', name: 'lab.goes' });
    await first.kill();
    await startNameServer('--port', String(first.port));
    expect((await events.next()).value).toEqual({ kind: 'removed', name: 'lab.goes' });
    await events.return();
  });

  it('waitFor finds a name that is registered later at Pyro5’s name server', async () => {
    await nameServer.register('lab.late.other', 'PYRO:other@host:1');
    const waiting = nameServer.waitFor('lab.late');
    await nameServer.register('lab.late', 'PYRO:late@host:1');
    expect(String(await waiting)).toBe('PYRO:late@host:1');
    await expect(nameServer.waitFor('lab.never', { timeoutMs: 100 })).rejects.toThrow(
      '"lab.never" was not registered within timeoutMs (100 ms)',
    );
  });

  it('watches and waits hold no thread of Pyro5’s name server between two questions', async () => {
    const { port } = await startNameServer('--threads', '4');
    const few = { host: '127.0.0.1', port, waitMs: 60_000 };
    const client = await locateNameServer(few);
    await client.release();
    const ended = new AbortController();
    const watches = Array.from({ length: 6 }, () => client.watch({ pollIntervalMs: 600_000, signal: ended.signal }));
    for (const watch of watches) expect((await watch.next()).value).toMatchObject({ name: 'Pyro.NameServer' });
    const pauses = watches.map((watch) => watch.next());
    const waiting = Array.from({ length: 6 }, () => client.waitFor('lab.camera', { timeoutMs: 120_000 }));
    await using other = await locateNameServer(few);
    await other.register('lab.camera', 'PYRO:camera@host:1');
    expect((await Promise.all(waiting)).map(String)).toEqual(waiting.map(() => 'PYRO:camera@host:1'));
    ended.abort();
    for (const pause of pauses) expect(await pause).toEqual({ done: true, value: undefined });
  });

  it('a watch is told of changes, and asks no more, when a name server of this library takes the place of Pyro5’s', async () => {
    const relay = await Relay.start(server.location);
    cleanups.push(() => relay.close());
    await using names = await locateNameServer({ host: '127.0.0.1', port: Number(relay.location.split(':')[1]) });
    const events = names.watch({ pollIntervalMs: 20 });
    expect((await events.next()).value).toMatchObject({ kind: 'registered', name: 'Pyro.NameServer' });
    const ours = await startOwn({ host: '127.0.0.1', port: 0 });
    cleanups.push(() => ours.close());
    relay.target = ours.daemon.locationStr;
    await using client = await locateNameServer({ host: '127.0.0.1', port: ours.uri.port });
    await client.register('lab.lamp', 'PYRO:lamp@host:1');
    for await (const { name } of { [Symbol.asyncIterator]: () => ({ next: () => events.next() }) })
      if (name === 'lab.lamp') break;
    const next = events.next();
    await expect.poll(() => ours.daemon.inspect().totals.streamsOpen, { timeout: 20_000 }).toBe(1);
    await client.remove('lab.lamp');
    expect((await next).value).toMatchObject({ kind: 'removed', name: 'lab.lamp' });
    await events.return();
  });

  it('a lookup receives handshake data only with an address that is its own, allowed, or reached over TLS', async () => {
    const elsewhere = Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
    await nameServer.register('lab.near', things.uri('thing'));
    await nameServer.register('lab.far', `PYRO:thing@${elsewhere ?? '192.0.2.1'}:${things.port}`);
    const options = { nameServer: address, handshake: 'secret', maxRetries: 0 };
    await (await PyroProxy.connect('PYRONAME:lab.near', options)).$release();
    await expect(PyroProxy.connect('PYRONAME:lab.far', options)).rejects.toMatchObject({ code: 'SECURITY' });
    const allowed = { ...options, receivedProxies: (): boolean => true, connectTimeoutMs: 200 };
    await expect(PyroProxy.connect('PYRONAME:lab.far', allowed)).rejects.not.toMatchObject({ code: 'SECURITY' });
  });
});

describe('locating a name server', () => {
  it('a program locates a name server at a unix socket, and on IPv6', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'pyro-'));
    cleanups.push(() => rm(directory, { recursive: true }));
    const unixSocket = join(directory, 'ns.sock');
    const local = await startNameServer('--unixsocket', unixSocket);
    await using byPath = await locateNameServer({ unixSocket });
    expect(byPath.uri.socketName).toBe(unixSocket);
    expect(await resolve(`PYRONAME:Pyro.NameServer@${local.location}`)).toEqual(byPath.uri);
    await using byHost = await locateNameServer({ host: `./u:${unixSocket}` });
    expect(byHost.uri).toEqual(byPath.uri);
    const six = await startNameServer('--host', '::1');
    await using byAddress = await locateNameServer({ host: '::1', port: six.port });
    expect(await byAddress.count()).toBe(1);
  });

  it('locating fails with a NamingError when there is no name server, and broadcasts only when told to', async () => {
    const gone = await startNameServer();
    await gone.kill();
    await expect(locateNameServer({ host: '127.0.0.1', port: gone.port })).rejects.toThrow(NamingError);
    await expect(locateNameServer({ host: 'x', unixSocket: 'y' })).rejects.toMatchObject({ code: 'CONFIG' });
  });

  it('a program locates a name server by broadcast', async () => {
    const responder = await startNameServer('--host', '0.0.0.0', '--bchost', '127.0.0.1', '--bcport', '0');
    expect(responder.broadcastPort).toBeGreaterThan(0);
    const broadcast = { port: responder.broadcastPort!, addresses: ['127.0.0.1'] };
    await using found = await locateNameServer({ broadcast });
    expect(found.uri.port).toBe(responder.port);
    const nobody = { port: 1, addresses: ['127.0.0.1'] };
    await expect(locateNameServer({ broadcast: nobody })).rejects.toThrow('no name server at localhost:9090');
    const impatient = AbortSignal.timeout(300);
    await expect(locateNameServer({ broadcast: nobody, signal: impatient })).rejects.toThrow('timeout');
  });
});
