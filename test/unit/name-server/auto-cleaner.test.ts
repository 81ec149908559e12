import { afterEach, expect, it, vi } from 'vitest';
import { processWide } from '../../../lib/copies/process-wide.js';
import { AutoCleaner } from '../../../lib/name-server/auto-cleaner.js';
import { MemoryNameStore } from '../../../lib/name-server/store/memory-store.js';
import { HostLookups } from '../../../lib/transport/sockets/host-lookups.js';

/** Lookups of hosts: `.slow` ends when the test says so, others fail at once. */
const asked: string[] = [];
const ends: (() => void)[] = [];
processWide(
  'host-lookups',
  () =>
    new HostLookups((host) => {
      asked.push(host);
      if (!host.endsWith('.slow')) throw new TypeError(`cannot look up ${host}`);
      return new Promise((_, reject) => ends.push(() => reject(new Error('no answer'))));
    }, 1),
);

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

it('names whose hosts are looked up without end hold up no others, and are looked up one at a time', async () => {
  const warnings: string[] = [];
  const onWarning = ({ message }: Error): void => void warnings.push(message);
  process.on('warning', onWarning);
  cleanups.push(() => process.off('warning', onWarning));
  const store = new MemoryNameStore();
  const put = (name: string, uri: string): void => {
    store.put({ name, uri, metadata: undefined, lease: undefined }, { safe: false, takeover: false });
  };
  for (let i = 0; i < 40; i++) put(`slow${i}`, `PYRO:x@h${i}.slow:1`);
  put('path', 'PYRO:x@./u:/tmp/a\0b');
  for (let i = 0; i < 20; i++) put(`dead${i}`, `PYRO:x@127.0.0.1:${i + 1}`);
  const cleaned: string[] = [];
  const fail = (error: unknown): void => expect.unreachable(String(error));
  const cleaner = new AutoCleaner(store, { intervalMs: 10, maxUnreachableMs: 1 }, (name) => cleaned.push(name), fail);
  cleanups.push(() => cleaner.stop());
  await vi.waitUntil(() => cleaned.length === 21, { timeout: 20_000 });
  expect(asked).toEqual(['h0.slow']);
  expect(store.list({ by: 'all' })).toHaveLength(40);
  ends[0]!();
  await vi.waitUntil(() => asked.length === 2);
  expect(asked).toEqual(['h0.slow', 'h1.slow']);
  await cleaner.stop();
  ends[1]!();
  expect(warnings).toEqual([]);
});

it('a host that cannot even be looked up ends no round, and its name is removed', async () => {
  const store = new MemoryNameStore();
  for (let i = 0; i < 40; i++)
    store.put(
      { name: `bad${i}`, uri: `PYRO:x@bad${i}:1`, metadata: undefined, lease: undefined },
      { safe: false, takeover: false },
    );
  const cleaned: string[] = [];
  const fail = (error: unknown): void => expect.unreachable(String(error));
  const cleaner = new AutoCleaner(store, { intervalMs: 10, maxUnreachableMs: 1 }, (name) => cleaned.push(name), fail);
  cleanups.push(() => cleaner.stop());
  await vi.waitUntil(() => cleaned.length === 40, { timeout: 20_000 });
});
