import { once } from 'node:events';
import { type ClientHttp2Session, connect, type OutgoingHttpHeaders } from 'node:http2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CallAnswer, InspectorState, StreamAnswer } from '../../../lib/inspector/contract/contract.js';
import { callOf, InspectedApp } from './fixtures.js';

let app: InspectedApp;
let client: ClientHttp2Session;
let host: string;
beforeAll(async () => {
  app = await InspectedApp.start({ allowCalls: true }, { platform: 'http2' });
  client = connect(app.origin);
  ({ host } = new URL(app.origin));
});
afterAll(async () => {
  client?.destroy();
  await app?.[Symbol.asyncDispose]();
});

async function ask(headers: OutgoingHttpHeaders, body?: string): Promise<{ status: number; text: string }> {
  const asked = client.request(headers).setEncoding('utf8');
  asked.end(body);
  const [{ ':status': status }] = (await once(asked, 'response')) as [{ ':status': number }];
  let text = '';
  for await (const chunk of asked) text += String(chunk);
  return { status, text };
}

/** Sends a request as the page does. */
async function post<T>(path: string, value: object, headers: OutgoingHttpHeaders = {}): Promise<T> {
  const body = JSON.stringify(value);
  const { text } = await ask(
    {
      ':method': 'POST',
      ':path': `/pyro/${path}`,
      origin: app.origin,
      'sec-fetch-site': 'same-origin',
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      ...headers,
    },
    body,
  );
  return JSON.parse(text) as T;
}

const snapshot = (headers: OutgoingHttpHeaders): Promise<{ status: number; text: string }> =>
  ask({ ':path': '/pyro/snapshot', ...headers });

describe('the inspector over HTTP/2', () => {
  it('the inspector over HTTP/2 serves the page and snapshots, calls methods, and reads streams', async () => {
    expect((await ask({ ':path': '/pyro' })).text).toContain('page.js');
    const { status, text } = await snapshot({ origin: app.origin, 'sec-fetch-site': 'same-origin' });
    expect([status, (JSON.parse(text) as InspectorState).servers.length]).toEqual([200, 1]);
    expect(await post<CallAnswer>('call', callOf('lab.camera', 'expose', { args: ['1'] }))).toMatchObject({ kind: 'result' });
    const stream = await post<CallAnswer>('call', callOf('lab.camera', 'frames'));
    if (stream.kind !== 'stream') throw new Error('no stream');
    for (const items of [
      ['1', '2'],
      ['3', '4'],
    ]) {
      const answer = await post<StreamAnswer>('stream', { streamId: stream.streamId, count: 2 });
      expect([answer.items.map((item) => item.text), answer.error]).toEqual([items, null]);
    }
    await post('stream', { streamId: stream.streamId, count: 0 });
  });

  it('the inspector over HTTP/2 sends the state to a page that watches, and a page that leaves makes room', async () => {
    const events = client.request({ ':path': '/pyro/events' }).setEncoding('utf8');
    let text = '';
    for await (const chunk of events) {
      text += String(chunk);
      if (text.includes('data: ')) break;
    }
    expect(text).toContain('"servers":[');
  });

  it('a call over HTTP/2 whose page leaves is given up', async () => {
    const body = JSON.stringify(callOf('lab.camera', 'wait'));
    const asked = client.request({
      ':method': 'POST',
      ':path': '/pyro/call',
      origin: app.origin,
      'content-type': 'application/json',
      'content-length': body.length,
    });
    asked.on('error', () => undefined).end(body);
    await expect.poll(() => app.server.inspect().totals.requestsInProgress).toBe(1);
    asked.close();
    await expect.poll(() => app.server.inspect().totals.requestsInProgress).toBe(0);
  });

  it('the inspector over HTTP/2 refuses other host names and other origins', async () => {
    const { port } = new URL(app.origin);
    const refused = [
      { ':authority': `evil.example:${port}` },
      { ':authority': `evil.example:${port}`, origin: `http://evil.example:${port}` },
      { ':authority': `127.evil.example:${port}` },
      { origin: 'https://example.com' },
      { origin: 'null' },
      // a host without a port is another origin
      { origin: 'http://127.0.0.1' },
    ];
    for (const headers of refused) expect((await snapshot(headers)).status, JSON.stringify(headers)).toBe(403);
    for (const authority of [`localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`])
      expect((await snapshot({ ':authority': authority, origin: `http://${authority}` })).status, authority).toBe(200);
  });

  it('the inspector over HTTP/2 refuses a request that names two hosts', async () => {
    const same = await snapshot({ ':authority': host, host: host.toUpperCase() });
    expect(same.status).toBe(200);
    for (const [authority, other] of [
      [host, 'evil.example'],
      ['evil.example', host],
    ]) {
      const { status, text } = await snapshot({ ':authority': authority, host: other });
      expect([status, JSON.parse(text)]).toEqual([
        400,
        { error: `the request names two hosts: :authority is "${authority}", and Host is "${other}"` },
      ]);
    }
    expect((await snapshot({ host: 'evil.example' })).status).toBe(403);
  });
});
