import { afterEach, describe, expect, it } from 'vitest';
import { locateNameServer, type NameServerClient, type PyroNameServer, startNameServer } from '../../../lib/core.js';
import { MemoryNameStore } from '../../../lib/name-server/store/memory-store.js';

const OWN = 'Pyro.NameServer';
const OWN_TAG = 'class:Pyro5.nameserver.NameServer';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(storage: MemoryNameStore): Promise<[server: PyroNameServer, client: NameServerClient]> {
  const server = await startNameServer({ host: '127.0.0.1', port: 0, storage });
  cleanups.push(() => server.close());
  const client = await locateNameServer({ host: server.uri.host!, port: server.uri.port! });
  cleanups.push(() => client.release());
  return [server, client];
}

describe('several name servers with one store', () => {
  it('name servers with one store answer for themselves, each with its own address, and share all other names', async () => {
    const store = new MemoryNameStore();
    const [[one, oneClient], [other, otherClient]] = [await start(store), await start(store)];
    await oneClient.register('lab.camera', 'PYRO:camera@host:1');
    for (const [server, client] of [
      [one, oneClient],
      [other, otherClient],
    ] as const) {
      expect(await client.lookup(OWN)).toEqual(server.uri);
      expect([...(await client.list())]).toEqual([
        [OWN, String(server.uri)],
        ['lab.camera', 'PYRO:camera@host:1'],
      ]);
      expect([...(await client.list({ prefix: 'Pyro.' })).keys()]).toEqual([OWN]);
      expect([...(await client.yplookup({ any: [OWN_TAG] })).keys()]).toEqual([OWN]);
      expect([await client.count(), await server.count()]).toEqual([2, 2]);
    }
    expect(store.get(OWN)).toBeUndefined();
  });

  it('name servers with one store have tags of their own, and tell their watchers of them', async () => {
    const store = new MemoryNameStore();
    const [[, oneClient], [, otherClient]] = [await start(store), await start(store)];
    const events = oneClient.watch({ prefix: OWN });
    expect((await events.next()).value).toMatchObject({ kind: 'registered', name: OWN, metadata: new Set([OWN_TAG]) });
    await oneClient.setMetadata(OWN, ['mine']);
    expect((await events.next()).value).toMatchObject({ kind: 'registered', name: OWN, metadata: new Set(['mine']) });
    await events.return();
    expect((await otherClient.lookupWithMetadata(OWN)).metadata).toEqual(new Set([OWN_TAG]));
  });

  it('name servers with one store do not see the registration that another name server has left in the store', async () => {
    const store = new MemoryNameStore();
    store.put(
      { name: OWN, uri: 'PYRO:Pyro.NameServer@gone:9090', metadata: new Set([OWN_TAG]), lease: undefined },
      { safe: false, takeover: false },
    );
    const [server, client] = await start(store);
    expect(await client.lookup(OWN)).toEqual(server.uri);
    expect(await client.count()).toBe(1);
    expect((await client.list()).size).toBe(1);
    expect(await client.remove({ prefix: 'Pyro' })).toBe(0);
  });
});
