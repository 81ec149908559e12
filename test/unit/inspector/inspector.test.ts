import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { setImmediate as immediate } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { PyroDaemon } from '../../../lib/core.js';
import { Inspector } from '../../../lib/inspector/inspector.js';
import { InspectorCalls } from '../../../lib/inspector/calls/inspector-calls.js';
import { INSPECTOR_DEFAULTS, type InspectorOptions } from '../../../lib/inspector/contract/inspector-options.js';
import type { InspectorSource } from '../../../lib/inspector/contract/inspector-source.js';
import { RemoteSource } from '../../../lib/inspector/sources/remote-source.js';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** The request of the page for a ping of a daemon. */
const pingOf = (server: string) =>
  ({
    session: 'one',
    server,
    objectId: 'Pyro.Daemon',
    kind: 'method',
    member: 'ping',
    args: [],
    kwargs: {},
    isLiteral: false,
    handshake: null,
  }) as const;

it('a call whose body arrives after the inspector was closed is refused, and opens no connection', async () => {
  await using daemon = await PyroDaemon.listen({ host: '127.0.0.1', port: 0 });
  const shown = { location: daemon.locationStr, objectId: 'Pyro.Daemon', names: new Map() };
  const source = new RemoteSource(shown, {}, 10);
  const inspector = new Inspector(
    () => source,
    { allowCalls: true },
    () => undefined,
  );
  const server = createServer((incoming, response) => void inspector.post('call', incoming, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const body = JSON.stringify(pingOf(shown.location));
  const headers = { origin: `http://${host}`, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  const client = request(`http://${host}`, { method: 'POST', headers });
  client.write(body.slice(0, 10));
  await once(server, 'request');
  await inspector.close();
  client.end(body.slice(10));
  const [answer] = (await once(client, 'response')) as [AsyncIterable<Buffer> & { statusCode: number }];
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk);
  expect([answer.statusCode, JSON.parse(String(Buffer.concat(chunks)))]).toEqual([503, { error: 'the application shuts down' }]);
  expect(daemon.connections.length).toBe(0);
  await source.close();
  server.close();
});

/** More than a connection on this machine holds. */
const LARGE_CHARS = 24 * 1024 * 1024;

/** An inspector behind a web server. Its snapshots are too large for a client that reads nothing. */
async function serve(
  options: InspectorOptions,
): Promise<{ url: string; unread: (text: string) => () => void; open: () => number }> {
  const source = {
    take: () => Promise.resolve(['x'.repeat(LARGE_CHARS)]),
    follow: () => () => undefined,
  } as unknown as InspectorSource;
  const inspector = new Inspector(
    () => source,
    options,
    () => undefined,
  );
  let open = 0;
  const server = createServer((incoming, response) => {
    open++;
    response.once('close', () => open--);
    void inspector.get('snapshot', incoming, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ends.push(async () => {
    await inspector.close();
    server.close().closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const unread = (text: string): (() => void) => {
    const client = connect(port, '127.0.0.1').on('error', () => undefined);
    client.pause();
    client.write(text);
    ends.push(() => client.destroy());
    return () => client.destroy();
  };
  return { url: `http://127.0.0.1:${port}`, unread, open: () => open };
}

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

describe('answers of the inspector that nobody reads', () => {
  it('a snapshot that its client has not read counts under maxReaders, until the client goes', async () => {
    const { url, unread, open } = await serve({ maxReaders: 1 });
    const leave = unread(GET);
    await expect.poll(open, { timeout: 60_000 }).toBe(1);
    const refused = await fetch(url);
    expect([refused.status, await refused.json()]).toEqual([
      503,
      { error: '1 snapshots are being read (maxReaders): wait for one of them, or raise the option' },
    ]);
    leave();
    await expect.poll(open, { timeout: 60_000 }).toBe(0);
    expect((await fetch(url)).status).toBe(200);
  });

  it('a client that has not read its answer after a minute is disconnected', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    ends.push(() => vi.useRealTimers());
    const { unread, open } = await serve({});
    unread(GET);
    while (open() === 0) await immediate();
    // the answer is made in the turn of the request
    for (let turn = 0; turn < 10; turn++) await immediate();
    vi.advanceTimersByTime(60_000 - 1);
    await immediate();
    expect(open()).toBe(1);
    vi.advanceTimersByTime(1);
    while (open() > 0) await immediate();
  });

  it('a client that has not read its answer is disconnected when the inspector is closed', async () => {
    const { unread, open } = await serve({});
    unread(GET);
    await expect.poll(open, { timeout: 60_000 }).toBe(1);
    for (const end of ends.splice(0).reverse()) await end();
    await expect.poll(open, { timeout: 60_000 }).toBe(0);
  });

  it('a call counts under maxCalls until its answer is read', async () => {
    await using daemon = await PyroDaemon.listen({ host: '127.0.0.1', port: 0 });
    const shown = { location: daemon.locationStr, objectId: 'Pyro.Daemon', names: new Map<string, string[]>() };
    const source = new RemoteSource(shown, {}, 10);
    const calls = new InspectorCalls(source, { ...INSPECTOR_DEFAULTS, maxCalls: 1 });
    const { signal } = new AbortController();
    const ping = pingOf(shown.location);
    let read = (): void => undefined;
    const isRead = new Promise<void>((resolve) => (read = resolve));
    const sent = vi.fn<() => Promise<void>>(() => isRead);
    const first = calls.call({ ...ping, args: [] }, signal, sent);
    await expect.poll(() => sent.mock.calls.length, { timeout: 60_000 }).toBe(1);
    await expect(calls.call({ ...ping, args: [] }, signal, sent)).rejects.toThrow(
      '1 calls of the inspector are running (maxCalls)',
    );
    read();
    await first;
    await calls.call({ ...ping, args: [] }, signal, sent);
    expect(sent).toHaveBeenCalledTimes(2);
    await Promise.all([calls.close(), source.close()]);
  });
});
