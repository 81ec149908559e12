import { Socket } from 'node:net';
import { afterEach, expect, it, vi } from 'vitest';
import { processWide } from '../../../lib/copies/process-wide.js';
import { AutoCleaner } from '../../../lib/name-server/auto-cleaner.js';
import { MemoryNameStore } from '../../../lib/name-server/store/memory-store.js';
import type { NameStore } from '../../../lib/name-server/store/name-store.js';
import { HostLookups, hostLookups } from '../../../lib/transport/sockets/host-lookups.js';

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

/** The most often that something is done in one turn of the event loop. */
async function mostInATurn(doing: (count: () => void) => Promise<unknown>): Promise<number> {
  let [most, inTurn] = [0, 0];
  const begin = (): void => {
    inTurn = 0;
    turn = setImmediate(begin);
  };
  let turn = setImmediate(begin);
  cleanups.push(() => clearImmediate(turn));
  await doing(() => (most = Math.max(most, ++inTurn)));
  return most;
}

it('a round reads the names in slices, between which others are served', async () => {
  let nowMs = 0;
  const now = vi.spyOn(performance, 'now').mockImplementation(() => ++nowMs);
  cleanups.push(() => now.mockRestore());
  let read = 0;
  const most = await mostInATurn(async (count) => {
    const records = Array.from({ length: 1_000 }, (_, i) => ({
      name: `n${i}`,
      metadata: undefined,
      lease: undefined,
      get uri(): string {
        count();
        read++;
        return 'PYRO:x@./u:/tmp/nobody-listens';
      },
    }));
    const store = { list: () => records, removeUnchanged: () => true } as unknown as NameStore;
    const fail = (error: unknown): void => expect.unreachable(String(error));
    const cleaner = new AutoCleaner(store, { intervalMs: 5 }, () => undefined, fail);
    cleanups.push(() => cleaner.stop());
    await vi.waitUntil(() => read >= 1_000, { timeout: 20_000 });
  });
  expect(most).toBeLessThan(20);
});

it('hosts that are refused at once leave turns to others', async () => {
  const store = new MemoryNameStore();
  for (let i = 0; i < 1_000; i++)
    store.put(
      { name: `n${i}`, uri: `PYRO:x@${'a'.repeat(256)}${i}:1`, metadata: undefined, lease: undefined },
      { safe: false, takeover: true },
    );
  const lookUp = vi.spyOn(hostLookups(), 'lookUp');
  cleanups.push(() => lookUp.mockRestore());
  const most = await mostInATurn(async (count) => {
    lookUp.mockImplementation((host) => {
      count();
      return Promise.reject(new Error(`${host} is refused`));
    });
    const fail = (error: unknown): void => expect.unreachable(String(error));
    const cleaner = new AutoCleaner(store, { intervalMs: 5 }, () => undefined, fail);
    cleanups.push(() => cleaner.stop());
    await vi.waitUntil(() => lookUp.mock.calls.length >= 1_000, { timeout: 20_000 });
  });
  expect(most).toBeLessThanOrEqual(16);
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

it('no server is tried after the end, not even by a try that pauses between two servers', async () => {
  let triesAtEnd = 0;
  let ended: Promise<void> | undefined;
  const connect = vi.spyOn(Socket.prototype, 'connect');
  cleanups.push(() => connect.mockRestore());
  const records = Array.from({ length: 100 }, (_, i) => ({ name: `n${i}`, uri: `PYRO:x@127.0.0.1:${i + 1}` }));
  let reads = 0;
  const first = {
    name: 'n',
    // read once for the list, and again when its server was tried
    get uri(): string {
      if (++reads === 2) {
        triesAtEnd = connect.mock.calls.length;
        ended = cleaner.stop();
      }
      return 'PYRO:x@127.0.0.1:101';
    },
  };
  const store = { list: () => [first, ...records], removeUnchanged: () => true } as unknown as NameStore;
  const fail = (error: unknown): void => expect.unreachable(String(error));
  const cleaner = new AutoCleaner(store, { intervalMs: 5 }, () => undefined, fail);
  cleanups.push(() => cleaner.stop());
  await vi.waitUntil(() => ended !== undefined);
  await ended;
  expect(triesAtEnd).toBeGreaterThan(0);
  expect(connect).toHaveBeenCalledTimes(triesAtEnd);
});
