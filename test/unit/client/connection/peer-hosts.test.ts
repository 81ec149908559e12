import dns from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { ProxySender } from '../../../../lib/client/options/received-proxies.js';
import type { RemoteObject } from '../../../../lib/client/proxy/remote-proxy.js';
import { processWide } from '../../../../lib/copies/process-wide.js';
import { expose, PyroDaemon, ProxyReference, PyroUri } from '../../../../lib/core.js';
import { startNameServer } from '../../../../lib/name-server/name-server.js';
import { PyroProxy, type ReferencedProxyOptions } from '../../../../lib/pyro/pyro-proxy.js';
import { HostLookups } from '../../../../lib/transport/sockets/host-lookups.js';
import { authorize, reply, ScriptedDaemon } from '../scripted-daemon.js';

interface Greeter {
  hello(): Promise<string>;
}
class GreeterObject {
  hello(): string {
    return 'hello';
  }
}
expose(GreeterObject);

/**
 * The names of peers that were looked up. Those with `slow` never end, and those with `near` are this machine; with `flaky`, they are
 * unknown at first. Others are unknown.
 */
let asked: string[] = [];
const stuck = new Set<() => void>();
const lookups = processWide(
  'host-lookups',
  () =>
    new HostLookups((host) => {
      const isKnown = !host.includes('flaky') || asked.includes(host);
      asked.push(host);
      if (host.includes('near') && isKnown) return Promise.resolve([{ address: '127.0.0.1', family: 4 }]);
      const unknown = Object.assign(new Error('unknown'), { code: 'ENOTFOUND' });
      if (!host.includes('slow')) return Promise.reject(unknown);
      return new Promise((_, reject) => stuck.add(() => reject(unknown)));
    }, 1),
);

const cleanups: (() => unknown)[] = [];
let uri: PyroUri;
beforeEach(async () => {
  asked = [];
  const daemon = await PyroDaemon.listen({ host: '127.0.0.1' });
  cleanups.push(() => daemon.close());
  uri = daemon.register(new GreeterObject(), 'greeter');
});
afterEach(async () => {
  for (const end of stuck) end();
  stuck.clear();
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function received(to: string, options: ReferencedProxyOptions = {}, sender?: ProxySender): RemoteObject<Greeter> {
  const reference = new ProxyReference(new PyroUri(to), new Set(), new Set(['hello']), new Set());
  const proxy = PyroProxy.from<Greeter>(reference, {
    maxRetries: 0,
    ...options,
    sender: sender ?? { remoteAddress: '127.0.0.1:5' },
  });
  cleanups.push(() => proxy.$release());
  return proxy;
}
const allowed = { receivedProxies: () => true };
const openSocket = (): never => expect.unreachable('a host that is too long was opened');
/** Node makes ASCII of such a host in seconds. */
const LONG_HOST = Array.from({ length: 20_000 }, (_, index) => String.fromCodePoint(0x4e00 + index)).join('');

it('while a name of a peer is looked up without end, its further names and retries start no lookup', async () => {
  const given = { connectTimeoutMs: 30, maxRetries: 2, retryDelayMs: 1 };
  for (const options of [given, { ...given, ...allowed }]) {
    const calls = ['a', 'b', 'c'].map((name) => received(`PYRO:greeter@${name}.slow:1`, options).hello());
    const outcomes = await Promise.allSettled(calls);
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'TIMEOUT', sent: false } });
  }
  expect(asked).toEqual(['a.slow']);
});

it('while names of peers are looked up without end, hosts that need no lookup, and hosts of this program, are reached', async () => {
  const slow = received('PYRO:greeter@first.slow:1').hello();
  slow.catch(() => undefined);
  await vi.waitUntil(() => asked.length === 1);
  for (const options of [{}, allowed])
    for (const host of ['127.0.0.1', 'localhost', 'LOCALHOST'])
      expect(await received(`PYRO:greeter@${host}:${uri.port}`, options).hello()).toBe('hello');
  const reached = { remoteAddress: '127.0.0.1:5', host: 'camera.lab' };
  expect(await received(`PYRO:greeter@Camera.lab:${uri.port}`, {}, reached).hello()).toBe('hello');
  const own = await PyroProxy.connect<Greeter>(`PYRO:greeter@localhost:${uri.port}`, { maxRetries: 0 });
  cleanups.push(() => own.$release());
  expect(await own.hello()).toBe('hello');
  expect(asked).toEqual(['first.slow']);
});

it('a proxy in a result that names the host of its server is not looked up', async () => {
  const server = await ScriptedDaemon.listen(async (peer) => {
    await authorize(peer, ['hello']);
    const state = [`PYRO:greeter@Server.near:${uri.port}`, [], ['hello'], [], 'hello', null];
    for (;;) reply(peer, await peer.next(), { __class__: 'Pyro5.client.Proxy', state });
  });
  cleanups.push(() => server.close());
  const finder = received(`PYRO:finder@server.near:${new PyroUri(server.uri).port}`);
  const found = (await finder.hello()) as unknown as RemoteObject<Greeter>;
  expect(await found.hello()).toBe('hello');
  expect(asked).toEqual(['server.near']);
});

it('a retry finds a name that a name server gave and the resolver did not know at first', async () => {
  const names = await startNameServer({ host: '127.0.0.1', port: 0, broadcast: false });
  cleanups.push(() => names.close());
  const client = PyroProxy.to<{ register(name: string, to: string): Promise<void> }>(names.uri);
  cleanups.push(() => client.$release());
  await client.register('greeter', `PYRO:greeter@flaky.near:${uri.port}`);
  const nameServer = { host: '127.0.0.1', port: names.uri.port! };
  const own = PyroProxy.to<Greeter>('PYRONAME:greeter', { nameServer, maxRetries: 1, retryDelayMs: 1 });
  cleanups.push(() => own.$release());
  expect(await own.hello()).toBe('hello');
  expect(asked).toEqual(['flaky.near', 'flaky.near']);
});

it('a name of this program does not wait for all names of clients at the address of its name server', async () => {
  const names = await startNameServer({ host: '127.0.0.1', port: 0, broadcast: false });
  cleanups.push(() => names.close());
  const client = PyroProxy.to<{ register(name: string, to: string): Promise<void> }>(names.uri);
  cleanups.push(() => client.$release());
  await client.register('greeter', `PYRO:greeter@own.near:${uri.port}`);
  await client.register('chosen', `PYRO:greeter@chosen.near:${uri.port}`);
  const calls = ['d.slow', 'e.slow'].map((host) => received(`PYRO:greeter@${host}:1`).hello());
  // a name that a client looks up is one of the client, too
  calls.push(received(`PYRONAME:chosen@127.0.0.1:${names.uri.port}`, allowed).hello());
  const outcomes = Promise.allSettled(calls);
  const lookUp = vi.spyOn(lookups, 'lookUp');
  cleanups.push(() => lookUp.mockRestore());
  const isWaiting = (host: string): boolean => lookUp.mock.calls.some(([wanted]) => wanted === host);
  await vi.waitUntil(() => isWaiting('chosen.near'));
  const nameServer = { host: '127.0.0.1', port: names.uri.port! };
  const own = PyroProxy.to<Greeter>('PYRONAME:greeter', { nameServer, maxRetries: 0 });
  cleanups.push(() => own.$release());
  const greeting = own.hello();
  await vi.waitUntil(() => isWaiting('own.near'));
  for (const end of stuck) end();
  expect(await greeting).toBe('hello');
  await vi.waitUntil(() => asked.includes('e.slow'));
  for (const end of stuck) end();
  expect(await outcomes).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }, { value: 'hello' }]);
  expect(asked).toEqual(['d.slow', 'own.near', 'e.slow', 'chosen.near']);
});

it('names that a name server gave, and the name server that a peer chose, are looked up in turn', async () => {
  const names = await startNameServer({ host: '127.0.0.1', port: 0, broadcast: false });
  cleanups.push(() => names.close());
  const client = PyroProxy.to<{ register(name: string, to: string): Promise<void> }>(names.uri);
  cleanups.push(() => client.$release());
  await client.register('greeter', `PYRO:greeter@greeter.near:${uri.port}`);
  await client.register('lost', `PYRO:greeter@lost.slow:${uri.port}`);
  const nameServer = { host: '127.0.0.1', port: names.uri.port! };
  const own = (name: string): RemoteObject<Greeter> => {
    const proxy = PyroProxy.to<Greeter>(`PYRONAME:${name}`, { nameServer, maxRetries: 0, connectTimeoutMs: 500 });
    cleanups.push(() => proxy.$release());
    return proxy;
  };
  expect(await own('greeter').hello()).toBe('hello');
  expect(asked).toEqual(['greeter.near']);
  expect(await received(`PYRONAME:greeter@names.near:${names.uri.port}`, allowed).hello()).toBe('hello');
  expect(asked).toEqual(['greeter.near', 'names.near', 'greeter.near']);
  await expect(own('lost').hello()).rejects.toThrow('no answer within connectTimeoutMs');
  await expect(received(`PYRONAME:greeter@names.slow:1`, { ...allowed, connectTimeoutMs: 50 }).hello()).rejects.toThrow(
    'no answer within connectTimeoutMs',
  );
  expect(asked).toEqual(['greeter.near', 'names.near', 'greeter.near', 'lost.slow']);
});

it('a host name that is unknown fails as before: refused by default, and as a failed connection where it is allowed', async () => {
  await expect(received('PYRO:greeter@nobody.test:1').hello()).rejects.toMatchObject({ code: 'SECURITY' });
  await expect(received('PYRO:greeter@nobody.test:1', allowed).hello()).rejects.toMatchObject({
    code: 'CONNECTION_CLOSED',
    message: 'cannot connect to nobody.test:1: the host name is unknown (ENOTFOUND)',
    sent: false,
  });
});

it.each([
  ['a received proxy', () => received(`PYRO:greeter@${LONG_HOST}:1`)],
  ['a received proxy that is allowed', () => received(`PYRO:greeter@${LONG_HOST}:1`, allowed)],
  ['a proxy of this program', () => PyroProxy.to<Greeter>(`PYRO:greeter@${LONG_HOST}:1`, { maxRetries: 3 })],
  ['a proxy of this program with TLS', () => PyroProxy.to<Greeter>(`PYRO:greeter@${LONG_HOST}:1`, { tls: true })],
  ['the name server of a received proxy', () => received(`PYRONAME:greeter@${LONG_HOST}:1`, allowed)],
  ['a received proxy, also where openSocket connects', () => received(`PYRO:greeter@${LONG_HOST}:1`, { ...allowed, openSocket })],
])('a host of more than 255 characters is not looked up, and calls fail at once: %s', async (_, proxyOf) => {
  const proxy = proxyOf();
  cleanups.push(() => proxy.$release());
  const lookUp = vi.spyOn(dns, 'lookup');
  cleanups.push(() => {
    lookUp.mockRestore();
    syncBuiltinESMExports();
  });
  syncBuiltinESMExports();
  const failure = await proxy.hello().catch((error: unknown) => error);
  expect(failure).toHaveProperty('message', expect.stringContaining('the host has 20000 characters'));
  expect((failure as Error).message.length).toBeLessThan(1_000);
  expect(lookUp).not.toHaveBeenCalled();
  expect(asked).toEqual([]);
});

it('a proxy whose host is too long is an ordinary argument, and the connection of its client goes on', async () => {
  class Board {
    subscribe(callback: RemoteObject<Greeter>): string {
      return new PyroUri(String(callback.$uri)).host!;
    }
  }
  expose(Board);
  const daemon = await PyroDaemon.listen({ host: '127.0.0.1' });
  cleanups.push(() => daemon.close());
  const client = PyroProxy.to<{ subscribe(callback: unknown): Promise<string> }>(daemon.register(new Board(), 'board'));
  cleanups.push(() => client.$release());
  expect(await client.subscribe(PyroProxy.to(`PYRO:greeter@${LONG_HOST}:1`))).toBe(LONG_HOST);
  expect(await client.subscribe(PyroProxy.to('PYRO:greeter@near:1'))).toBe('near');
});

it('a daemon counts a client over maxHostLookups also where its method catches the error', async () => {
  const failures: Error[] = [];
  class Board {
    async subscribe(callback: Greeter): Promise<void> {
      await callback.hello().catch((error: Error) => failures.push(error));
    }
  }
  expose(Board);
  const daemon = await PyroDaemon.listen({ host: '127.0.0.1', maxHostLookups: 1 });
  cleanups.push(() => daemon.close());
  const board = daemon.register(new Board(), 'board');
  const reached: (string | undefined)[][] = [];
  daemon.on('limitReached', (limit, error, connection) => reached.push([limit, error?.message, connection?.remoteAddress]));
  const clients = ['one', 'two'].map((name) => {
    const client = PyroProxy.to<Board>(board);
    cleanups.push(() => client.$release());
    return client.subscribe(PyroProxy.to<Greeter>(`PYRO:greeter@${name}.callback.slow:1`));
  });
  await vi.waitUntil(() => failures.length === 1);
  const message = expect.stringContaining('(maxHostLookups is 1); give an IP address in the URI') as string;
  expect(reached).toEqual([['maxHostLookups', message, expect.stringContaining('127.0.0.1:')]]);
  expect(daemon.counters.maxHostLookups).toBe(1);
  const shown = daemon.inspect().limits.find(({ name }) => name === 'maxHostLookups');
  expect(shown).toMatchObject({ used: 1, usedBy: '127.0.0.1', isNear: true, reached: 1 });
  for (const end of stuck) end();
  await Promise.all(clients);
  expect(failures[1]).toMatchObject({ code: 'SECURITY' });
});
