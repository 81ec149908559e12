import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@redis/client';
import { Redis } from 'ioredis';
import { FileNameStore } from '../../../../lib/name-server/store/file-store.js';
import { MemoryNameStore } from '../../../../lib/name-server/store/memory-store.js';
import type { NameStore } from '../../../../lib/name-server/store/name-store.js';
import { redisNameStore } from '../../../../lib/name-server/store/redis/redis-store.js';
import { SqlNameStore } from '../../../../lib/name-server/store/sql/sql-store.js';
import { findRedis, RedisServer } from '../../../redis-server.js';

/** True on a Node that has SQLite. */
export const HAS_SQLITE = process.getBuiltinModule('node:sqlite') !== undefined;
export const REDIS = await findRedis();

/** A kind of store, and where its stores are kept. */
export interface StorePlace {
  /** False: an empty set of tags and none are the same. */
  readonly tellsNoTags: boolean;
  /** Opens an empty store. */
  empty(): Promise<NameStore>;
  close(): Promise<void>;
}

/** The functions that open each kind of store that this machine can have. */
export const STORE_KINDS: Record<string, () => Promise<StorePlace>> = {
  memory: () =>
    Promise.resolve({ tellsNoTags: true, empty: () => Promise.resolve(new MemoryNameStore()), close: async () => {} }),
  file: () => inDirectory(true, (path) => FileNameStore.open(path)),
  ...(HAS_SQLITE && { sql: () => inDirectory(false, (path) => Promise.resolve(SqlNameStore.open(path))) }),
  ...(REDIS && {
    'redis by @redis/client': () => inRedis((url, prefix) => redisNameStore(createClient({ url }), { prefix })),
    'redis by ioredis': () =>
      inRedis(async (url, prefix) => redisNameStore(new Redis(url, { lazyConnect: true, keyPrefix: prefix }), { prefix: '' })),
  }),
};

async function inDirectory(tellsNoTags: boolean, open: (path: string) => Promise<NameStore>): Promise<StorePlace> {
  const directory = await mkdtemp(join(tmpdir(), 'names-'));
  let count = 0;
  return {
    tellsNoTags,
    empty: () => open(join(directory, String(count++))),
    close: () => rm(directory, { recursive: true }),
  };
}

async function inRedis(open: (url: string, prefix: string) => Promise<NameStore>): Promise<StorePlace> {
  const server = await RedisServer.start(REDIS!);
  let count = 0;
  return { tellsNoTags: true, empty: () => open(server.url, `names${count++}:`), close: () => server.stop() };
}
