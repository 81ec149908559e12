import { afterEach, expect, it } from 'vitest';
import type { RemoteStream } from '../../../lib/client/call/remote-stream.js';
import { withCorrelationId } from '../../../lib/core.js';
import { FLAGS } from '../../../lib/protocol/constants.js';
import { PyroProxy } from '../../../lib/pyro/pyro-proxy.js';
import { loads } from '../../../lib/serpent/index.js';
import { authorize, reply, ScriptedDaemon } from './scripted-daemon.js';

interface Thing {
  call(): Iterator<number>;
}

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Serves a stream that gives its connection as items. Each connection breaks after two items. */
async function serveStream(): Promise<{ uri: string; requests: [string, string, number][] }> {
  const requests: [string, string, number][] = [];
  const daemon = await ScriptedDaemon.listen(async (peer, connection) => {
    await authorize(peer);
    for (let items = 0; items < 2;) {
      const frame = await peer.next();
      const method = String((loads(frame.data) as unknown[])[1]);
      requests.push([method, frame.correlationId!.toString('hex'), connection]);
      if (method === 'call') {
        const annotations = new Map([['STRM', Buffer.from('stream-1')]]);
        reply(peer, frame, 'a stream', { flags: FLAGS.correlationId | FLAGS.exception | FLAGS.itemStream, annotations });
      } else if (method === 'get_next_stream_item') {
        items++;
        reply(peer, frame, connection);
      }
    }
    peer.destroy();
  });
  cleanups.push(() => daemon.close());
  return { uri: daemon.uri, requests };
}

it.each([undefined, '12345678-1234-4234-8234-123456789abc'])(
  'all requests of a stream have the correlation id of the call that opened it, also over another connection, and its closing too (given id: %s)',
  async (given) => {
    const { uri, requests } = await serveStream();
    await using thing = await PyroProxy.connect<Thing>(uri, { callTimeoutMs: 60_000 });
    const open = (): Promise<RemoteStream<number>> => thing.call();
    const stream = await (given === undefined ? open() : withCorrelationId(given, open));
    const items = [(await stream.next()).value, (await stream.next()).value];
    await expect.poll(() => thing.$connected).toBe(false);
    items.push((await stream.next()).value);
    await stream.return();
    await expect.poll(() => requests.length).toBe(5);
    expect(items).toEqual([1, 1, 2]);
    const item = 'get_next_stream_item';
    expect(requests.map(([method, , connection]) => [method, connection])).toEqual([
      ['call', 1],
      [item, 1],
      [item, 1],
      [item, 2],
      ['close_stream', 2],
    ]);
    const ids = new Set(requests.map(([, id]) => id));
    expect(ids.size).toBe(1);
    if (given !== undefined) expect(ids).toEqual(new Set([given.replaceAll('-', '')]));
    // other calls have ids of their own
    await thing.call();
    expect(ids.has(requests.at(-1)![1])).toBe(false);
  },
);
