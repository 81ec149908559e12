import { afterEach, expect, it, vi } from 'vitest';
import type { ClientRegistry } from '../../../../lib/nest/client/client-registry.js';
import { PyroNames } from '../../../../lib/nest/names/pyro-names.js';
import { resolve } from '../../../../lib/naming/locate.js';
import { authorize, reply, ScriptedDaemon } from '../../client/scripted-daemon.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

it('lookups and lists of PyroNames at the same time share few connections to the name server, also with lookups of proxies', async () => {
  let open = 0;
  let most = 0;
  const daemon = await ScriptedDaemon.listen(async (peer) => {
    await authorize(peer, ['lookup', 'list', 'yplookup']);
    most = Math.max(most, ++open);
    peer.socket.once('close', () => open--);
    const request = await peer.next();
    const isLookup = request.data.toString().includes("'lookup'");
    reply(peer, request, isLookup ? 'PYRO:thing@127.0.0.1:1' : { thing: ['PYRO:thing@127.0.0.1:1', []] });
  });
  cleanups.push(() => daemon.close());
  const nameServer = { host: '127.0.0.1', port: Number(daemon.uri.split(':').at(-1)) };
  const names = new PyroNames({ nameServers: [nameServer] } as unknown as ClientRegistry);
  // the time after which a lookup waits for no others does not pass
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  cleanups.push(() => vi.useRealTimers());
  const twelve = <T>(ask: () => Promise<T>): Promise<T>[] => Array.from({ length: 12 }, ask);
  const found = Promise.all([...twelve(() => names.lookup('thing')), ...twelve(() => resolve('PYRONAME:thing', nameServer))]);
  const lists = Promise.all([...twelve(() => names.list()), ...twelve(() => names.yplookup({ all: ['a'] }))]);
  expect(new Set((await found).map(String))).toEqual(new Set(['PYRO:thing@127.0.0.1:1']));
  expect(new Set((await lists).map(({ size }) => size))).toEqual(new Set([1]));
  // a connection that the client has closed may still be open at the name server when the next one comes
  expect(most).toBeLessThan(5);
});

it('a lookup of PyroNames that waits for others ends when the application shuts down', async () => {
  const daemon = await ScriptedDaemon.listen(async (peer) => {
    await authorize(peer, ['lookup']);
  });
  cleanups.push(() => daemon.close());
  const nameServer = { host: '127.0.0.1', port: Number(daemon.uri.split(':').at(-1)), callTimeoutMs: 100 };
  const names = new PyroNames({ nameServers: [nameServer] } as unknown as ClientRegistry);
  const lookups = Array.from({ length: 3 }, () => names.lookup('thing').catch((error: Error) => error.message));
  names.onApplicationShutdown();
  expect((await Promise.all(lookups))[2]).toBe('the application shuts down');
});

it('lookups of PyroNames at several name servers share few connections with those of proxies to one of them', async () => {
  let open = 0;
  let most = 0;
  const daemon = await ScriptedDaemon.listen(async (peer) => {
    await authorize(peer, ['lookup']);
    most = Math.max(most, ++open);
    peer.socket.once('close', () => open--);
    reply(peer, await peer.next(), 'PYRO:thing@127.0.0.1:1');
  });
  cleanups.push(() => daemon.close());
  const nameServer = { host: '127.0.0.1', port: Number(daemon.uri.split(':').at(-1)) };
  const namesAlso = (port: number): PyroNames =>
    new PyroNames({ nameServers: [nameServer, { host: '127.0.0.1', port }] } as unknown as ClientRegistry);
  const several = [1, 2, 3].map(namesAlso);
  // the times after which a lookup waits for no others, and asks the next name server, do not pass
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  cleanups.push(() => vi.useRealTimers());
  const twelve = <T>(ask: () => Promise<T>): Promise<T>[] => Array.from({ length: 12 }, ask);
  const found = several.flatMap((names) => twelve(() => names.lookup('thing')));
  found.push(...twelve(() => resolve('PYRONAME:thing', nameServer)));
  expect(new Set((await Promise.all(found)).map(String))).toEqual(new Set(['PYRO:thing@127.0.0.1:1']));
  // a connection that the client has closed may still be open at the name server when the next one comes
  expect(most).toBeLessThan(5);
});

it('the methods of PyroNames reject, and do not throw, when a setting of the environment is wrong', async () => {
  vi.stubEnv('PYRO_NS_PORT', 'abc');
  cleanups.push(() => vi.unstubAllEnvs());
  // the environment is read once
  vi.resetModules();
  const fresh = await import('../../../../lib/nest/names/pyro-names.js');
  const names = new fresh.PyroNames({ nameServers: {} } as unknown as ClientRegistry);
  const asked = [() => names.lookup('thing'), () => names.list(), () => names.yplookup({ all: ['a'] })];
  const failed = asked.map((ask): Promise<unknown> => ask().catch((error: unknown) => error));
  for (const error of await Promise.all(failed))
    expect(error).toMatchObject({ code: 'CONFIG', message: expect.stringContaining('PYRO_NS_PORT') as string });
});

it.each([1, 2])(
  'lookups of PyroNames that wait at %d name servers end when the application shuts down, without further tries',
  async (count) => {
    const daemon = await ScriptedDaemon.listen(async (peer) => {
      await authorize(peer, ['lookup']);
    });
    cleanups.push(() => daemon.close());
    const nameServer = { host: '127.0.0.1', port: Number(daemon.uri.split(':').at(-1)), callTimeoutMs: 5_000, waitMs: 60_000 };
    const names = new PyroNames({ nameServers: Array.from({ length: count }, () => nameServer) } as unknown as ClientRegistry);
    const lookups = Array.from({ length: 3 }, () => names.lookup('thing').catch((error: Error) => error.message));
    names.onApplicationShutdown();
    expect(await lookups[2]).toContain('the application shuts down');
  },
);
