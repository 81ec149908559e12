import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { ChangeLog } from '../../../lib/name-server/watches/change-log.js';
import { nameFeed, type NameFeedItem } from '../../../lib/name-server/watches/name-feed.js';
import { NameLists } from '../../../lib/name-server/names/name-lists.js';
import { DEFAULT_NAME_LIMITS } from '../../../lib/name-server/names/name-rules.js';
import { MemoryNameStore } from '../../../lib/name-server/store/memory-store.js';
import type { NameChange, NameRecord } from '../../../lib/name-server/store/name-store.js';
import { WatchRoom } from '../../../lib/name-server/watches/watch-room.js';
import { CountedTags } from './counted-tags.js';

const PUT = { safe: false, takeover: false };
const record = (name: string): NameRecord => ({ name, uri: 'PYRO:a@h:1', metadata: undefined, lease: undefined });
const nameOf = (change: NameChange): string => (change.kind === 'removed' ? change.name : change.record.name);

/** Lets the readers that wait be woken. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await nextTurn();
}

it('a change is told once to all watches of a name server, and nothing is done for those that are not read', async () => {
  const store = new MemoryNameStore();
  let listeners = 0;
  const watched = {
    watch: (listener: (change: NameChange) => void): (() => void) => {
      listeners++;
      const stop = store.watch(listener);
      return () => {
        listeners--;
        stop();
      };
    },
  };
  const log = new ChangeLog(watched, new WatchRoom(DEFAULT_NAME_LIMITS));
  let looks = 0;
  const readers = Array.from({ length: 100 }, () => log.follow(() => ++looks > 0));
  expect(listeners).toBe(1);
  for (let index = 0; index < 2_000; index++) store.put(record(`x.${index}`), PUT);
  store.remove(
    Array.from({ length: 2_000 }, (_, index) => `x.${index}`),
    { takeover: false },
  );
  await turns();
  expect(looks).toBe(0);
  expect(readers.every((reader) => reader.isBehind)).toBe(true);
  for (const reader of readers) reader.close();
  expect(listeners).toBe(0);
});

it('a watch that woke by itself is not moved on by the look at those that wait', async () => {
  const store = new MemoryNameStore();
  const log = new ChangeLog(store, new WatchRoom(DEFAULT_NAME_LIMITS));
  let concerns = true;
  const others = Array.from({ length: 30 }, () => log.follow(() => true));
  for (const other of others) void other.sleep(60_000);
  const reader = log.follow(() => concerns);
  void reader.sleep(60_000);
  store.put(record('x'), PUT);
  await nextTurn();
  // 20 readers are looked at in a turn, so this one is among those of a later turn
  reader.wake();
  concerns = false;
  await turns();
  concerns = true;
  expect(reader.hasNews).toBe(true);
  expect(nameOf(reader.read())).toBe('x');
});

it('watches that wait look at a change after the call that made it, and are woken only by changes of their names', async () => {
  const store = new MemoryNameStore();
  const log = new ChangeLog(store, new WatchRoom(DEFAULT_NAME_LIMITS));
  const woken: number[] = [];
  const readers = Array.from({ length: 50 }, (_, index) => {
    const reader = log.follow((change) => nameOf(change) === `name ${index % 5}`);
    void reader.sleep(60_000).then(() => woken.push(index));
    return reader;
  });
  for (let index = 0; index < 900; index++) store.put(record(`other ${index}`), PUT);
  expect(woken).toEqual([]);
  await turns();
  expect(woken).toEqual([]);
  store.put(record('name 3'), PUT);
  await Promise.resolve();
  expect(woken).toEqual([]);
  await turns();
  expect(woken).toEqual(Array.from({ length: 10 }, (_, index) => 5 * index + 3));
  expect(readers[3]!.read()).toMatchObject({ record: { name: 'name 3' } });
  // what does not concern a watch was looked at while it waited: it is not behind
  for (let index = 0; index < 900; index++) store.put(record(`other ${index}`), PUT);
  await turns();
  expect([readers[4]!.isBehind, readers[3]!.isBehind]).toEqual([false, false]);
  for (const reader of readers) reader.close();
});

it('a watch that is behind begins anew, and one that reads gets each change once and in order', async () => {
  const store = new MemoryNameStore();
  const room = new WatchRoom(DEFAULT_NAME_LIMITS);
  const log = new ChangeLog(store, room);
  const closing = new AbortController();
  const open = (): AsyncGenerator<NameFeedItem> =>
    nameFeed(new NameLists(store, DEFAULT_NAME_LIMITS), log, { prefix: '', tags: [] }, closing.signal, room.open(undefined));
  const [reading, behind] = [open(), open()];
  const told: string[] = [];
  const next = async (feed: AsyncGenerator<NameFeedItem>): Promise<string> => {
    const { value } = (await feed.next()) as { value: NameFeedItem };
    return value.change === 'registered' ? value.record.name : value.change;
  };
  expect([await next(reading), await next(behind)]).toEqual(['ready', 'ready']);
  const names = Array.from({ length: 1_500 }, (_, index) => `n${index}`);
  for (const name of names) {
    store.put(record(name), PUT);
    told.push(await next(reading));
  }
  expect(told).toEqual(names);
  expect(await next(behind)).toBe('restart');
  expect(await next(behind)).toBe('n0');
  closing.abort();
  for (const feed of [reading, behind]) await feed.return(undefined);
});

it('the memory of the last changes is limited, and watches get it first', () => {
  const store = new MemoryNameStore();
  const room = new WatchRoom({ maxWatches: 10, maxWatchBytes: 2_000 });
  const log = new ChangeLog(store, room);
  const reader = log.follow(() => true);
  store.put(record('a'), PUT);
  expect(reader.isBehind).toBe(false);
  const watch = room.open(undefined);
  expect(() => watch.take(2_001)).toThrow('limits.maxWatchBytes');
  expect(reader.isBehind).toBe(false);
  watch.take(1_900);
  expect(reader.isBehind).toBe(true);
  reader.skipAll();
  store.put(record('b'), PUT);
  expect(reader.isBehind).toBe(true);
  watch.close();
  reader.skipAll();
  store.put(record('c'), PUT);
  expect(reader.hasNews && reader.read()).toMatchObject({ record: { name: 'c' } });
  reader.close();
  room.open(undefined).take(2_000);
});

it('a look at a change asks for no tag, however many tags the change and the watch have', async () => {
  const store = new MemoryNameStore();
  const room = new WatchRoom(DEFAULT_NAME_LIMITS);
  const log = new ChangeLog(store, room);
  const closing = new AbortController();
  const tags = Array.from({ length: 100 }, (_, index) => `tag${index}`);
  const lists = new NameLists(store, DEFAULT_NAME_LIMITS);
  const open = (asked: readonly string[]): AsyncGenerator<NameFeedItem> =>
    nameFeed(lists, log, { prefix: '', tags: asked }, closing.signal, room.open(undefined));
  const feeds = Array.from({ length: 50 }, (_, index) => open([...tags.slice(1), `other${index}`]));
  const concerned = open(tags);
  for (const feed of [...feeds, concerned]) expect(await feed.next()).toMatchObject({ value: { change: 'ready' } });
  const told: unknown[] = [];
  for (const feed of [...feeds, concerned]) void feed.next().then(({ value }) => told.push(value));
  await turns();
  CountedTags.looks = 0;
  for (let index = 0; index < 100; index++) store.put({ ...record(`x.${index}`), metadata: new CountedTags(tags.slice(1)) }, PUT);
  await turns();
  expect(CountedTags.looks).toBe(0);
  store.put({ ...record('selected'), metadata: new CountedTags(tags) }, PUT);
  await turns();
  expect(told).toMatchObject([{ change: 'registered', record: { name: 'selected' } }]);
  expect(CountedTags.looks).toBeLessThanOrEqual(4 * 100);
  // a name that loses a tag is removed for the watch
  const next = concerned.next();
  store.setMetadata('selected', new CountedTags(tags.slice(1)), { takeover: false });
  expect(await next).toEqual({ value: { change: 'removed', name: 'selected' }, done: false });
  closing.abort();
  for (const feed of [...feeds, concerned]) await feed.return(undefined);
});

it('watches whose time is over at the same moment are woken in several turns', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const log = new ChangeLog(new MemoryNameStore(), new WatchRoom(DEFAULT_NAME_LIMITS));
    let woken = 0;
    const readers = Array.from({ length: 200 }, () => {
      const reader = log.follow(() => false);
      void reader.sleep(5_000).then(() => woken++);
      return reader;
    });
    readers.pop()!.close();
    vi.advanceTimersByTime(5_000);
    const wokenInTurns: number[] = [];
    for (let before = 0; woken < readers.length; before = woken) {
      await nextTurn();
      wokenInTurns.push(woken - before);
    }
    expect(Math.max(...wokenInTurns)).toBe(20);
    await turns();
    expect(woken).toBe(readers.length);
  } finally {
    vi.useRealTimers();
  }
});
