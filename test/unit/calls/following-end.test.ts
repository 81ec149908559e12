import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import { FollowingEnd } from '../../../lib/calls/following-end.js';
import { collectUntil } from '../../garbage-collection.js';

const followed = new AbortController();

it('a following end aborts with the reason of the first signal that aborts', () => {
  const [one, other] = [new AbortController(), new AbortController()];
  using end = new FollowingEnd(undefined, one.signal, other.signal);
  expect(end.signal.aborted).toBe(false);
  other.abort(new Error('enough'));
  one.abort(new Error('too late'));
  expect(end.signal.reason).toEqual(new Error('enough'));
  using late = new FollowingEnd(other.signal);
  expect(late.signal.reason).toEqual(new Error('enough'));
});

it('a following end lives as long as its signal', async () => {
  const { signal } = new FollowingEnd(followed.signal);
  let rounds = 0;
  await collectUntil(() => ++rounds > 3);
  followed.abort(new Error('enough'));
  expect(signal.reason).toEqual(new Error('enough'));
});

it('a following end takes its listeners off when it is disposed, and when it was garbage-collected', async () => {
  const { signal } = new AbortController();
  const listeners = (): number => getEventListeners(signal, 'abort').length;
  const disposed = new FollowingEnd(signal);
  // a listener that holds the end
  const drop = (): void => {
    const end = new FollowingEnd(signal);
    end.signal.addEventListener('abort', () => end[Symbol.dispose]());
  };
  drop();
  expect(listeners()).toBe(2);
  disposed[Symbol.dispose]();
  await collectUntil(() => listeners() === 0);
});
