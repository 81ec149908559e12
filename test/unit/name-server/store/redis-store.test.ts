import { once } from 'node:events';
import { createServer } from 'node:net';
import { createClient, createCluster, createSentinel } from '@redis/client';
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { openNameStore } from '../../../../lib/name-server/open-name-store.js';
import type { NameChange, NameRecord, NameStore } from '../../../../lib/name-server/store/name-store.js';
import type { RedisClient } from '../../../../lib/name-server/store/redis/redis-connection.js';
import type { RedisNameStoreOptions } from '../../../../lib/name-server/store/redis/redis-options.js';
import { redisNameStore, type RedisNameStore } from '../../../../lib/name-server/store/redis/redis-store.js';
import { blockEventLoop } from '../../../event-loop.js';
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

/** The warnings about Redis from now on, as texts with their codes. */
function warningsOf(): () => string[] {
  const emitted = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  cleanups.push(() => emitted.mockRestore());
  const texts = (): string[] =>
    emitted.mock.calls.map(([text, given]) => `${(given as { code?: string } | undefined)?.code}: ${String(text)}`);
  return () => texts().filter((text) => text.startsWith('PYRO_REDIS'));
}

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

    it.each([
      ['@redis/client', () => createClient({ url: redis.url })],
      ['ioredis', () => new Redis(redis.url, { lazyConnect: true })],
    ])(
      'a change by %s is made, and the link stays, when the process stands still for longer than timeoutMs',
      async (_, client) => {
        const store = (await redisNameStore(client(), { prefix: freshPrefix(), timeoutMs: 400 })) as RedisNameStore;
        cleanups.push(() => store.close());
        const link = store['link'];
        for (const name of ['a', 'b', 'c']) {
          const put = store.put(record(name), PUT);
          // also right after the command was sent, or before
          setImmediate(() => blockEventLoop(600));
          expect(await put).toBeUndefined();
        }
        expect(await store.count()).toBe(3);
        expect(link).toBeDefined();
        expect(store['link']).toBe(link);
      },
    );

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
    });

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

    it.each(['names', 'leases', 'state'])(
      'no name gets a second owner, and none is lost, when Redis loses the key %s while a name server lives',
      async (key) => {
        const warnings = warningsOf();
        const prefix = freshPrefix();
        const [one, other] = [await open({ prefix }), await open({ prefix })];
        const [held, plain] = [leased('held', 600_000), record('plain', ['tag'])];
        await one.put(record('first'), PUT);
        await one.put(held, PUT);
        await one.put(plain, PUT);
        await one.remove(['first'], { takeover: false });
        expect(await other.get('plain')).toEqual(plain);
        const changes = follow(other);
        await command('DEL', prefix + key);
        const evil = { ...held, uri: 'PYRO:evil@host:1', lease: { owner: 'evil', ttlMs: 600_000 } };
        expect(await other.put(evil, PUT)).toEqual(held);
        for (const store of [one, other, await open({ prefix })]) {
          expect(await store.list({ by: 'all' })).toEqual([held, plain]);
          expect(await store.renew('someone', ['held'])).toEqual([]);
          expect(await store.put(evil, PUT)).toEqual(held);
        }
        await one.put(record('last'), PUT);
        expect((await other.list({ by: 'all' })).map(({ name }) => name)).toEqual(['held', 'plain', 'last']);
        expect(changes).toEqual(['registered last']);
        expect(await command('HLEN', `${prefix}names`)).toBe(3);
        expect(await command('ZCARD', `${prefix}leases`)).toBe(1);
        const done = key === 'names' ? 'this name server has written all of them again' : 'all names are there';
        expect(warnings()).toContainEqual(
          expect.stringMatching(`^PYRO_REDIS_LOST_NAMES: Redis at 127.0.0.1:${redis.port} had lost names.*${done}.*noeviction`),
        );
      },
    );

    it.each(['starts', 'reads the names again'])('no name is lost when Redis loses them while a name server %s', async (when) => {
      const prefix = freshPrefix();
      const helper = await open({ prefix });
      const held = leased('held', 600_000);
      await helper.put(held, PUT);
      let losses = when === 'starts' ? 1 : 0;
      /** A client that reads the names just after Redis has lost them. */
      function lateReader(client: Redis): RedisClient {
        const call = client.call.bind(client);
        return Object.assign(client, {
          duplicate: (overrides: RedisOptions) => lateReader(new Redis({ ...client.options, ...overrides })),
          call: async (name: string, args: string[]) => {
            if (name === 'HSCAN' && losses-- > 0) await command('DEL', `${prefix}names`);
            return call(name, args);
          },
        });
      }
      const store = await redisNameStore(lateReader(new Redis(redis.url, { lazyConnect: true })), { prefix });
      cleanups.push(() => store.close());
      if (when === 'starts') {
        expect(await store.list({ by: 'all' })).toEqual([held]);
      } else {
        void helper.close();
        losses = 1;
        await command('DEL', `${prefix}leases`);
      }
      expect(await store.renew('someone', ['held'])).toEqual([]);
      expect(await store.list({ by: 'all' })).toEqual([held]);
      expect(await store.put({ ...held, uri: 'PYRO:evil@host:1', lease: { owner: 'evil', ttlMs: 600_000 } }, PUT)).toEqual(held);
      expect(losses).toBeLessThan(1);
    });

    it('names that Redis has lost while no name server lived are told as lost, and the others stay', async () => {
      const warnings = warningsOf();
      const prefix = freshPrefix();
      const before = await open({ prefix });
      await before.put(record('lost'), PUT);
      await before.put(leased('stays', 600_000), PUT);
      void before.close();
      await command('HDEL', `${prefix}names`, 'lost');
      const after = await open({ prefix });
      expect(await after.list({ by: 'all' })).toEqual([leased('stays', 600_000)]);
      expect(await after.renew('someone', ['stays'])).toEqual([]);
      expect(warnings()).toEqual([expect.stringContaining('no name server knew them, so these names are gone')]);
    });

    it('a name that was registered again with the same values, at another name server, is not removed as unchanged', async () => {
      const prefix = freshPrefix();
      const [one, other] = [await open({ prefix }), await open({ prefix })];
      await one.put(record('name', ['tag']), PUT);
      const checked = (await one.get('name'))!;
      await other.put(record('name', ['tag']), PUT);
      expect(await one.removeUnchanged(checked)).toBe(false);
      expect(await one.removeUnchanged(record('name', ['tag']))).toBe(false);
      expect(await one.removeUnchanged((await one.get('name'))!)).toBe(true);
      expect(await other.count()).toBe(0);
    });

    it('a connection that falls silent, and over which the changes come, is found out and replaced: no change is missed', async () => {
      const prefix = freshPrefix();
      const relay = await RedisRelay.start(redis.port);
      const far = await redisNameStore(createClient({ url: relay.url }), { prefix, timeoutMs: 1_000 });
      cleanups.push(
        () => far.close(),
        () => relay.close(),
      );
      const near = await open({ prefix });
      const changes = follow(far);
      await near.put(record('before'), PUT);
      await expect.poll(() => changes).toEqual(['registered before']);
      relay.forget();
      await near.put(record('watched'), PUT);
      // nobody asks the far name server
      await expect.poll(() => changes, { timeout: 60_000 }).toEqual(['registered before', 'registered watched']);
      relay.forget();
      await near.put(record('asked'), PUT);
      expect(await far.get('asked')).toEqual(record('asked'));
      relay.forget();
      await near.put(record('listed'), PUT);
      expect(await far.list({ by: 'prefix', prefix: 'listed' })).toEqual([record('listed')]);
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

  describe('a Redis that may evict keys', () => {
    async function start(...args: string[]): Promise<{ redis: RedisServer; warnings: () => string[] }> {
      const redis = await RedisServer.start(programs, ...args);
      cleanups.push(() => redis.stop());
      return { redis, warnings: warningsOf() };
    }

    async function open(redis: RedisServer, url = redis.url): Promise<NameStore> {
      const store = await redisNameStore(createClient({ url }));
      cleanups.push(() => store.close());
      return store;
    }

    it.each([
      ['without a limit of memory', ['--maxmemory-policy', 'allkeys-lru'], 0],
      ['that evicts nothing', ['--maxmemory', '100mb'], 0],
      ['that evicts only keys with a time limit', ['--maxmemory', '100mb', '--maxmemory-policy', 'volatile-lru'], 0],
      ['that evicts any key', ['--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru'], 1],
    ])('a Redis %s is warned of, or not', async (_, args, count) => {
      const { redis, warnings } = await start(...args);
      await open(redis);
      const expected = `PYRO_REDIS_EVICTION: Redis at 127.0.0.1:${redis.port} may evict names, by its maxmemory-policy allkeys-lru: set`;
      expect(warnings()).toEqual(Array.from({ length: count }, () => expect.stringContaining(expected) as string));
    });

    it('a Redis whose settings its user may not read keeps names, without a warning', async () => {
      const evicts = ['--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru'];
      const user = ['--user', 'names', 'on', '>secret', '~pyro:*', '&pyro:*', '+@all', '-info', '+info|server'];
      const { redis, warnings } = await start(...evicts, ...user);
      const store = await open(redis, redis.url.replace('//', '//names:secret@'));
      await store.put(record('name'), PUT);
      expect(await store.count()).toBe(1);
      expect(warnings()).toEqual([]);
    });

    it('a Redis that evicts the names gives no name a second owner', async () => {
      // only the names get a time limit: where Redis evicts them together with the state, they count as deleted
      const { redis } = await start('--maxmemory', '4mb', '--maxmemory-policy', 'volatile-random');
      const store = await open(redis);
      const held = leased('held', 600_000);
      await store.put(held, PUT);
      const client = new Redis(redis.url);
      cleanups.push(() => client.disconnect());
      await client.expire('pyro:names:names', 600_000);
      for (let index = 0; (await client.exists('pyro:names:names')) === 1; index++) {
        await client.setex(`cache${index}`, 600_000, 'x'.repeat(2_000));
      }
      await client.config('SET', 'maxmemory', '0');
      expect(await store.put({ ...held, uri: 'PYRO:evil@host:1', lease: { owner: 'evil', ttlMs: 600_000 } }, PUT)).toEqual(held);
      expect(await store.list({ by: 'all' })).toEqual([held]);
    });
  });

  describe.each([
    ['@redis/client', (url: string) => createClient({ url })],
    ['ioredis', (url: string) => new Redis(url, { lazyConnect: true })],
  ])('a link of %s that breaks', (_, clientOf) => {
    /** A store whose connections a test breaks, while lookups run. @returns the errors of these lookups */
    async function errorsAfter(command: string[]): Promise<string[]> {
      const redis = await RedisServer.start(programs);
      cleanups.push(() => redis.stop());
      // the names in memory are never good enough, so each lookup tells of the break
      const store = await redisNameStore(clientOf(redis.url), { lastKnownMs: 0 });
      cleanups.push(() => store.close());
      const client = new Redis(redis.url);
      cleanups.push(() => client.disconnect());
      const errors: string[] = [];
      for (let round = 0; errors.length === 0 && round < 1_000; round++) {
        const broken = round === 0 ? client.call(command[0]!, command.slice(1)) : undefined;
        const asked = [store.get('name'), store.put(record('name'), PUT), store.count()].map((work) => Promise.resolve(work));
        for (const answer of await Promise.allSettled(asked)) {
          if (answer.status === 'rejected') errors.push((answer.reason as Error).message);
        }
        await broken;
      }
      return errors;
    }

    it('a link to Redis that breaks says why: the subscription was lost, and not that the link has closed the other connection', async () => {
      const errors = await errorsAfter(['CLIENT', 'KILL', 'TYPE', 'pubsub']);
      expect(errors).not.toEqual([]);
      for (const error of errors) expect(error).not.toMatch(/Disconnects client|Connection is closed/);
    });

    it('a link to Redis that breaks says why: the Redis takes no changes, since it is a replica now', async () => {
      const errors = await errorsAfter(['REPLICAOF', '127.0.0.1', '1']);
      expect(errors).not.toEqual([]);
      for (const error of errors) expect(error).toContain('READONLY');
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
      await redis.pause();
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
  });

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

  it.each([
    [{}, 'an object'],
    [{ call: () => undefined }, 'an object'],
    ['redis://localhost', 'the text "redis://localhost"'],
    [undefined, 'undefined'],
    [null, 'null'],
    [Redis, 'a function'],
  ])('something else than a client is refused: %o', async (given, text) => {
    await expect((async () => redisNameStore(given as never))()).rejects.toMatchObject({
      code: 'CONFIG',
      message: `storage: redisNameStore takes a client of @redis/client, redis or ioredis, and this is ${text}`,
    });
  });

  it.each([
    [
      'redis://127.0.0.1:1/abc',
      'the database in the URL of Redis is the text "abc"; it must be a number, as in redis://HOST:PORT/0',
    ],
    ['redis://127.0.0.1:1/1/2', 'the database in the URL of Redis is the text "1/2"'],
    ['redis://127.0.0.1:1/1e1', 'the database in the URL of Redis is the text "1e1"'],
    ['rediss://127.0.0.1:1/%zz', 'the database in the URL of Redis is the text "%zz"'],
    ['redis://127.0.0.1:1/-1', 'the database in the URL of Redis is the text "-1"'],
    ['redis://%zz@127.0.0.1:1', 'user and password in the URL of Redis cannot be decoded'],
    ['redis://user:%zz@127.0.0.1:1', 'user and password in the URL of Redis cannot be decoded'],
  ])('the URL %s is refused with the remedy, and without a password', async (url, text) => {
    const error = await openNameStore(url).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'CONFIG', message: expect.stringContaining(`storage: ${text}`) as string });
    expect((error as Error).message).not.toContain('zz@');
  });
});
