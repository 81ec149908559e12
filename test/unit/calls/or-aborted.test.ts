import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { orAborted } from '../../../lib/calls/or-aborted.js';

const never = new Promise<never>(() => undefined);

it('orAborted gives the result or the error of its work, with and without a signal', async () => {
  const { signal } = new AbortController();
  expect(await orAborted(Promise.resolve(1), undefined)).toBe(1);
  expect(await orAborted(Promise.resolve(1), signal)).toBe(1);
  await expect(orAborted(Promise.reject(new Error('failed')), signal)).rejects.toThrow('failed');
});

it('orAborted throws the reason of a signal that is aborted while the work runs', async () => {
  const end = new AbortController();
  const waiting = orAborted(never, end.signal);
  end.abort(new Error('given up'));
  await expect(waiting).rejects.toThrow('given up');
});

it('orAborted throws the reason of a signal that was aborted before, whatever becomes of the work', async () => {
  const signal = AbortSignal.abort(new Error('given up'));
  await expect(orAborted(never, signal)).rejects.toThrow('given up');
  await expect(orAborted(Promise.resolve(1), signal)).rejects.toThrow('given up');
  // a rejection that nobody handles would fail the test
  await expect(
    orAborted(
      sleep(1).then(() => Promise.reject(new Error('late'))),
      signal,
    ),
  ).rejects.toThrow('given up');
  await sleep(5);
});
