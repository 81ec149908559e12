import { AsyncLocalStorage } from 'node:async_hooks';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { locateNameServer, PyroProxy, type PyroProxyOptions, type RemoteObject } from '../../../lib/core.js';
import { TestAuthority } from '../../certificates.js';
import { collectUntil } from '../../garbage-collection.js';
import { keepWarnings } from '../../kept-warnings.js';
import { PythonServer } from './python-server.js';

interface Factory {
  connections(): number;
  stream(): Iterator<unknown>;
}

/** The store of a request, which leads to the proxies of the request, as the stores of nestjs-cls do. */
const requests = new AsyncLocalStorage<{ proxy?: unknown }>();

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'pyro-'));
  cleanups.push(() => rm(directory, { recursive: true }));
  return directory;
}

async function startServer(...args: Parameters<typeof PythonServer.start>): Promise<PythonServer> {
  const server = await PythonServer.start(...args);
  cleanups.push(() => server.kill());
  return server;
}

interface Reached {
  uri: string;
  options: PyroProxyOptions;
}

/** The ways to reach a Python server. */
const ways: Record<string, () => Promise<Reached>> = {
  TCP: async () => ({ uri: (await startServer('thread')).uri('factory'), options: {} }),
  'a host name': async () => ({ uri: `PYRO:factory@localhost:${(await startServer('thread')).port}`, options: {} }),
  'a unix socket': async () => {
    const server = await startServer('thread', '--unixsocket', join(await temporaryDirectory(), 'socket'));
    return { uri: server.uri('factory'), options: {} };
  },
  TLS: async () => {
    const authority = await TestAuthority.create(await temporaryDirectory(), 'ca');
    const [served, { cert, key }] = [await authority.issue('server'), await authority.issue('client')];
    const server = await startServer('thread', '--tls', served.certFile, served.keyFile, authority.certFile);
    return { uri: server.uri('factory'), options: { tls: { ca: authority.cert, cert, key } } };
  },
  openSocket: async () => {
    const server = await startServer('thread');
    return { uri: server.uri('factory'), options: { openSocket: () => connectSocket(server.port, '127.0.0.1') } };
  },
  'a name': async () => {
    const { port } = await startServer('nameserver');
    const nameServer = { host: '127.0.0.1', port };
    const server = await startServer('thread');
    await using names = await locateNameServer(nameServer);
    await names.register('stores.factory', server.uri('factory'));
    return { uri: 'PYRONAME:stores.factory', options: { nameServer } };
  },
};

/** The uses of a proxy in a request. */
const uses: Record<string, (proxy: RemoteObject<Factory>) => Promise<unknown>> = {
  'a call': (proxy) => proxy.connections(),
  'a call with time limits': (proxy) => proxy.$with({ callTimeoutMs: 3_600_000 }).connections(),
  'a batch': (proxy) => proxy.$batch((batch) => batch.connections()),
  'a stream that is read': async (proxy) => {
    for await (const _ of await proxy.stream());
  },
  'a stream that is dropped': async (proxy) => (await proxy.stream()).next(),
};

/** Uses a proxy in a store that leads to the proxy, and drops both. */
function useInStore({ uri, options }: Reached, use: (proxy: RemoteObject<Factory>) => Promise<unknown>): Promise<void> {
  return requests.run({}, async () => {
    const proxy = PyroProxy.to<Factory>(uri, { idleTimeoutMs: 3_600_000, ...options });
    requests.getStore()!.proxy = proxy;
    await use(proxy);
  });
}

async function watch({ uri, options }: Reached): Promise<RemoteObject<Factory>> {
  const watcher = await PyroProxy.connect<Factory>(uri, options);
  cleanups.push(() => watcher.$release());
  return watcher;
}

describe('the garbage collector closes the connections of dropped proxies to which a store leads', () => {
  it.each(Object.entries(ways))(
    'the garbage collector closes connections of dropped proxies in a store, over %s',
    async (_, reach) => {
      const reached = await reach();
      const watcher = await watch(reached);
      await useInStore(reached, uses['a call']!);
      expect(await watcher.connections()).toBe(2);
      await collectUntil(async () => (await watcher.connections()) === 1);
    },
  );

  it.each(Object.entries(uses))(
    'the garbage collector closes connections of dropped proxies in a store, after %s',
    async (_, use) => {
      const reached = await ways['TCP']!();
      const watcher = await watch(reached);
      await useInStore(reached, use);
      await collectUntil(async () => (await watcher.connections()) === 1);
      expect(watcher.$connected).toBe(true);
    },
  );
});

describe('against a server that is full', () => {
  keepWarnings(/was full\. The garbage collector was run/);

  it('dropped proxies to which a store leads never use up the threads of the server', async () => {
    const server = await startServer('thread', '--threads', '5');
    for (let round = 0; round < 20; round++) await useInStore({ uri: server.uri('factory'), options: {} }, uses['a call']!);
    expect(await (await watch({ uri: server.uri('factory'), options: {} })).connections()).toBeLessThanOrEqual(5);
  });
});
