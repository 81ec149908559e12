import type { Pending } from '../objects/keyed-instances.js';
import { configError } from '../options/option-checks.js';
import { optionText } from '../protocol/texts/safe-text.js';
import { FileNameStore } from './store/file-store.js';
import { MemoryNameStore } from './store/memory-store.js';
import type { NameStore } from './store/name-store.js';
import { openRedisUrl } from './store/redis/redis-url.js';
import { SqlNameStore } from './store/sql/sql-store.js';

/** The kinds of stores, by the beginning of the text that names a store. The rest of the text is the location of the store. */
const KINDS: Readonly<Record<string, (place: string) => Pending<NameStore>>> = {
  'file:': (path) => FileNameStore.open(path),
  'sql:': (path) => SqlNameStore.open(path),
  'redis://': (rest) => openRedisUrl(`redis://${rest}`),
  'rediss://': (rest) => openRedisUrl(`rediss://${rest}`),
};

/**
 * Opens the store that a text names: `memory`, `file:PATH`, `sql:PATH`, or `redis://HOST:PORT`.
 *
 * @throws {PyroError} `CONFIG`, when the text names no store, or the store cannot be opened
 */
export async function openNameStore(storage: string): Promise<NameStore> {
  if (storage === 'memory') return new MemoryNameStore();
  const kind = Object.keys(KINDS).find((beginning) => storage.startsWith(beginning) && storage.length > beginning.length);
  if (kind !== undefined) return KINDS[kind]!(storage.slice(kind.length));
  throw configError(`storage is ${optionText(storage)}; it must be memory or ${Object.keys(KINDS).join('…, ')}…`);
}
