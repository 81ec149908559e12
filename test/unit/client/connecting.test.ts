import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { PyroProxyOptions } from '../../../lib/client/options/proxy-options.js';
import { expose, type ProxyReference, PyroDaemon } from '../../../lib/core.js';
import { PyroProxy } from '../../../lib/pyro/pyro-proxy.js';
import { FLAGS, MESSAGE_TYPES } from '../../../lib/protocol/constants.js';
import { CommunicationError, ConnectionClosedError, ProtocolError, TimeoutError } from '../../../lib/protocol/errors.js';
import { createSerializers } from '../../../lib/serializers/serializers.js';
import { authorize, reply, type Script, ScriptedDaemon, wellBehaved } from './scripted-daemon.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function listen(script: Script): Promise<ScriptedDaemon> {
  const daemon = await ScriptedDaemon.listen(script);
  cleanups.push(() => daemon.close());
  return daemon;
}

/** Connects a proxy, which is released when the test ends. */
async function connect(uri: string, options: PyroProxyOptions = {}): Promise<PyroProxy> {
  const proxy = await PyroProxy.connect(uri, { maxRetries: 0, ...options });
  cleanups.push(() => proxy.$release());
  return proxy;
}

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.unreachable(),
    (error: unknown) => error,
  );
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

class Adder {
  add(a: number, b: number): number {
    return a + b;
  }
}
expose(Adder);

describe('connecting', () => {
  it('a proxy fails to connect with an error that names the address and says that the call was not sent', async () => {
    const port = await freePort();
    const refused = await failureOf(connect(`PYRO:thing@127.0.0.1:${port}`));
    expect(refused).toBeInstanceOf(ConnectionClosedError);
    expect(refused).toMatchObject({
      sent: false,
      message: `cannot connect to 127.0.0.1:${port}: nobody listens there (ECONNREFUSED)`,
    });
    await expect(connect('PYRO:thing@./u:/nowhere/at/all')).rejects.toThrow('there is no such socket (ENOENT)');
    await expect(connect('PYRO:thing@no-such-host.invalid:1')).rejects.toThrow(/cannot connect to no-such-host.invalid:1/);
  });

  it('a proxy refuses unusable URIs and options before it opens a connection', async () => {
    await expect(connect('burp')).rejects.toMatchObject({ code: 'BAD_URI' });
    const wrong: PyroProxyOptions[] = [
      { poolSize: 0 },
      { callTimeoutMs: -1 },
      { maxRetries: 1.5 },
      { connectTimeoutMs: 2 ** 31 },
      { serializer: 'pickle' as never },
      { serializer: 'toString' as never },
    ];
    for (const options of wrong) {
      const [name] = Object.keys(options);
      await expect(connect('PYRO:a@b:1', options)).rejects.toMatchObject({
        code: 'CONFIG',
        message: expect.stringContaining(name!),
      });
    }
    const proxy = PyroProxy.to('PYRO:a@b:1');
    expect(() => proxy.$with({ callTimeoutMs: NaN })).toThrow('callTimeoutMs is NaN');
  });

  it('a proxy retries to connect until a daemon listens', async () => {
    const port = await freePort();
    const connecting = connect(`PYRO:adder@127.0.0.1:${port}`, { maxRetries: 1_000, retryDelayMs: 20, maxRetryDelayMs: 50 });
    await sleep(150);
    const daemon = await PyroDaemon.listen({ host: '127.0.0.1', port });
    cleanups.push(() => daemon.close());
    daemon.register(new Adder(), 'adder');
    expect(await (await connecting).$call('add', 1, 2)).toBe(3);
  });

  it('a call that ends while connecting is tried again tells why no attempt has succeeded', async () => {
    const port = await freePort();
    const retries = { maxRetries: 5, retryDelayMs: 600_000, maxRetryDelayMs: 600_000, callTimeoutMs: 1_500 };
    const proxy = PyroProxy.to(`PYRO:adder@127.0.0.1:${port}`, retries);
    cleanups.push(() => proxy.$release());
    const told = /^add took longer than callTimeoutMs \(1500 ms\); it was not sent: cannot connect to .*: nobody listens there/;
    const failures = await Promise.all([failureOf(proxy.$call('add', 1, 2)), failureOf(proxy.$call('add', 3, 4))]);
    for (const failure of failures) expect(failure).toMatchObject({ sent: false, message: expect.stringMatching(told) });
    expect(await failureOf(proxy.$call('add', 5, 6))).toMatchObject({ message: expect.stringMatching(told) });
  });

  it('a proxy waits longer before each further attempt to connect', async () => {
    const port = await freePort();
    const begin = performance.now();
    await failureOf(connect(`PYRO:thing@127.0.0.1:${port}`, { maxRetries: 3, retryDelayMs: 40, maxRetryDelayMs: 80 }));
    // the delays are 40 + 80 + 80 ms, and jitter shortens each by up to a half
    expect(performance.now() - begin).toBeGreaterThanOrEqual(99);
  });

  it('a proxy gives up connecting after connectTimeoutMs when the daemon does not answer', async () => {
    const daemon = await listen(async (peer) => peer.untilClosed());
    const error = await failureOf(connect(daemon.uri, { connectTimeoutMs: 100 }));
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error).toMatchObject({ sent: false, message: expect.stringContaining('connectTimeoutMs (100 ms)') });
  });

  it('a proxy gives up connecting after connectTimeoutMs when the daemon’s validateHandshake never settles', async () => {
    const daemon = await listen(wellBehaved);
    const validateHandshake = (): Promise<void> => new Promise(() => undefined);
    await expect(connect(daemon.uri, { connectTimeoutMs: 100, validateHandshake })).rejects.toThrow('connectTimeoutMs');
  });

  it('a proxy gives up connecting with the reason of an aborted signal', async () => {
    const daemon = await listen(async (peer) => peer.untilClosed());
    const controller = new AbortController();
    setTimeout(() => controller.abort(new RangeError('enough')), 50);
    await expect(connect(daemon.uri, { signal: controller.signal })).rejects.toThrow('enough');
  });

  it('a proxy does not retry to connect when the daemon refuses the handshake, in marshal as well', async () => {
    const marshal = createSerializers({}, ['marshal']).get(2)!;
    const daemon = await listen(async (peer) => {
      const frame = await peer.next();
      const type = MESSAGE_TYPES.connectFail;
      reply(peer, frame, '', { type, serializerId: 2, data: marshal.dumps('no room'), seq: 0, flags: 0 });
    });
    const error = await failureOf(connect(daemon.uri, { maxRetries: 5, retryDelayMs: 1 }));
    expect(error).toBeInstanceOf(CommunicationError);
    expect(error).not.toBeInstanceOf(ConnectionClosedError);
    expect((error as Error).message).toMatch(/^connection to 127\.0\.0\.1:\d+ rejected: no room$/);
    expect(daemon.connections).toBe(1);
  });

  it.each([
    ['a reason without end', 'x'.repeat(100_000), 'x'.repeat(1_000)],
    ['a reason that is none', { toString: 1 }, 'without a text'],
  ])('a rejected handshake with %s fails with a short text', async (_, reason, told) => {
    const daemon = await listen(async (peer) => reply(peer, await peer.next(), reason, { type: MESSAGE_TYPES.connectFail }));
    const error = await failureOf(connect(daemon.uri));
    expect(error).toBeInstanceOf(CommunicationError);
    expect((error as Error).message).toBe(`connection to ${daemon.uri.split('@')[1]} rejected: ${told}`);
  });

  it('a proxy retries to connect when the connection breaks during the handshake', async () => {
    const daemon = await listen(async (peer, connection) => {
      if (connection === 3) return wellBehaved(peer, connection);
      await peer.next();
      peer.destroy();
    });
    expect(await (await connect(daemon.uri, { maxRetries: 2, retryDelayMs: 1 })).$call('call')).toBe(1);
  });

  it.each<[string, Script]>([
    ['HTTP', async (peer) => peer.write(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'))],
    ['no dict', async (peer) => reply(peer, await peer.next(), 'hello', { type: MESSAGE_TYPES.connectOk })],
    ['no metadata', async (peer) => reply(peer, await peer.next(), { handshake: 1 }, { type: MESSAGE_TYPES.connectOk })],
    [
      'names that are none',
      async (peer) => {
        const value = { handshake: 1, meta: { methods: [1], oneway: [], attrs: [] } };
        reply(peer, await peer.next(), value, { type: MESSAGE_TYPES.connectOk });
      },
    ],
    ['a result', async (peer) => reply(peer, await peer.next(), 'hello')],
    [
      'an unknown serializer',
      async (peer) => reply(peer, await peer.next(), '', { type: MESSAGE_TYPES.connectFail, serializerId: 77 }),
    ],
    [
      'a bomb',
      async (peer) =>
        reply(peer, await peer.next(), '', { type: MESSAGE_TYPES.connectOk, flags: FLAGS.compressed | FLAGS.correlationId }),
    ],
  ])('a proxy refuses a daemon that answers the handshake with %s', async (_, script) => {
    const daemon = await listen(script);
    const error = await failureOf(connect(daemon.uri));
    expect(error).toBeInstanceOf(ProtocolError);
    expect(error).toMatchObject({ sent: false });
  });

  it('a proxy connects to IPv6 addresses, host names and unix sockets', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'pyro-'));
    cleanups.push(() => rm(directory, { recursive: true }));
    const unixSocket = join(directory, 'daemon.sock');
    for (const options of [{ host: '::1' }, { host: 'localhost' }, { unixSocket }]) {
      const daemon = await PyroDaemon.listen(options);
      cleanups.push(() => daemon.close());
      const uri = daemon.register(new Adder(), 'adder');
      const adder = await connect(String(uri));
      expect(await adder.$call('add', 1, 2)).toBe(3);
    }
  });
});

describe('a daemon that accepts a handshake and closes', () => {
  it('a proxy gives up soon on a daemon that accepts each handshake and then closes at once', async () => {
    const daemon = await listen(async (peer) => {
      await authorize(peer);
      peer.end();
    });
    for (let n = 0; n < 20; n++) {
      await PyroProxy.connect(daemon.uri, { maxRetries: 1, retryDelayMs: 1 }).then(
        async (thing) => {
          await expect(thing.$call('call')).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
          await thing.$release();
        },
        (error: unknown) => expect(error).toBeInstanceOf(ConnectionClosedError),
      );
    }
    expect(daemon.connections).toBeLessThanOrEqual(80);
  });

  it('a call that takes time to compress opens two connections to a daemon that closes each at once, and fails', async () => {
    const daemon = await listen(async (peer) => {
      await authorize(peer);
      peer.end();
    });
    await using thing = PyroProxy.to(daemon.uri, { compression: true, maxRetries: 0 });
    const error = await failureOf(thing.$call('call', 'compressed '.repeat(1_000_000)));
    expect(error).toBeInstanceOf(ConnectionClosedError);
    expect(daemon.connections).toBeLessThanOrEqual(2);
  });

  it('a call that takes time to compress goes on over another connection when its first is closed', async () => {
    const daemon = await listen(async (peer, connection) => {
      if (connection > 1) return wellBehaved(peer, connection);
      await authorize(peer);
      await left;
      peer.end();
    });
    let leave: () => void;
    const left = new Promise<void>((resolve) => (leave = resolve));
    await using thing = await PyroProxy.connect(daemon.uri, { compression: true, maxRetries: 0 });
    const call = thing.$call('call', 'compressed '.repeat(1_000_000));
    leave!();
    expect(await call).toBe(1);
    expect(daemon.connections).toBe(2);
  });
});

describe('a connection', () => {
  it('a proxy reconnects for the next call after a connection broke', async () => {
    const daemon = await listen(async (peer) => {
      await authorize(peer);
      reply(peer, await peer.next(), 'only one');
      peer.end();
    });
    const thing = await connect(daemon.uri);
    for (let n = 1; n <= 3; n++) {
      expect(await thing.$call('call')).toBe('only one');
      await expect.poll(() => thing.$connected).toBe(false);
    }
    expect(daemon.connections).toBe(3);
  });
});

describe('connecting to a full daemon', () => {
  class Factory {
    constructor(private readonly given: readonly ProxyReference[]) {}

    motors(): readonly ProxyReference[] {
      return this.given;
    }
  }
  expose(Factory);

  /** A daemon that says `reason` to each connection while `rejections` are left, and a client with an idle connection to one of its objects. */
  async function fullDaemon(reason: string) {
    const full = { rejections: 0, asked: 0 };
    const daemon = await PyroDaemon.listen({
      validateHandshake() {
        full.asked++;
        if (full.rejections-- > 0) throw new Error(reason);
      },
    });
    cleanups.push(() => daemon.close());
    const uris = [1, 2].map((number) => daemon.register(new Adder(), `motor${number}`));
    const given = uris.map((uri) => daemon.proxyFor(uri.object));
    const factory = await connect(daemon.register(new Factory(given), 'factory').toString(), { maxRetries: 2, retryDelayMs: 1 });
    const [first, second] = (await factory.$call('motors')) as PyroProxy[];
    await first!.$call('add', 1, 2);
    full.asked = 0;
    return { full, first: first!, second: second! };
  }

  it('a full daemon: a proxy closes idle connections of related proxies, and tries again until the daemon has noticed', async () => {
    const { full, first, second } = await fullDaemon('no free workers, increase server threadpool size');
    full.rejections = 4;
    expect(await second.$call('add', 1, 2)).toBe(3);
    expect([full.asked, first.$connected]).toEqual([5, false]);
  });

  it('a full daemon: a proxy gives up with the code DAEMON_FULL when no connection can be closed', async () => {
    const { full, first, second } = await fullDaemon('daemon is full: maxConnections (2) are open');
    await first.$release();
    full.rejections = 1;
    expect(await failureOf(second.$call('add', 1, 2))).toMatchObject({ code: 'DAEMON_FULL', sent: false });
    expect(full.asked).toBe(1);
  });

  it('a proxy closes nothing and does not try again when a guard rejects', async () => {
    const { full, first, second } = await fullDaemon('wrong token');
    full.rejections = 1;
    expect(await failureOf(second.$call('add', 1, 2))).toMatchObject({ code: 'COMMUNICATION', sent: false });
    expect([full.asked, first.$connected]).toEqual([1, true]);
  });
});
