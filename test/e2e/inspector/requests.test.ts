import { get, type IncomingMessage, type Server } from 'node:http';
import { connect } from 'node:net';
import { EventEmitter, once } from 'node:events';
import { setImmediate as immediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { type CanActivate, type ExecutionContext, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { PyroInspectorModule } from 'nestjs-pyro';
import { afterEach, describe, expect, it } from 'vitest';
import type { CallAnswer, InspectorState, StreamAnswer } from '../../../lib/inspector/contract/contract.js';
import { Camera, callOf, InspectedApp, type Platform } from './fixtures.js';

/** All files of the page together, compressed. */
const MAX_PAGE_BYTES = 60 * 1024;

const opened: AsyncDisposable[] = [];
afterEach(async () => {
  for (const app of opened.splice(0)) await app[Symbol.asyncDispose]();
});

async function start(...args: Parameters<typeof InspectedApp.start>): Promise<InspectedApp> {
  const app = await InspectedApp.start(...args);
  opened.push(app);
  return app;
}

/** Lets in who sends the header `x-key: good`. */
class KeyGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return context.switchToHttp().getRequest<{ headers: Record<string, string> }>().headers['x-key'] === 'good';
  }
}

async function call(app: InspectedApp, ...args: Parameters<typeof callOf>): Promise<CallAnswer> {
  return (await (await app.post('pyro/call', callOf(...args))).json()) as CallAnswer;
}

async function items(app: InspectedApp, streamId: string, count: number): Promise<StreamAnswer & { error: unknown }> {
  return (await (await app.post('pyro/stream', { streamId, count })).json()) as StreamAnswer;
}

/** Begins to watch, over a new connection. */
async function watch(app: InspectedApp): Promise<IncomingMessage> {
  const request = get(`${app.origin}/pyro/events`, { agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.on('error', () => {}).setEncoding('utf8');
  return response;
}

/** Reads events until one fits, and goes. */
async function eventOf(response: IncomingMessage, fits: (state: InspectorState) => boolean): Promise<InspectorState> {
  let text = '';
  for await (const chunk of response) {
    text += String(chunk);
    for (const [, data] of text.matchAll(/^data: (.*)\n\n/gm)) {
      const state = JSON.parse(data!) as InspectorState;
      if (fits(state)) return state;
    }
  }
  throw new Error('the feed has ended');
}

describe.each<Platform>(['express', 'fastify'])('the inspector on %s', (platform) => {
  it('the inspector serves the page and its files with a policy that lets nothing else in', async () => {
    const app = await start({ path: '/tools/pyro/' }, { platform });
    const page = await app.get('tools/pyro');
    expect(page.headers.get('content-security-policy')).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    expect(page.headers.get('x-content-type-options')).toBe('nosniff');
    expect(page.headers.get('referrer-policy')).toBe('no-referrer');
    const html = await page.text();
    expect(html).toContain('src="?file=page.js"');
    expect(html).not.toMatch(/<script[^>]*>[^<]|<style|style=|onload=/);
    let bytes = gzipSync(html).length;
    for (const file of ['page.js', 'page.css']) {
      const response = await app.get(`tools/pyro?file=${file}`);
      expect(response.headers.get('content-encoding')).toBe('gzip');
      const etag = response.headers.get('etag')!;
      bytes += Number(response.headers.get('content-length'));
      await response.text();
      const again = await app.get(`tools/pyro?file=${file}`, { 'if-none-match': etag });
      expect(again.status).toBe(304);
    }
    expect(bytes).toBeGreaterThan(5_000);
    expect(bytes).toBeLessThan(MAX_PAGE_BYTES);
  });

  it('the inspector tells the state of all servers, with types and rules of parameters', async () => {
    const app = await start({}, { platform });
    const { allowCalls, servers } = (await (await app.get('pyro/snapshot')).json()) as InspectorState;
    expect(allowCalls).toBe(false);
    const [lab] = servers;
    expect(lab).toMatchObject({ id: 'lab', location: app.server.unwrap().locationStr, error: null });
    const camera = lab!.objects.find(({ objectId }) => objectId === 'lab.camera')!;
    expect(camera.uri).toBe(String(app.server.unwrap().uriFor('lab.camera')));
    expect(camera.members).toContainEqual({
      kind: 'method',
      name: 'configure',
      isOneway: false,
      isStream: false,
      parameters: [
        {
          name: 'settings',
          kind: 'positional',
          isRequired: true,
          type: 'Settings',
          rules: expect.arrayContaining([expect.stringMatching(/^binning: .*isInt/)]) as string[],
          shape: expect.objectContaining({ kind: 'dict', className: null }) as object,
        },
      ],
    });
  });

  it('the inspector calls methods and attributes through guards and handshake guards', async () => {
    const app = await start({ allowCalls: true }, { platform });
    expect(await call(app, 'lab.camera', 'expose', { args: ['0.5'], kwargs: { binning: '2' } })).toMatchObject({
      kind: 'result',
      value: { text: expect.stringContaining('"binning": 2') as string, isCut: false },
    });
    expect(await call(app, 'lab.camera', 'gain', { kind: 'set', args: ['7'] })).toMatchObject({ kind: 'result' });
    expect(await call(app, 'lab.camera', 'gain', { kind: 'get' })).toMatchObject({ value: { text: '7' } });
    expect(await call(app, 'lab.camera', 'park')).toMatchObject({
      kind: 'error',
      error: { type: 'builtins.PermissionError', message: 'Forbidden resource' },
    });
    expect(await call(app, 'lab.mount', 'move', { args: ['1'] })).toMatchObject({
      kind: 'error',
      error: { type: 'CommunicationError' },
    });
    const move = { args: ['1'], handshake: 'secret' };
    expect(await call(app, 'lab.mount', 'move', move)).toMatchObject({ value: { text: '1' } });
    // the object has the instance mode session: one page keeps its session, and another has its own
    expect(await call(app, 'lab.mount', 'move', move)).toMatchObject({ value: { text: '2' } });
    expect(await call(app, 'lab.mount', 'move', { ...move, session: 'two' })).toMatchObject({ value: { text: '1' } });
    const broken = await call(app, 'lab.camera', 'break');
    expect(broken).toMatchObject({ kind: 'error', error: { type: 'builtins.ValueError', message: 'the shutter is stuck' } });
  });

  it('the inspector runs the guards of the module for every path below it', async () => {
    const app = await start({ guards: [KeyGuard], allowCalls: true }, { platform });
    for (const path of ['', '?file=page.js', '?file=page.css', '/snapshot', '/events'])
      expect((await app.get(`pyro${path}`)).status, path).toBe(403);
    for (const path of ['call', 'stream']) expect((await app.post(`pyro/${path}`, {})).status, path).toBe(403);
    expect((await app.get('pyro/snapshot', { 'x-key': 'good' })).status).toBe(200);
  });

  it('the inspector refuses requests that its own page did not send', async () => {
    const app = await start({ allowCalls: true }, { platform });
    const body = callOf('lab.camera', 'expose', { args: ['1'] });
    const foreign = [
      { origin: 'https://example.com' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'none' },
      { 'sec-fetch-site': 'same-origin', origin: 'https://example.com' },
    ];
    for (const headers of foreign)
      expect((await app.post('pyro/call', body, headers as never)).status, JSON.stringify(headers)).toBe(403);
    const { origin } = app;
    const without = await fetch(`${origin}/pyro/call`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    expect(without.status).toBe(403);
    expect((await app.post('pyro/call', 'a=1', { 'content-type': 'application/x-www-form-urlencoded' })).status).toBe(415);
    expect((await app.post('pyro/call', JSON.stringify(body), { 'content-type': 'text/plain' })).status).toBe(415);
    for (const path of ['snapshot', 'events']) {
      expect((await app.get(`pyro/${path}`, { origin: 'https://example.com' })).status).toBe(403);
      expect((await app.get(`pyro/${path}`, { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    }
  });

  it('the inspector refuses bodies over maxBodyBytes, bodies without a length, and wrong fields', async () => {
    const app = await start({ allowCalls: true, maxBodyBytes: 300 }, { platform });
    const large = await app.post('pyro/call', callOf('lab.camera', 'expose', { args: ['x'.repeat(300)] }));
    expect(large.status).toBe(413);
    expect(await large.json()).toEqual({ error: expect.stringContaining('maxBodyBytes') as string });
    const wrong = await app.post('pyro/call', callOf('lab.camera', 'expose', { args: [1] }));
    expect([wrong.status, await wrong.json()]).toEqual([400, { error: 'args must be a list of texts' }]);
    const { hostname, port } = new URL(app.origin);
    const socket = connect(Number(port), hostname);
    socket.write(
      `POST /pyro/call HTTP/1.1\r\nHost: ${hostname}:${port}\r\nOrigin: ${app.origin}\r\nContent-Type: application/json\r\n` +
        'Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n',
    );
    const [answer] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    expect(answer.toString()).toMatch(/^HTTP\/1.1 411 /);
  });

  it('the inspector only shows objects unless allowCalls is set', async () => {
    const app = await start({}, { platform });
    const refused = await app.post('pyro/call', callOf('lab.camera', 'expose', { args: ['1'] }));
    expect([refused.status, await refused.json()]).toEqual([403, { error: expect.stringContaining('allowCalls') as string }]);
    expect((await app.post('pyro/stream', { streamId: 'a', count: 1 })).status).toBe(403);
  });

  it('the inspector answers HEAD of the events, which takes no slot of a reader', async () => {
    const app = await start({ maxReaders: 1 }, { platform });
    const head = await fetch(`${app.origin}/pyro/events`, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
    const response = await watch(app);
    expect(response.statusCode).toBe(200);
    response.destroy();
  });

  it('the inspector sends the state to all readers, and ends with the application', async () => {
    const app = await start({ intervalMs: 100, maxReaders: 2, allowCalls: true }, { platform });
    const [one, two, three] = [await watch(app), await watch(app), await watch(app)];
    expect(one.headers['content-type']).toBe('text/event-stream');
    expect(three.statusCode).toBe(503);
    three.destroy();
    await eventOf(one, ({ servers }) => servers.length === 1);
    await call(app, 'lab.camera', 'expose', { args: ['1'] });
    const state = await eventOf(two, ({ servers }) => (servers[0]?.durations?.['lab.camera']?.calls ?? 0) === 1);
    expect(state.servers[0]!.objects.find(({ objectId }) => objectId === 'lab.camera')!.calls).toBe(1);
    // readers that went make room for others
    let late = await watch(app);
    while (late.statusCode === 503) {
      late.destroy();
      late = await watch(app);
    }
    expect(late.statusCode).toBe(200);
    late.destroy();
    // without readers nothing is recorded
    const durations = async (): Promise<unknown> =>
      ((await (await app.get('pyro/snapshot')).json()) as InspectorState).servers[0]!.durations;
    await expect.poll(durations).toBeNull();
    const last = await watch(app);
    expect(last.statusCode).toBe(200);
    // Nest waits for open requests: this would not return if one of them stayed
    await app.app.close();
  });
});

describe.each<Platform>(['express', 'fastify'])('clients of the inspector that leave, on %s', (platform) => {
  it(`calls whose client left while guards ran are not made, and take no slot, on ${platform}`, async () => {
    const asked = new EventEmitter();
    let open = (): void => undefined;
    const isOpen = new Promise<void>((resolve) => (open = resolve));
    const guard: CanActivate = {
      canActivate: async () => {
        asked.emit('asked');
        await isOpen;
        return true;
      },
    };
    const app = await start({ allowCalls: true, maxCalls: 1, guards: [guard] }, { platform });
    const { hostname, port } = new URL(app.origin);
    const body = JSON.stringify(callOf('lab.camera', 'wait'));
    const socket = connect(Number(port), hostname);
    socket.write(
      `POST /pyro/call HTTP/1.1\r\nHost: ${hostname}:${port}\r\nOrigin: ${app.origin}\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${body.length}\r\n\r\n${body}`,
    );
    await once(asked, 'asked');
    socket.destroy();
    const web = app.app.getHttpServer() as Server;
    const connections = promisify(web.getConnections.bind(web));
    await expect.poll(() => connections()).toBe(0);
    open();
    await immediate();
    const answer = await app.post('pyro/call', callOf('lab.camera', 'expose', { args: ['1'] }));
    expect([answer.status, await answer.json()]).toEqual([200, expect.objectContaining({ kind: 'result' })]);
    expect(app.server.inspect().totals.requestsInProgress).toBe(0);
  });

  it(`a request that was sent before the answer to the one before is refused, on ${platform}`, async () => {
    const app = await start({ allowCalls: true }, { platform });
    const { hostname, port } = new URL(app.origin);
    const body = JSON.stringify(callOf('lab.camera', 'ring', { args: ['x'] }));
    const head = `Host: ${hostname}:${port}\r\nOrigin: ${app.origin}\r\n`;
    const socket = connect(Number(port), hostname).setEncoding('utf8');
    let received = '';
    socket.on('data', (text: string) => (received += text));
    socket.write(
      `POST /pyro/call HTTP/1.1\r\n${head}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    await expect.poll(() => Camera.bell.listenerCount('ring')).toBeGreaterThan(0);
    const seen = once(app.app.getHttpServer() as Server, 'request');
    socket.write(`GET /pyro/snapshot HTTP/1.1\r\n${head}\r\n`);
    await seen;
    Camera.bell.emit('ring');
    await expect.poll(() => received).toMatch(/rung x[^]*HTTP\/1\.1 400 [^]*send a request after the answer to the one before/);
    socket.destroy();
  });
});

describe('the streams of the inspector', () => {
  it('the inspector fetches items of a stream only when they are asked for, and closes a stream that is stopped', async () => {
    const app = await start({ allowCalls: true });
    const answer = await call(app, 'lab.camera', 'frames');
    if (answer.kind !== 'stream') throw new Error('no stream');
    const before = Camera.produced;
    expect(await items(app, answer.streamId, 3)).toEqual({
      items: ['1', '2', '3'].map((text) => ({ text, isCut: false })),
      isEnded: false,
      error: null,
    });
    expect(Camera.produced - before).toBe(3);
    expect((await items(app, answer.streamId, 0)).isEnded).toBe(true);
    await expect.poll(() => Camera.openStreams).toBe(0);
    const gone = await app.post('pyro/stream', { streamId: answer.streamId, count: 1 });
    expect(gone.status).toBe(404);
  });

  it('the inspector answers a request that waits for an item as soon as the stream is closed', async () => {
    const app = await start({ allowCalls: true, maxCalls: 1 });
    const answer = await call(app, 'lab.camera', 'rings');
    if (answer.kind !== 'stream') throw new Error('no stream');
    const waiting = items(app, answer.streamId, 1);
    await expect.poll(() => Camera.bell.listenerCount('ring')).toBeGreaterThan(0);
    await items(app, answer.streamId, 0);
    expect(await waiting).toEqual({ items: [], isEnded: true, error: null });
  });

  it('the inspector keeps a stream while other pages call many objects, and releases proxies that are not used', async () => {
    const app = await start({ allowCalls: true });
    const answer = await call(app, 'lab.camera', 'frames');
    if (answer.kind !== 'stream') throw new Error('no stream');
    for (let index = 0; index < 20; index++)
      expect((await call(app, 'lab.camera', 'expose', { session: `other ${index}`, args: ['1'] })).kind).toBe('result');
    expect((await items(app, answer.streamId, 2)).items.map(({ text }) => text)).toEqual(['1', '2']);
    // 16 proxies, the proxy of the stream included
    await expect.poll(() => app.server.inspect().totals.connectionsOpen).toBe(16);
    await items(app, answer.streamId, 0);
  });

  it('the inspector closes a stream that nobody reads for idleTimeoutMs', async () => {
    const app = await start({ allowCalls: true, idleTimeoutMs: 50 });
    await call(app, 'lab.camera', 'frames').then(({ kind }) => expect(kind).toBe('stream'));
    await expect.poll(() => app.server.unwrap().streamCount).toBe(0);
  });

  it('the inspector refuses streams over maxStreams, calls over maxCalls and results over maxResultBytes', async () => {
    const app = await start({ allowCalls: true, maxStreams: 1, maxCalls: 1, maxResultBytes: 5_000 });
    expect((await call(app, 'lab.camera', 'frames')).kind).toBe('stream');
    const second = await app.post('pyro/call', callOf('lab.camera', 'frames'));
    expect([second.status, await second.json()]).toEqual([429, { error: expect.stringContaining('maxStreams') as string }]);
    const large = await call(app, 'lab.camera', 'configure', { args: [JSON.stringify({ binning: 'x'.repeat(10_000) })] });
    expect(large).toMatchObject({ kind: 'error', error: { message: expect.stringContaining('maxMessageBytes') as string } });
    const waiting = new AbortController();
    const hung = fetch(`${app.origin}/pyro/call`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: app.origin },
      body: JSON.stringify(callOf('lab.camera', 'wait')),
      signal: waiting.signal,
    }).catch(() => undefined);
    await expect.poll(() => app.server.inspect().totals.requestsInProgress).toBe(1);
    const third = await app.post('pyro/call', callOf('lab.camera', 'expose', { args: ['1'] }));
    expect([third.status, await third.json()]).toEqual([429, { error: expect.stringContaining('maxCalls') as string }]);
    // a page that goes away gives up its call
    waiting.abort();
    await hung;
    await expect
      .poll(async () => (await app.post('pyro/call', callOf('lab.camera', 'expose', { args: ['1'] }))).status)
      .toBe(200);
  });
});

describe('an inspector without guards', () => {
  it('an inspector without guards is for this machine only, by address and by the name that the browser asked for', async () => {
    const app = await start({});
    const { hostname, port } = new URL(app.origin);
    for (const [host, status] of [
      ['localhost', 200],
      ['127.0.0.1', 200],
      ['[::1]', 200],
      ['127.evil.example', 403],
      ['evil.example', 403],
    ] as const) {
      const socket = connect(Number(port), hostname);
      socket.write(`GET /pyro/snapshot HTTP/1.1\r\nHost: ${host}:${port}\r\nConnection: close\r\n\r\n`);
      const [answer] = (await once(socket, 'data')) as [Buffer];
      socket.destroy();
      expect(answer.toString(), host).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    }
  });

  it('an inspector without guards takes no request that a reverse proxy has passed on', async () => {
    const app = await start({});
    for (const header of ['x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via', 'forwarded'])
      expect((await app.get('pyro/snapshot', { [header]: '10.0.0.1' })).status).toBe(403);
    expect((await app.get('pyro/snapshot', { forwarded: 'for=10.0.0.1' })).status).toBe(403);
  });

  it('an inspector without guards is not mounted in production, and the error says what to do', () => {
    const { NODE_ENV } = process.env;
    process.env.NODE_ENV = 'production';
    try {
      expect(() => PyroInspectorModule.forRoot({ path: 'pyro' })).toThrow(/no guards.*production.*guards: \[YourGuard\]/);
      expect(() => PyroInspectorModule.forRootAsync({ useFactory: () => ({}) })).toThrow(/no guards/);
      expect(PyroInspectorModule.forRoot({ guards: [KeyGuard] }).module).toBe(PyroInspectorModule);
    } finally {
      process.env.NODE_ENV = NODE_ENV;
    }
  });

  it('the inspector takes the guards of the application only if there are some', async () => {
    await expect(start({ guards: 'global' })).rejects.toThrow(/no global guard/);
    @Module({ providers: [{ provide: APP_GUARD, useClass: KeyGuard }] })
    class Guards {}
    const app = await start({ guards: 'global' }, { imports: [{ module: Guards }] });
    expect((await app.get('pyro')).status).toBe(403);
    expect((await app.get('pyro', { 'x-key': 'good' })).status).toBe(200);
  });
});

it('the inspector refuses wrong options by their names', () => {
  expect(() => PyroInspectorModule.forRoot({ allowCall: true } as never)).toThrow(
    'PyroInspectorModule.forRoot: allowCall is no option; did you mean allowCalls?',
  );
  expect(() => PyroInspectorModule.forRoot({ maxReaders: 0 })).toThrow('maxReaders is 0');
  expect(() => PyroInspectorModule.forRoot({ client: { tsl: true } as never })).toThrow('client.tsl is no option');
});

it('the inspector takes its settings from a factory', async () => {
  const module = PyroInspectorModule.forRootAsync({ path: 'late', useFactory: () => Promise.resolve({ allowCalls: true }) });
  const app = await start({}, { imports: [module] });
  expect(((await (await app.get('late/snapshot')).json()) as InspectorState).allowCalls).toBe(true);
  expect(((await (await app.get('pyro/snapshot')).json()) as InspectorState).allowCalls).toBe(false);
});
