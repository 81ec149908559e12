import { once } from 'node:events';
import { createServer } from 'node:net';
import { createClient, createCluster, createSentinel } from '@redis/client';
import { Cluster, Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openNameStore } from '../../../../lib/name-server/open-name-store.js';
import type { NameChange, NameRecord, NameStore } from '../../../../lib/name-server/store/name-store.js';
import { redisNameStore, type RedisNameStoreOptions } from '../../../../lib/name-server/store/redis/redis-store.js';
import { RedisRelay } from '../../../redis-relay.js';
import { type RedisPrograms, RedisServer } from '../../../redis-server.js';
import { REDIS } from './stores.js';

const PUT = { safe: false, takeover: false };
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const record = (name: string, tags?: string[]): NameRecord => ({
  name,
  uri: `PYRO:${name}@host:1`,
  metadata: tags && new Set(tags),
  lease: undefined,
});
const leased = (name: string, ttlMs: number): NameRecord => ({ ...record(name), lease: { owner: 'someone', ttlMs } });

if (REDIS) defineTests(REDIS);

function defineTests(programs: RedisPrograms): void {
  describe('registrations in Redis', () => {
    let redis: RedisServer;
    beforeAll(async () => {
      redis = await RedisServer.start(programs);
    });
    afterAll(() => redis.stop());

    let count = 0;
    const freshPrefix = (): string => `test${count++}:`;

    async function open(options: RedisNameStoreOptions): Promise<NameStore> {
      const store = await redisNameStore(createClient({ url: redis.url }), options);
      cleanups.push(() => store.close());
      return store;
    }

    /** The changes that a store tells its watchers, as texts. */
    function follow(store: NameStore): string[] {
      const found: string[] = [];
      const text = (change: NameChange): string => (change.kind === 'removed' ? change.name : change.record.name);
      store.watch((change) => void found.push(`${change.kind} ${text(change)}`));
      return found;
    }

    it('a store in Redis says by its id which name servers share their names', async () => {
      const [prefix, other] = [freshPrefix(), freshPrefix()];
      const stores = [await open({ prefix }), await open({ prefix }), await open({ prefix: other })];
      const [one, two, three] = stores.map(({ sharedId }) => sharedId);
      expect(one).toMatch(/^[0-9a-f-]{36}$/);
      expect(two).toBe(one);
      expect(three).not.toBe(one);
    });

    async function command(...args: string[]): Promise<unknown> {
      const client = new Redis(redis.url);
      const answer = await client.call(args[0]!, args.slice(1));
      client.disconnect();
      return answer;
    }

    it('registrations in Redis are one name space for all stores with the same prefix, in the same order, and none for another prefix', async () => {
      const prefix = freshPrefix();
      const [one, other] = [await open({ prefix }), await open({ prefix })];
      const changes = follow(other);
      const names = Array.from({ length: 30 }, (_, index) => `name${(index * 7) % 30}`);
      for (const name of names) {
        await one.put(record(name, ['tag']), PUT);
        // at once, at the other name server
        expect(await other.get(name)).toEqual(record(name, ['tag']));
      }
      expect((await other.list({ by: 'all' })).map(({ name }) => name)).toEqual(names);
      expect((await (await open({ prefix })).list({ by: 'all' })).map(({ name }) => name)).toEqual(names);
      expect(changes).toEqual(names.map((name) => `registered ${name}`));
      expect(await (await open({ prefix: freshPrefix() })).count()).toBe(0);
    });

    it('registrations in Redis are seen at a name server that the change has not reached yet, as soon as the change arrives', async () => {
      const prefix = freshPrefix();
      const relay = await RedisRelay.start(redis.port);
      const far = await redisNameStore(createClient({ url: relay.url }), { prefix });
      cleanups.push(
        () => far.close(),
        () => relay.close(),
      );
      const near = await open({ prefix });
      relay.hold();
      await near.put(record('name', ['tag']), PUT);
      const answers = Promise.all([far.get('name'), far.count(), far.list({ by: 'tags', tags: ['tag'], match: 'all' })]);
      // by its own connection for commands, Redis has answered the far name server when it answers this
      await far.renew('someone', ['unknown']);
      relay.release();
      expect(await answers).toEqual([record('name', ['tag']), 1, [record('name', ['tag'])]]);
    });

    it('a store in Redis is opened by a URL with options in its query, without TLS and in any database', async () => {
      const store = await openNameStore(`${redis.url}/3?prefix=url:&lastKnownMs=1&timeoutMs=1000`);
      cleanups.push(() => store.close());
      await store.put(record('name'), PUT);
      expect(await command('HLEN', 'url:names')).toBe(0);
      await expect(openNameStore(`${redis.url}?lastKnownMs=soon`)).rejects.toThrow(
        'storage: lastKnownMs is NaN; it must be a whole number',
      );
      await expect(openNameStore(`${redis.url}?prefx=a`)).rejects.toThrow('storage: prefx is no option; did you mean prefix?');
    });

    it('registrations in Redis are removed and renewed by thousands', async () => {
      // thousands of registrations may wait long for the disk of a busy machine
      const store = await open({ prefix: freshPrefix(), timeoutMs: 60_000 });
      const names = Array.from({ length: 2_500 }, (_, index) => `name${index}`);
      await Promise.all(names.map(async (name) => store.put(leased(name, 60_000), PUT)));
      expect(await store.renew('someone', [...names, 'unknown'])).toEqual(['unknown']);
      expect(await store.remove(names, { takeover: false })).toBe(0);
      expect(await store.remove(names, { owner: 'someone', takeover: false })).toBe(2_500);
      expect(await store.count()).toBe(0);
    }, 60_000);

    it('registrations that somebody deletes in Redis are gone at once, and watchers are told', async () => {
      const prefix = freshPrefix();
      const store = await open({ prefix });
      await store.put(record('name'), PUT);
      const changes = follow(store);
      await command('DEL', `${prefix}state`, `${prefix}names`, `${prefix}leases`);
      await expect.poll(() => changes).toEqual(['removed name']);
      await expect.poll(() => Promise.resolve(store.put(record('new'), PUT)).catch(() => 'not yet')).toBeUndefined();
      expect(await store.list({ by: 'all' })).toEqual([record('new')]);
    });

    it('registrations in Redis keep their leases when nobody could reach Redis for long, or its clock was set', async () => {
      const prefix = freshPrefix();
      const store = await open({ prefix });
      await store.put(leased('name', 60_000), PUT);
      // as if the last look at the leases was an hour ago
      await command('HINCRBY', `${prefix}state`, 'time', '-3600000');
      expect(await store.renew('someone', ['name'])).toEqual([]);
      await command('HINCRBY', `${prefix}state`, 'time', '3600000');
      expect(await store.renew('someone', ['name'])).toEqual([]);
      // and the same hour as others see it
      await command('HINCRBY', `${prefix}state`, 'clock', '3600000');
      expect(await store.renew('someone', ['name'])).toEqual(['name']);
    });

    it('names with half of a surrogate pair are refused in Redis', async () => {
      const store = await open({ prefix: freshPrefix() });
      await expect(store.put(record('\uD800'), PUT)).rejects.toThrow('has half of a surrogate pair');
      await expect(store.setMetadata('a', new Set(['\uDC00']), { takeover: false })).rejects.toThrow(
        'has half of a surrogate pair',
      );
      await store.put(record('\uFFFD'), PUT);
      expect(await store.remove(['\uD800'], { takeover: true })).toBe(0);
      expect(await store.renew('someone', ['\uD800'])).toEqual(['\uD800']);
    });
  });

  describe('while Redis is away', () => {
    async function start(
      options: RedisNameStoreOptions = {},
    ): Promise<{ redis: RedisServer; store: NameStore; changes: string[] }> {
      const redis = await RedisServer.start(programs);
      cleanups.push(() => redis.stop());
      const store = await redisNameStore(createClient({ url: redis.url }), options);
      cleanups.push(() => store.close());
      const changes: string[] = [];
      store.watch((change) => void changes.push(change.kind === 'removed' ? `- ${change.name}` : `+ ${change.record.name}`));
      return { redis, store, changes };
    }

    it('lookups are answered from the last known state while Redis is away, registrations fail, and all goes on when Redis is back', async () => {
      const { redis, store, changes } = await start();
      await store.put(record('name'), PUT);
      expect(await store.count()).toBe(1);
      await redis.kill();
      await expect
        .poll(() => Promise.resolve(store.put(record('new'), PUT)).catch(String))
        .toMatch(/^NamingError: Redis at 127.0.0.1:\d+ cannot be reached: /);
      expect(await store.get('name')).toEqual(record('name'));
      await redis.launch();
      await expect.poll(() => Promise.resolve(store.put(record('new'), PUT)).catch(String)).toBeUndefined();
      expect(await store.list({ by: 'prefix', prefix: 'n' })).toEqual([record('name'), record('new')]);
      // a name that stayed is no change
      expect(changes).toEqual(['+ name', '+ new']);
    });

    it('lookups fail when the last known state is older than lastKnownMs', async () => {
      const { redis, store } = await start({ lastKnownMs: 300 });
      await store.put(record('name'), PUT);
      await redis.kill();
      expect(await store.get('name')).toEqual(record('name'));
      await expect
        .poll(() => Promise.resolve(store.get('name')).catch(String))
        .toMatch(/NamingError: Redis at .* cannot be reached: /);
      await redis.launch();
      await expect.poll(() => Promise.resolve(store.get('name')).catch(String)).toEqual(record('name'));
    });

    it('watchers are told the differences when Redis comes back with other names', async () => {
      const { redis, store, changes } = await start();
      const other = await redisNameStore(new Redis(redis.url, { lazyConnect: true }));
      cleanups.push(() => other.close());
      await store.put(record('stays'), PUT);
      await store.put(record('goes'), PUT);
      await expect.poll(() => changes).toEqual(['+ stays', '+ goes']);
      // Redis forgets, as one does without AOF
      await redis.kill();
      await redis.forget();
      await redis.launch();
      await expect.poll(() => changes.slice(2).sort()).toEqual(['- goes', '- stays']);
      await expect.poll(() => Promise.resolve(other.put(record('comes'), PUT)).catch(String)).toBeUndefined();
      await expect.poll(() => changes.at(-1)).toBe('+ comes');
    });

    it('a Redis that takes connections but does not answer counts as away after timeoutMs', async () => {
      const { redis, store } = await start({ timeoutMs: 2_000 });
      await store.put(record('name'), PUT);
      redis.pause();
      cleanups.push(() => redis.resume());
      for (const client of [createClient({ url: redis.url }), new Redis(redis.url, { lazyConnect: true })]) {
        await expect(redisNameStore(client, { timeoutMs: 200 })).rejects.toThrow('no connection within 200 ms');
      }
      await expect(store.put(record('new'), PUT)).rejects.toThrow(
        'no answer within 2000 ms; the change may have been made, or not',
      );
      expect(await store.get('name')).toEqual(record('name'));
      redis.resume();
      await expect.poll(() => Promise.resolve(store.put(record('newer'), PUT)).catch(String)).toBeUndefined();
    });
  });

  it('a client of ioredis with Sentinels finds the master', async () => {
    const master = await RedisServer.start(programs);
    cleanups.push(() => master.stop());
    const sentinel = await RedisServer.startSentinel(programs, master);
    cleanups.push(() => sentinel.stop());
    const client = new Redis({ sentinels: [{ host: '127.0.0.1', port: sentinel.port }], name: 'names', lazyConnect: true });
    const store = await redisNameStore(client);
    cleanups.push(() => store.close());
    await store.put(record('name'), PUT);
    expect(await store.get('name')).toEqual(record('name'));
    await expect(openNameStore(sentinel.url)).rejects.toThrow(
      /it runs in sentinel mode; use redisNameStore\(new Redis\(\{ sentinels, name \}\)\)/,
    );
  }, 30_000);

  it('a Redis that is a cluster is refused, with the remedy', async () => {
    const redis = await RedisServer.start(programs, '--cluster-enabled', 'yes');
    cleanups.push(() => redis.stop());
    await expect(openNameStore(redis.url)).rejects.toThrow('it runs in cluster mode; use a Redis that is no cluster');
  });
}

describe('what cannot be used', () => {
  it.each([
    ['createCluster of @redis/client', () => createCluster({ rootNodes: [] })],
    ['Cluster of ioredis', () => new Cluster([], { lazyConnect: true })],
  ])('%s is refused as Redis: names lie in one slot', async (_, make) => {
    await expect((async () => redisNameStore(make() as never))()).rejects.toThrow('storage: Redis Cluster is of no use here');
  });

  it('Sentinels of @redis/client are refused, naming what works', async () => {
    const client = createSentinel({ name: 'names', sentinelRootNodes: [{ host: '127.0.0.1', port: 1 }] });
    await expect((async () => redisNameStore(client as never))()).rejects.toThrow(
      'storage: Sentinels work with a client of ioredis',
    );
    await expect(openNameStore('redis://one:1,two:2')).rejects.toThrow('for Sentinels give redisNameStore(');
  });

  it('a Redis that cannot be reached is an error at the start that names it, without the password', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port } = closed.address() as { port: number };
    closed.close();
    await once(closed, 'close');
    const expected = {
      code: 'CONFIG',
      message: expect.stringMatching(`^storage: cannot use Redis at 127.0.0.1:${port}: .*ECONNREFUSED`) as string,
    };
    await expect(openNameStore(`redis://user:secret@127.0.0.1:${port}`)).rejects.toMatchObject(expected);
    await expect(redisNameStore(new Redis(port, '127.0.0.1', { lazyConnect: true }))).rejects.toMatchObject(expected);
  });

  it('something else than a client is refused', async () => {
    await expect((async () => redisNameStore({} as never))()).rejects.toThrow(
      'redisNameStore takes a client of @redis/client, redis or ioredis',
    );
  });
});
