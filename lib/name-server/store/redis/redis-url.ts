import { configError } from '../../../options/option-checks.js';
import { optionText } from '../../../protocol/texts/safe-text.js';
import type { NameStore } from '../name-store.js';
import type { RedisNameStoreOptions } from './redis-options.js';
import { redisNameStore } from './redis-store.js';

/**
 * Opens a store in the Redis that a URL names: `redis://USER:PASSWORD@HOST:PORT/DATABASE?prefix=…&lastKnownMs=…&timeoutMs=…`, or
 * `rediss:` for TLS.
 *
 * @throws {PyroError} `CONFIG`, when the URL is wrong, `@redis/client` is not installed, or Redis cannot be reached or used
 */
export async function openRedisUrl(text: string): Promise<NameStore> {
  const options = optionsOf(text);
  const { createClient } = await import('@redis/client').catch((error: Error) => {
    throw configError(
      `storage: names in Redis need the package @redis/client: npm install @redis/client (${error.message})`,
      error,
    );
  });
  return redisNameStore(createClient({ url: text }), options);
}

function optionsOf(text: string): RedisNameStoreOptions {
  if (/^rediss?:\/\/[^/?]*,/.test(text)) {
    throw configError(
      'storage: the URL of Redis names several servers; for Sentinels give redisNameStore(new Redis({ sentinels, name })) of ioredis',
    );
  }
  if (!URL.canParse(text)) throw configError('storage: the URL of Redis cannot be read; it must be redis://HOST:PORT');
  const { pathname, username, password, searchParams } = new URL(text);
  if (!/^\/?\d*$/.test(pathname)) {
    throw configError(
      `storage: the database in the URL of Redis is ${optionText(pathname.slice(1))}; it must be a number, as in redis://HOST:PORT/0`,
    );
  }
  if (!isDecodable(username) || !isDecodable(password)) {
    throw configError('storage: user and password in the URL of Redis cannot be decoded; a % in them is written as %25');
  }
  const options: Record<string, string | number> = {};
  for (const [name, value] of searchParams) options[name] = name.endsWith('Ms') ? Number(value) : value;
  return options as RedisNameStoreOptions;
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
