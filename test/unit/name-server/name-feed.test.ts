import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import { DEFAULT_NAME_LIMITS } from '../../../lib/name-server/name-rules.js';
import { nameFeed } from '../../../lib/name-server/name-feed.js';
import { WatchMemory } from '../../../lib/name-server/watch-memory.js';
import { MemoryNameStore } from '../../../lib/name-server/store/memory-store.js';
import { dependantsOf } from '../../abort-signals.js';

it('the steps of a watch leave nothing behind at the signal that ends all watches', async () => {
  const closing = new AbortController();
  const { signal } = closing;
  const store = new MemoryNameStore();
  const feed = nameFeed(store, { prefix: '', tags: [] }, signal, new WatchMemory(DEFAULT_NAME_LIMITS.maxWatchBytes));
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
