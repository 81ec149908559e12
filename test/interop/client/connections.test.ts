import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { PyroProxyOptions } from '../../../lib/client/options/proxy-options.js';
import type { RemoteObject } from '../../../lib/client/proxy/remote-proxy.js';
import type { WireMessage } from '../../../lib/protocol/messages/message.js';
import { PyroProxy } from '../../../lib/pyro/pyro-proxy.js';
import { TestAuthority } from '../../certificates.js';
import { PythonServer } from './python-server.js';
import type { Session, Thing } from './thing.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(...args: string[]): Promise<PythonServer> {
  const server = await PythonServer.start('thread', ...args);
  cleanups.push(() => server.kill());
  return server;
}

async function connect<T = Thing>(uri: string, options: PyroProxyOptions = {}): Promise<RemoteObject<T>> {
  const proxy = await PyroProxy.connect<T>(uri, { callTimeoutMs: 10_000, retryDelayMs: 10, ...options });
  cleanups.push(() => proxy.$release());
  return proxy;
}

async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'pyro-'));
  cleanups.push(() => rm(directory, { recursive: true }));
  return directory;
}

describe('a threaded server of Pyro5', () => {
  let server: PythonServer;
  beforeAll(async () => {
    server = await PythonServer.start('thread');
  });
  afterAll(() => server.kill());

  it('a pool of fifty runs fifty concurrent calls', async () => {
    const thing = await connect(server.uri('thing'), { poolSize: 50 });
    const places = await Promise.all(Array.from({ length: 50 }, () => thing.meet()));
    expect(new Set(places).size).toBe(50);
  });

  it('concurrent calls without a pool use one session', async () => {
    const session = await connect<Session>(server.uri('session'));
    const numbers = await Promise.all(Array.from({ length: 10 }, () => session.number()));
    expect(new Set(numbers).size).toBe(1);
  });

  it('a call that times out does not break its proxy', async () => {
    const thing = await connect(server.uri('thing'), { callTimeoutMs: 30_000 });
    await expect(thing.$with({ callTimeoutMs: 200 }).hold('late')).rejects.toMatchObject({ code: 'TIMEOUT', sent: true });
    expect(await thing.add(1)).toBe(11);
    const signal = AbortSignal.timeout(100);
    await expect(thing.$with({ signal }).hold('late')).rejects.toMatchObject({ name: 'TimeoutError' });
    await thing.let_go('late');
    await expect.poll(() => thing.noted()).toEqual(['late', 'late']);
    expect(await thing.echo('mine')).toBe('mine');
  });

  it('a proxy gives up a handshake that takes too long', async () => {
    const connecting = connect(server.uri('thing'), { handshake: 'slow', connectTimeoutMs: 200, maxRetries: 0 });
    await expect(connecting).rejects.toMatchObject({ code: 'TIMEOUT', sent: false });
  });

  it('a proxy resumes a stream over a new connection', async () => {
    const thing = await connect(server.uri('thing'), { poolSize: 1 });
    const stream = await thing.numbers(5);
    expect((await stream.next()).value).toBe(1);
    await expect(thing.$with({ callTimeoutMs: 50 }).hold('the connection')).rejects.toMatchObject({ code: 'TIMEOUT' });
    expect(thing.$connected).toBe(false);
    // Python's server notices the lost connection when the call on it ends
    const other = await connect(server.uri('thing'));
    const before = await other.lingering_streams();
    await other.let_go('the connection');
    await expect.poll(() => other.lingering_streams(), { timeout: 60_000 }).toBe(before + 1);
    const rest: number[] = [];
    for await (const item of stream) rest.push(item);
    expect(rest).toEqual([2, 3, 4, 5]);
  });

  it('a stream goes on after an item that cannot be read, and a loop that ends with this item closes the stream', async () => {
    const thing = await connect(server.uri('thing'));
    const others = await thing.open_streams();
    const stream = await thing.unreadable_items();
    expect((await stream.next()).value).toBe(1);
    await expect(stream.next()).rejects.toMatchObject({ code: 'SECURITY' });
    expect(await stream.next()).toEqual({ done: false, value: 3 });
    expect(await stream.next()).toEqual({ done: true, value: undefined });
    const loop = (async () => {
      for await (const _ of await thing.unreadable_items());
    })();
    await expect(loop).rejects.toMatchObject({ code: 'SECURITY' });
    await expect.poll(() => thing.open_streams()).toBe(others);
  });

  it('a proxy sends and receives large messages, up to the limit', async () => {
    const thing = await connect(server.uri('thing'), { maxMessageBytes: 3_000_000 });
    expect((await thing.big(2_900_000)).length).toBe(2_900_000);
    await expect(thing.big(3_100_000)).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE', sent: true });
    await expect(thing.echo('x'.repeat(3_100_000))).rejects.toMatchObject({ code: 'SERIALIZE', sent: false });
    expect(await thing.add(1)).toBe(11);
  });
});

it('calls that were made before $release() reach Python, also over a proxy that was not connected', async () => {
  const server = await start();
  const thing = PyroProxy.to<Thing>(server.uri('thing'));
  cleanups.push(() => thing.$release());
  for (let n = 0; n < 10; n++) void thing.note(n);
  thing.$set('value', 77).catch(() => undefined);
  await thing.$release();
  await thing.$connect();
  // Python runs each oneway call in a new thread
  const noted = async (): Promise<unknown> => ((await thing.noted()) as number[]).toSorted((a, b) => a - b);
  await expect.poll(noted).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  await expect.poll(() => thing.$get('value')).toBe(77);
});

it.each(['thread', 'multiplex'] as const)(
  'no call is lost after a SecurityError, with which a %s server closes the connection',
  async (kind) => {
    const server = await PythonServer.start(kind);
    cleanups.push(() => server.kill());
    const thing = await connect(server.uri('thing'), { maxRetries: 0 });
    for (let n = 0; n < 50; n++) {
      const failed = thing.fail_security().catch((error: unknown) => error);
      expect(await thing.add(n)).toBe(n + 10);
      expect(await failed).toMatchObject({ pythonType: 'Pyro5.errors.SecurityError' });
    }
  },
);

describe.each(['thread', 'multiplex'] as const)('a %s server of Pyro5', (kind) => {
  let server: PythonServer;
  beforeAll(async () => {
    server = await PythonServer.start(kind);
  });
  afterAll(() => server.kill());

  it.each(['fail_callback', 'fail_own_security'] as const)('no call is lost after the error of %s', async (method) => {
    const thing = await connect(server.uri('thing'), { maxRetries: 0 });
    for (let n = 0; n < 20; n++) {
      await expect(thing[method]()).rejects.toMatchObject({ code: 'REMOTE' });
      expect(await thing.add(n)).toBe(n + 10);
    }
  });

  it('no call is lost after an exception that cannot be read', async () => {
    const thing = await connect(server.uri('thing'), { maxRetries: 0, maxDepth: 40 });
    for (let n = 0; n < 20; n++) {
      await expect(thing.fail_deeply()).rejects.toMatchObject({
        code: 'SERIALIZE',
        message: expect.stringContaining('maxDepth') as string,
      });
      expect(await thing.add(n)).toBe(n + 10);
    }
  });

  it('no call is lost after the SecurityError of an item', async () => {
    const thing = await connect(server.uri('thing'), { maxRetries: 0 });
    for (let n = 0; n < 10; n++) {
      const items = (await thing.insecure_items()) as AsyncIterableIterator<number>;
      await items.next();
      await expect(items.next()).rejects.toMatchObject({ pythonType: 'Pyro5.errors.SecurityError' });
      expect(await thing.add(n)).toBe(n + 10);
    }
  });

  it('a failing method costs one question, and then its errors are known to keep the connection', async () => {
    let requests = 0;
    const wireLog = ({ direction }: WireMessage): void => {
      if (direction === 'sent') requests++;
    };
    const thing = await connect(server.uri('thing'), { wireLog });
    requests = 0;
    const fail = (): Promise<unknown> => thing.fail('again').catch((error: unknown) => error);
    for (let n = 0; n < 10; n++) await fail();
    expect(requests).toBe(11);
    await Promise.all(
      [thing.$get('missing' as never), thing.$batch((b) => b.fail('in a batch'))].map((call) => call.catch(() => 0)),
    );
    await thing.add(1);
    expect(requests).toBe(14);
  });

  it('an entry of a batch that is an attribute is told of $get', async () => {
    const thing = await connect(server.uri('thing'));
    const remedy = 'read it by await proxy.$get("value")';
    await expect(thing.$batch((b) => (b as unknown as { value(): void }).value())).rejects.toThrow(remedy);
  });
});

it('a proxy reaches Pyro5 on a unix socket and on IPv6', async () => {
  const directory = await temporaryDirectory();
  for (const args of [
    ['--unixsocket', join(directory, 'daemon.sock')],
    ['--host', '::1'],
  ]) {
    const server = await start(...args);
    const thing = await connect(server.uri('thing'));
    expect(await thing.add(1)).toBe(11);
    const same = (await thing.self_proxy()) as RemoteObject<Thing>;
    cleanups.push(() => same.$release());
    expect(await same.add(2)).toBe(12);
  }
});

it('a proxy speaks TLS with certificates on both sides, and trusts no other certificate', async () => {
  const directory = await temporaryDirectory();
  const authority = await TestAuthority.create(directory, 'ca');
  const [served, { cert, key }] = [await authority.issue('server'), await authority.issue('client')];
  const ca = authority.cert;
  const server = await start('--tls', served.certFile, served.keyFile, authority.certFile);
  const thing = await connect(server.uri('thing'), { tls: { ca, cert, key } });
  expect(await thing.add(1)).toBe(11);
  const named = await connect(`PYRO:thing@localhost:${server.port}`, { tls: { ca, cert, key } });
  expect(await named.add(1)).toBe(11);
  const few = { maxRetries: 0, connectTimeoutMs: 2_000 };
  await expect(connect(server.uri('thing'), { tls: { cert, key }, maxRetries: 0 })).rejects.toMatchObject({
    code: 'COMMUNICATION',
    message: expect.stringMatching(/certificate/),
  });
  await expect(connect(server.uri('thing'), { tls: { ca }, ...few })).rejects.toMatchObject({ sent: false });
  // what is refused once is refused again: no time is lost on retries
  const stranger = await (await TestAuthority.create(directory, 'other')).issue('stranger');
  const retries = { maxRetries: 3, retryDelayMs: 5_000, maxRetryDelayMs: 60_000 };
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const refused = (own: object) => connect(server.uri('thing'), { tls: { ca, maxVersion, ...own }, ...retries });
    await expect(refused({})).rejects.toMatchObject({
      code: 'COMMUNICATION',
      sent: false,
      message: expect.stringContaining('a certificate of the client'),
    });
    await expect(refused({ cert: stranger.cert, key: stranger.key })).rejects.toMatchObject({
      code: 'COMMUNICATION',
      message: expect.stringContaining('the daemon does not trust the authority of tls.cert'),
    });
    const checkServerIdentity = (): Error => new Error('another host was meant');
    await expect(refused({ cert, key, checkServerIdentity })).rejects.toMatchObject({
      code: 'COMMUNICATION',
      message: expect.stringContaining('another host was meant'),
    });
  }
  const subjects: unknown[] = [];
  const seen = await connect(server.uri('thing'), {
    tls: { ca, cert, key },
    validateHandshake: (_, daemon) => void subjects.push(daemon.peerCertificate?.subject.CN, daemon.remoteAddress),
  });
  expect(await seen.add(1)).toBe(11);
  expect(subjects).toEqual(['server', server.location]);
  await expect(connect(server.uri('thing'), few)).rejects.toMatchObject({ sent: false });
});

it('a proxy runs none of 10,000 calls twice, and reports each lost call, while the server is killed and restarted ten times', async () => {
  const journal = join(await temporaryDirectory(), 'journal');
  const first = await start('--journal', journal);
  const port = String(first.port);
  const before = process.getActiveResourcesInfo();
  // a Python server takes seconds to start on a busy machine
  const callTimeoutMs = 60_000;
  const thing = await connect(first.uri('thing'), { poolSize: 8, maxRetries: 3, maxRetryDelayMs: 200, callTimeoutMs });
  let slowestMs = 0;
  let server = first;
  let made = 0;
  const answered = new Set<string>();
  const unknown = new Set<string>();
  const neverSent = new Set<string>();
  const caller = async (): Promise<void> => {
    while (made < 10_000) {
      const key = `call ${++made}`;
      const begun = performance.now();
      try {
        expect(await thing.count(key)).toBe(key);
        answered.add(key);
      } catch (error) {
        const { code, sent } = error as { code: string; sent: boolean };
        expect(code).toBe('CONNECTION_CLOSED');
        (sent ? unknown : neverSent).add(key);
      }
      slowestMs = Math.max(slowestMs, performance.now() - begun);
    }
  };
  const callers = Promise.all(Array.from({ length: 8 }, caller));
  for (let n = 1; n <= 10; n++) {
    await expect.poll(() => made, { timeout: 60_000, interval: 5 }).toBeGreaterThanOrEqual(n * 900);
    await server.kill();
    server = await start('--port', port, '--journal', journal);
  }
  await callers;
  const carriedOut = (await readFile(journal, 'utf8')).trimEnd().split('\n');
  const once = new Set(carriedOut);
  expect(carriedOut.length).toBe(once.size);
  expect(answered.size + unknown.size + neverSent.size).toBe(made);
  expect([...answered].filter((key) => !once.has(key))).toEqual([]);
  expect([...neverSent].filter((key) => once.has(key))).toEqual([]);
  // calls that were running at a kill
  expect(unknown.size).toBeLessThanOrEqual(8 * 10);
  // timers are late on a busy machine
  expect(slowestMs).toBeLessThan(callTimeoutMs + 5_000);
  expect(await thing.add(1)).toBe(11);
  await thing.$release();
  const left = (): string[] => process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap');
  expect(left()).toEqual(before.filter((kind) => kind === 'TCPSocketWrap'));
  const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
  await expect.poll(timers).toBeLessThanOrEqual(before.filter((kind) => kind === 'Timeout').length + 1);
});
