import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import { ChangeLog } from '../../../lib/name-server/change-log.js';
import { DEFAULT_NAME_LIMITS } from '../../../lib/name-server/name-rules.js';
import { nameFeed } from '../../../lib/name-server/name-feed.js';
import { WatchRoom } from '../../../lib/name-server/watch-room.js';
import { MemoryNameStore } from '../../../lib/name-server/store/memory-store.js';
import { dependantsOf } from '../../abort-signals.js';

it('the steps of a watch leave nothing behind at the signal that ends all watches', async () => {
  const closing = new AbortController();
  const { signal } = closing;
  const store = new MemoryNameStore();
  const room = new WatchRoom(DEFAULT_NAME_LIMITS);
  const feed = nameFeed(store, new ChangeLog(store, room), { prefix: '', tags: [] }, signal, room.open(undefined));
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
