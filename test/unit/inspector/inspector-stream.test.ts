import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import type { RemoteStream } from '../../../lib/client/call/remote-stream.js';
import { InspectorStream } from '../../../lib/inspector/calls/inspector-stream.js';
import { dependantsOf } from '../../abort-signals.js';

it('the items of a stream leave nothing at the signal of the request that reads them', async () => {
  const { signal } = new AbortController();
  const items = (async function* () {
    for (let item = 0; ; item++) yield item;
  })() as unknown as RemoteStream;
  const stream = new InspectorStream({ items, interrupt: () => Promise.resolve() }, 60_000, () => undefined);
  expect((await stream.read(100, signal)).items).toHaveLength(100);
  expect([getEventListeners(signal, 'abort').length, dependantsOf(signal)]).toEqual([0, 0]);
  stream.close();
});
