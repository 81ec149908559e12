import { once } from 'node:events';
import { createServer, request, type ServerResponse } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import { type AddressInfo, connect } from 'node:net';
import { setImmediate as immediate } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { InspectorSource } from '../../../lib/inspector/contract/inspector-source.js';
import { SnapshotFeed } from '../../../lib/inspector/requests/snapshot-feed.js';
import { keepWarnings } from '../../kept-warnings.js';

const warnings = keepWarnings(/^no servers yet$/);

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

const reader = (page: string, filter = '') => ({ page, first: { filter } });

function feedOf(
  take: (first: { filter?: string }) => Promise<never[]>,
  follow = (): (() => unknown) => () => undefined,
): SnapshotFeed {
  const source = { take, follow } as unknown as InspectorSource;
  const feed = new SnapshotFeed(source, { allowCalls: false, intervalMs: 10, maxReaders: 3 });
  ends.push(() => feed.close());
  return feed;
}

/** A response of a real server, and how its client leaves. */
async function openResponse(): Promise<{ response: ServerResponse; leave: () => Promise<void>; received: Promise<string> }> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = request({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  client.on('error', () => undefined);
  client.end();
  const [, response] = (await once(server, 'request')) as [unknown, ServerResponse];
  ends.push(() => server.close().closeAllConnections());
  const received = once(client, 'response').then(async ([answer]: AsyncIterable<Buffer>[]) => {
    for await (const chunk of answer!) if (String(chunk).includes('data: ')) return String(chunk);
    return '';
  });
  void received.catch(() => undefined);
  const leave = async (): Promise<void> => {
    const closed = once(response, 'close');
    client.destroy();
    await closed;
  };
  return { response, leave, received };
}

/** The response to a client that reads nothing. */
async function unreadResponse(): Promise<ServerResponse> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.on('error', () => undefined).pause();
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  const [, response] = (await once(server, 'request')) as [unknown, ServerResponse];
  ends.push(() => {
    client.destroy();
    server.close();
  });
  return response;
}

/** The same over HTTP/2. */
async function unreadHttp2Response(): Promise<ServerResponse> {
  const server = createHttp2Server();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  client.on('error', () => undefined);
  client
    .request({ ':path': '/' })
    .on('error', () => undefined)
    .pause();
  const [, response] = (await once(server, 'request')) as [unknown, unknown];
  ends.push(() => {
    client.destroy();
    server.close();
  });
  // the inspector uses members that both have
  return response as ServerResponse;
}

const LARGE = 'x'.repeat(1024 * 1024);
const largeState = (): Promise<never[]> => Promise.resolve([LARGE as never]);

describe.each([
  ['HTTP/1.1', unreadResponse],
  ['HTTP/2', unreadHttp2Response],
])('readers of the feed that read nothing, over %s', (version, unread) => {
  it(`a page whose earlier connection reads nothing has one connection, and its unread data is freed, over ${version}`, async () => {
    const feed = feedOf(largeState);
    const earlier = await unread();
    feed.add(earlier, reader('same'));
    await expect.poll(() => earlier.writableLength, { timeout: 60_000 }).toBeGreaterThan(LARGE.length / 2);
    const closed = once(earlier, 'close');
    feed.add(await unread(), reader('same'));
    await closed;
    expect(feed.size).toBe(1);
  });

  it(`a reader that reads nothing keeps one snapshot, and is disconnected after five minutes, over ${version}`, async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    ends.push(() => vi.useRealTimers());
    const take = vi.fn<typeof largeState>(largeState);
    const feed = feedOf(take);
    const response = await unread();
    feed.add(response, reader('one'));
    while (response.writableLength < LARGE.length / 2) await immediate();
    const full = take.mock.calls.length;
    while (take.mock.calls.length < full + 5) await immediate();
    expect(response.writableLength).toBeLessThan(2 * LARGE.length);
    const closed = once(response, 'close');
    vi.advanceTimersByTime(5 * 60_000);
    await closed;
    expect(feed.size).toBe(0);
  });
});

describe('the feed of the inspector', () => {
  it('the feed of the inspector counts a reader that was ended and has not taken the end under maxReaders', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    ends.push(() => vi.useRealTimers());
    const feed = feedOf(() => Promise.resolve([]));
    const responses = [await unreadResponse(), await unreadResponse(), await unreadResponse()];
    const [earlier, later, other] = responses as [ServerResponse, ServerResponse, ServerResponse];
    feed.add(earlier, reader('one'));
    // the end does not leave this process
    vi.spyOn(earlier, 'end').mockReturnValue(earlier);
    feed.add(later, reader('one'));
    feed.add(other, reader('two'));
    expect([feed.size, feed.isFull('three'), earlier.destroyed]).toEqual([2, true, false]);
    const closed = once(earlier, 'close');
    vi.advanceTimersByTime(2_000);
    await closed;
    expect(feed.isFull('three')).toBe(false);
  });

  it('the feed of the inspector does not add a reader that left before it was added', async () => {
    const feed = feedOf(() => Promise.resolve([]));
    for (let index = 0; index < 3; index++) {
      const { response, leave } = await openResponse();
      await leave();
      feed.add(response, reader(`page ${index}`));
    }
    expect([feed.size, feed.isFull('another')]).toEqual([0, false]);
  });

  it('the feed of the inspector ends the response of a reader after five minutes, so that guards decide anew, and keeps the others', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    ends.push(() => vi.useRealTimers());
    let follows = 0;
    const feed = feedOf(
      () => Promise.resolve([]),
      () => (follows++, () => follows--),
    );
    const first = await openResponse();
    const second = await openResponse();
    feed.add(first.response, reader('first'));
    vi.advanceTimersByTime(4 * 60_000);
    feed.add(second.response, reader('second'));
    vi.advanceTimersByTime(60_000 - 1);
    expect(feed.size).toBe(2);
    const finished = once(first.response, 'finish');
    vi.advanceTimersByTime(1);
    expect([feed.size, follows]).toEqual([1, 1]);
    await finished;
    vi.advanceTimersByTime(4 * 60_000);
    // nobody watches: nothing is recorded
    expect([feed.size, follows]).toEqual([0, 0]);
  });

  it('the feed of the inspector ends the earlier connection of a page that asks for other objects, also when it is full', async () => {
    const filters: (string | undefined)[] = [];
    const feed = feedOf(({ filter }) => {
      filters.push(filter);
      return Promise.resolve([]);
    });
    // a reader leaves after its first snapshot, so all are added at once
    const opened = [await openResponse(), await openResponse(), await openResponse(), await openResponse()];
    const [one, two, three, again] = opened.map(({ response }) => response);
    feed.add(one!, reader('one'));
    feed.add(two!, reader('two'));
    feed.add(three!, reader('three'));
    expect([feed.isFull('four'), feed.isFull('one')]).toEqual([true, false]);
    const ended = once(one!, 'close');
    feed.add(again!, reader('one', 'lamp'));
    expect(feed.size).toBe(3);
    await ended;
    await opened[3]!.received;
    expect(filters).toContain('lamp');
  });

  it('the feed of the inspector goes on after a source that failed', async () => {
    let turns = 0;
    const feed = feedOf(() => (++turns < 3 ? Promise.reject(new Error('no servers yet')) : Promise.resolve([])));
    const { response, received } = await openResponse();
    feed.add(response, reader('one'));
    expect(await received).toContain('"servers":[]');
    expect(turns).toBeGreaterThanOrEqual(3);
    expect(warnings).toEqual(['no servers yet']);
  });
});
