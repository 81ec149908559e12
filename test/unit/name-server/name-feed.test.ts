import { getEventListeners } from 'node:events';
import { expect, it, vi } from 'vitest';
import { ChangeLog } from '../../../lib/name-server/watches/change-log.js';
import { NameLists } from '../../../lib/name-server/names/name-lists.js';
import { DEFAULT_NAME_LIMITS } from '../../../lib/name-server/names/name-rules.js';
import { nameFeed } from '../../../lib/name-server/watches/name-feed.js';
import { WatchRoom } from '../../../lib/name-server/watches/watch-room.js';
import { MemoryNameStore } from '../../../lib/name-server/store/memory-store.js';
import { CountedTags } from './counted-tags.js';
import { dependantsOf } from '../../abort-signals.js';

it('the steps of a watch leave nothing behind at the signal that ends all watches', async () => {
  const closing = new AbortController();
  const { signal } = closing;
  const store = new MemoryNameStore();
  const room = new WatchRoom(DEFAULT_NAME_LIMITS);
  const feed = nameFeed(
    new NameLists(store, DEFAULT_NAME_LIMITS),
    new ChangeLog(store, room),
    { prefix: '', tags: [] },
    signal,
    room.open(undefined),
  );
  expect((await feed.next()).value).toEqual({ change: 'ready' });
  for (let step = 0; step < 20; step++) {
    const change = feed.next();
    store.put({ name: 'a', uri: `PYRO:a@h:${step + 1}`, metadata: undefined, lease: undefined }, { safe: false, takeover: true });
    expect((await change).value).toMatchObject({ change: 'registered', record: { uri: `PYRO:a@h:${step + 1}` } });
  }
  expect([getEventListeners(signal, 'abort').length, dependantsOf(signal)]).toEqual([1, 0]);
  const end = feed.next();
  closing.abort();
  expect(await end).toEqual({ value: undefined, done: true });
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

it('a watch of many names begins in slices between which others are served, and asks each name for its tags once', async () => {
  const tags = Array.from({ length: 20 }, (_, index) => `tag${index}`);
  const store = new MemoryNameStore();
  for (let index = 0; index < 2_000; index++) {
    const record = { name: `n${index}`, uri: 'PYRO:a@h:1', metadata: new CountedTags(tags), lease: undefined };
    store.put(record, { safe: false, takeover: false });
  }
  const room = new WatchRoom(DEFAULT_NAME_LIMITS);
  const closing = new AbortController();
  const lists = new NameLists(store, DEFAULT_NAME_LIMITS);
  const feed = nameFeed(lists, new ChangeLog(store, room), { prefix: 'n1', tags }, closing.signal, room.open(undefined));
  let now = 0;
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => (now += 6));
  try {
    CountedTags.looks = 0;
    let turns = 0;
    let isBegun = false;
    const serve = (): void => {
      turns++;
      if (!isBegun) setImmediate(serve);
    };
    setImmediate(serve);
    expect((await feed.next()).value).toMatchObject({ change: 'registered', record: { name: 'n1' } });
    isBegun = true;
    // the selection, and the list of the 1,111 names that begin with the prefix
    expect(turns).toBeGreaterThan(2 * 2_000);
    expect(CountedTags.looks).toBe(2_000 * tags.length);
  } finally {
    clock.mockRestore();
    await feed.return(undefined);
  }
});
