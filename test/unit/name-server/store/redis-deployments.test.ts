import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@redis/client';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, it } from 'vitest';
import { openNameStore } from '../../../../lib/name-server/open-name-store.js';
import type { NameRecord, NameStore } from '../../../../lib/name-server/store/name-store.js';
import { redisNameStore } from '../../../../lib/name-server/store/redis/redis-store.js';
import { TestAuthority } from '../../../certificates.js';
import { NameServerProgram } from '../../../name-server-process.js';
import { type RedisPrograms, RedisServer } from '../../../redis-server.js';
import { REDIS } from './stores.js';

const PUT = { safe: false, takeover: false };
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const record = (name: string): NameRecord => ({ name, uri: `PYRO:${name}@host:1`, metadata: undefined, lease: undefined });

if (REDIS) defineTests(REDIS);

function defineTests(programs: RedisPrograms): void {
  function following(server: RedisServer): RedisServer {
    cleanups.push(() => server.stop());
    return server;
  }

  describe('a Redis with a replica and a Sentinel', () => {
    it('a Redis with a Sentinel fails over: all name servers go on with the replica, which has the names, and are still one name space', async () => {
      const master = following(await RedisServer.start(programs));
      const replica = following(await RedisServer.startReplica(programs, master));
      const sentinel = following(await RedisServer.startSentinel(programs, master));
      await sentinel.printed(/\+slave slave/);
      const sentinels = [{ host: '127.0.0.1', port: sentinel.port }];
      const open = async (): Promise<NameStore> => {
        const store = await redisNameStore(new Redis({ sentinels, name: 'names', lazyConnect: true }));
        cleanups.push(() => store.close());
        return store;
      };
      const [one, other] = [await open(), await open()];
      const id = one.sharedId;
      const changes: string[] = [];
      other.watch((change) => void changes.push(change.kind === 'removed' ? `- ${change.name}` : `+ ${change.record.name}`));
      await one.put(record('before'), PUT);
      const client = new Redis(replica.url);
      cleanups.push(() => client.disconnect());
      await expect.poll(() => client.hlen('pyro:names:names')).toBe(1);

      await master.kill();
      await sentinel.printed(/\+switch-master names/);
      await expect.poll(() => Promise.resolve(one.put(record('after'), PUT)).catch(String), { timeout: 30_000 }).toBeUndefined();
      for (const store of [one, other]) {
        await expect
          .poll(() => Promise.resolve(store.list({ by: 'all' })).catch(String), { timeout: 30_000 })
          .toEqual([record('before'), record('after')]);
        expect(store.sharedId).toBe(id);
      }
      expect(await client.hlen('pyro:names:names')).toBe(2);
      expect(changes).toEqual(['+ before', '+ after']);
    });
  });

  describe('a Redis that is reached by TLS', () => {
    async function start(): Promise<{ redis: RedisServer; ca: string; caFile: string }> {
      const directory = await mkdtemp(join(tmpdir(), 'redis-tls-'));
      cleanups.push(() => rm(directory, { recursive: true }));
      const authority = await TestAuthority.create(directory, 'authority');
      const redis = following(await RedisServer.startTls(programs, await authority.issue('redis')));
      return { redis, ca: authority.cert, caFile: authority.certFile };
    }

    it('a Redis with TLS keeps names with the certificates that a client of either package trusts', async () => {
      const { redis, ca } = await start();
      const clients = [
        createClient({ url: redis.url, socket: { tls: true, ca } }),
        new Redis(redis.url, { tls: { ca }, lazyConnect: true }),
      ];
      for (const [index, client] of clients.entries()) {
        const store = await redisNameStore(client);
        cleanups.push(() => store.close());
        await store.put(record(`name${index}`), PUT);
      }
      const store = await redisNameStore(clients[0]!);
      cleanups.push(() => store.close());
      expect(await store.list({ by: 'all' })).toEqual([record('name0'), record('name1')]);
    });

    it('a Redis with TLS is reached by a rediss: URL with an authority that Node trusts, and refused without', async () => {
      const { redis, caFile } = await start();
      await expect(openNameStore(redis.url)).rejects.toMatchObject({
        code: 'CONFIG',
        message: expect.stringMatching(/^storage: cannot use Redis at 127\.0\.0\.1:\d+: .*certificate/) as string,
      });
      const program = await NameServerProgram.build();
      cleanups.push(() => program.remove());
      const server = await program.start({ storage: redis.url }, { NODE_EXTRA_CA_CERTS: caFile });
      cleanups.push(() => server.kill());
      expect(server.port).toBeGreaterThan(0);
    });

    it('a Redis with TLS does not answer a redis: URL', async () => {
      const { redis } = await start();
      await expect(openNameStore(`${redis.url.replace('rediss:', 'redis:')}?timeoutMs=5000`)).rejects.toThrow(
        'storage: cannot use Redis at 127.0.0.1',
      );
    });
  });
}
