import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  expose,
  PyroDaemon,
  type PyroDaemonOptions,
  PyroProxy,
  type PyroProxyOptions,
  type ProxySender,
  type PyroUri,
  type RemoteObject,
  SERIALIZER_IDS,
} from '../../../lib/core.js';
import { loads } from '../../../lib/serpent/index.js';
import { currentCall } from '../../../lib/calls/current-call.js';
import { TestAuthority } from '../../certificates.js';
import { PROXY_LIMITS } from '../../../lib/client/options/proxy-limits.js';
import { defaultLimits } from '../../../lib/daemon/limits/limit-profiles.js';
import { pyroProxies } from '../../../lib/pyro/pyro-proxy.js';
import { authorize, reply, ScriptedDaemon } from '../client/scripted-daemon.js';

/** Served by the client. */
class Listener {
  readonly heard: unknown[] = [];
  ended = false;
  correlationId: string | undefined;

  hear(value: unknown): number {
    this.correlationId = currentCall()!.correlationId;
    return this.heard.push(value);
  }
  *numbers(): Generator<number> {
    try {
      for (let n = 1; n < 100; n++) yield n;
    } finally {
      this.ended = true;
    }
  }
  another(): Listener {
    return this;
  }
  deep(): unknown {
    let value: unknown = [];
    for (let depth = 0; depth < 70; depth++) value = [value];
    return value;
  }
}
expose(Listener, 'hear', 'numbers', 'another', 'deep');

/** Served by the server: calls the proxies that it is passed. */
class Caller {
  kept: RemoteObject<Listener> | undefined;
  given: unknown;
  correlationId: string | undefined;
  work: Promise<unknown> | undefined;
  _proceed: () => void = () => undefined;

  take(given: unknown): void {
    this.given = given;
  }
  async call(listener: RemoteObject<Listener>, value: unknown): Promise<number> {
    this.correlationId = currentCall()!.correlationId;
    return listener.hear(value);
  }
  async keep(listener: RemoteObject<Listener>): Promise<void> {
    this.kept = listener;
    await listener.hear('kept');
  }
  async callKept(value: unknown): Promise<number> {
    return this.kept!.hear(value);
  }
  async callDeep(listener: RemoteObject<Listener>): Promise<void> {
    await listener.deep();
  }
  async callAnother(listener: RemoteObject<Listener>): Promise<number> {
    const another = (await listener.another()) as unknown as RemoteObject<Listener>;
    return another.hear('of another');
  }
  async *relay(listener: RemoteObject<Listener>): AsyncGenerator<number> {
    for await (const number of await listener.numbers()) yield number;
  }
  /** Goes on working after the call has ended. */
  async later(listener: RemoteObject<Listener>): Promise<void> {
    await listener.hear('at once');
    this.work = new Promise<void>((resolve) => (this._proceed = resolve)).then(() => listener.hear('later'));
  }
  async all(listeners: RemoteObject<Listener>[]): Promise<void> {
    for (const listener of listeners) await listener.hear('all');
  }
}
expose(Caller);

type CallerProxy = RemoteObject<Caller>;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Both {
  server: PyroDaemon;
  caller: Caller;
  /** The daemon of the client, which serves its objects. */
  client: PyroDaemon;
  listener: Listener;
  proxy: CallerProxy;
}

/** Starts a server, and a client that has its own daemon. */
async function meet(options: PyroDaemonOptions = {}, proxyOptions: PyroProxyOptions = {}): Promise<Both> {
  const server = await PyroDaemon.listen(options.unixSocket === undefined ? { host: '127.0.0.1', ...options } : options);
  const client = await PyroDaemon.listen({ host: '127.0.0.1' });
  cleanups.push(
    () => client.close(),
    () => server.close(),
  );
  const [caller, listener] = [new Caller(), new Listener()];
  client.register(listener, 'listener');
  const uri = server.register(caller, 'caller');
  const proxy = await PyroProxy.connect<Caller>(uri, { autoproxy: client, callTimeoutMs: 30_000, ...proxyOptions });
  cleanups.push(() => proxy.$release());
  return { server, caller, client, listener, proxy };
}

/** A proxy that the client passes for an address, whether or not a daemon listens there. */
const proxyTo = (uri: string): RemoteObject<Listener> => PyroProxy.to<Listener>(uri);

/** The client's object, typed as the server sees it. */
const sent = (listener: object): RemoteObject<Listener> => listener as RemoteObject<Listener>;

async function temporaryPath(name: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'pyro-'));
  cleanups.push(() => rm(directory, { recursive: true }));
  return join(directory, name);
}

describe('a proxy that a client passes', () => {
  it('a proxy that a client passes is a PyroProxy that does nothing until it is called', async () => {
    const { caller, client, listener, proxy } = await meet();
    await proxy.take([{ deep: sent(listener) }]);
    const [{ deep }] = caller.given as [{ deep: RemoteObject<Listener> }];
    expect(deep).toBeInstanceOf(PyroProxy);
    expect(String(deep.$uri)).toBe(`PYRO:listener@${client.locationStr}`);
    expect(deep.$metadata?.methods).toEqual(new Set(['hear', 'numbers', 'another', 'deep']));
    expect(client.connections).toEqual([]);
    expect(await proxy.call(sent(listener), 'hello')).toBe(1);
    expect(listener.heard).toEqual(['hello']);
  });

  it('calls of a received proxy carry the correlation id of the call that brought it', async () => {
    const { caller, listener, proxy } = await meet();
    await proxy.call(sent(listener), 1);
    expect(listener.correlationId).toBe(caller.correlationId);
    expect(caller.correlationId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('a received proxy may be passed objects that the server has registered', async () => {
    const { server, caller, listener, proxy } = await meet();
    class Back {
      heard(): string {
        return 'back';
      }
    }
    expose(Back);
    const back = new Back();
    server.register(back, 'back');
    caller.keep = async (given) => void (await given.hear(back));
    await proxy.keep(sent(listener));
    const received = listener.heard[0] as RemoteObject<Back>;
    expect(received).toBeInstanceOf(PyroProxy);
    expect(await received.heard()).toBe('back');
    await received.$release();
  });
});

describe('the connections of a received proxy', () => {
  it('connections of a received proxy end with the call that brought it', async () => {
    const { client, listener, proxy } = await meet();
    for (let n = 1; n <= 5; n++) await proxy.call(sent(listener), n);
    await proxy.callAnother(sent(listener));
    await expect.poll(() => client.connections).toEqual([]);
    expect(listener.heard).toEqual([1, 2, 3, 4, 5, 'of another']);
  });

  it('a received proxy that the server kept connects again, even after its client disconnected', async () => {
    const { server, client, caller, listener, proxy } = await meet();
    await proxy.keep(sent(listener));
    await expect.poll(() => client.connections).toEqual([]);
    expect(await proxy.callKept('again')).toBe(2);
    await proxy.$release();
    await expect.poll(() => server.connections).toEqual([]);
    expect(await caller.callKept('still')).toBe(3);
    expect(client.connections).toHaveLength(1);
  });

  it('connections of a received proxy last as long as the item stream of the call', async () => {
    const { client, listener, proxy } = await meet();
    const stream = await proxy.relay(sent(listener));
    expect([(await stream.next()).value, (await stream.next()).value]).toEqual([1, 2]);
    expect(client.connections).toHaveLength(1);
    await stream.return();
    await expect.poll(() => client.connections).toEqual([]);
    expect(listener.ended).toBe(true);
  });

  it('connections of a received proxy end after idleTimeoutMs when work of the call goes on after it', async () => {
    const { client, caller, listener, proxy } = await meet({ receivedProxyOptions: { idleTimeoutMs: 50 } });
    await proxy.later(sent(listener));
    await expect.poll(() => client.connections).toEqual([]);
    caller._proceed();
    expect(await caller.work).toBe(2);
    expect(client.connections).toHaveLength(1);
    await expect.poll(() => client.connections).toEqual([]);
  });

  it('connections of a received proxy end with the daemon and are not opened again', async () => {
    const { server, client, caller, listener, proxy } = await meet();
    await proxy.keep(sent(listener));
    await caller.callKept('before');
    expect(client.connections).toHaveLength(1);
    await server.close();
    await expect.poll(() => client.connections).toEqual([]);
    await expect(caller.callKept('after')).rejects.toMatchObject({ code: 'CONNECTION_CLOSED', sent: false });
    await expect(caller.kept!.$connect()).rejects.toThrow('daemon that received the proxy has closed');
  });

  it('received proxies hold at most maxConnections: idle connections make room, busy ones do not', async () => {
    const { client, caller, listener, proxy } = await meet({ receivedProxyOptions: { maxConnections: 2 } });
    await proxy.all([1, 2, 3, 4].map(() => sent(listener)));
    expect(listener.heard).toHaveLength(4);
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    let waiting = 0;
    class Slow {
      async hear(_value: unknown): Promise<void> {
        waiting++;
        await gate;
      }
    }
    expose(Slow);
    const slow = new Slow();
    client.register(slow, 'slow');
    let third: unknown;
    caller.all = async ([one, two, three]) => {
      const calls = [one!.hear(1), two!.hear(2)];
      await expect.poll(() => waiting).toBe(2);
      third = await three!.hear(3).catch((error: unknown) => error);
      open();
      await Promise.all(calls);
    };
    await proxy.all([1, 2, 3].map(() => sent(slow)));
    expect(third).toMatchObject({ code: 'COMMUNICATION', sent: false, message: expect.stringContaining('maxConnections is 2') });
  });

  it('received proxies of a daemon with the profile exposed have the limits of the profile', async () => {
    const large = await ScriptedDaemon.listen(async (peer) => {
      await authorize(peer, ['deep']);
      reply(peer, await peer.next(), undefined, { data: Buffer.alloc(17 * 1024 * 1024) });
    });
    cleanups.push(() => large.close());
    const { proxy, listener } = await meet({ profile: 'exposed' });
    await expect(proxy.callDeep(sent(listener))).rejects.toThrow('more than 64 nested containers: the limit is maxDepth');
    await expect(proxy.callDeep(proxyTo(large.uri))).rejects.toThrow(/maxMessageBytes.*16777216|16777216.*maxMessageBytes/);
  });

  it('each limit that daemons and proxies both have is the daemon’s own for received proxies', async () => {
    const makerOf = vi.spyOn(pyroProxies, 'makerOfReceived');
    const { proxy, listener } = await meet({ profile: 'exposed' });
    await proxy.call(sent(listener), 1);
    const exposed: Record<string, number> = defaultLimits('exposed');
    // these limit other things at a daemon
    const ofProxies = ['callTimeoutMs', 'idleTimeoutMs', 'maxHandshakeBytes'];
    const shared = Object.keys(PROXY_LIMITS).filter((name) => name in exposed && !ofProxies.includes(name));
    expect(shared.length).toBeGreaterThan(8);
    expect(makerOf.mock.calls[0]![0]).toMatchObject(Object.fromEntries(shared.map((name) => [name, exposed[name]])));
  });

  it('a daemon refuses impossible limits for received proxies', () => {
    for (const receivedProxyOptions of [{ maxConnections: 0 }, { callTimeoutMs: -1 }, { idleTimeoutMs: 1.5 }]) {
      expect(() => new PyroDaemon({ receivedProxyOptions })).toThrow(expect.objectContaining({ code: 'CONFIG' }));
    }
  });
});

describe('a hostile client', () => {
  /** Counts the connections to an address and to a unix socket. */
  async function victim(
    where: { port: number; host: string } | { path: string },
  ): Promise<{ place: string; visits: () => number }> {
    let visits = 0;
    const server = createServer((socket) => {
      visits++;
      socket.destroy();
    }).listen(where);
    await once(server, 'listening');
    cleanups.push(() => server.close());
    const address = server.address() as { port: number };
    return { place: 'path' in where ? `./u:${where.path}` : `127.0.0.1:${address.port}`, visits: () => visits };
  }

  it('a hostile client cannot make the server connect elsewhere', async () => {
    const { proxy } = await meet();
    const secret = await victim({ path: await temporaryPath('secret') });
    for (const uri of [
      `PYRO:x@${secret.place}`,
      'PYRO:x@192.0.2.1:9090',
      'PYRO:x@[2001:db8::1]:9090',
      'PYRO:x@no-such-host.invalid:1',
      'PYRONAME:x',
      `PYRONAME:x@${secret.place}`,
      'PYROMETA:x',
    ]) {
      await expect(proxy.call(proxyTo(uri), 1)).rejects.toMatchObject({
        pythonType: 'Pyro5.errors.SecurityError',
        message: expect.stringContaining('receivedProxies'),
      });
    }
    expect(secret.visits()).toBe(0);
  });

  it('received proxies of a client on a unix socket have no address to connect to', async () => {
    const local = await victim({ host: '127.0.0.1', port: 0 });
    const { proxy, listener } = await meet({ unixSocket: await temporaryPath('daemon') });
    await expect(proxy.call(proxyTo(`PYRO:x@${local.place}`), 1)).rejects.toMatchObject({
      pythonType: 'Pyro5.errors.SecurityError',
    });
    await expect(proxy.call(sent(listener), 1)).rejects.toMatchObject({ pythonType: 'Pyro5.errors.SecurityError' });
    expect(local.visits()).toBe(0);
  });

  it('a hostile client receives none of the server’s handshake data, only its own', async () => {
    const seen: unknown[] = [];
    const trap = await ScriptedDaemon.listen(async (peer) => {
      const frame = await peer.next();
      seen.push([loads(frame.data), [...frame.annotations.keys()]]);
      peer.destroy();
    });
    cleanups.push(() => trap.close());
    const { proxy, server } = await meet(
      {
        annotations: () => ({ OURS: Buffer.from('secret') }),
        validateHandshake: () => ({ principal: 'secret', response: 'secret' }),
        receivedProxyOptions: { maxRetries: 0 },
      },
      { handshake: 'password of the client' },
    );
    expect(server.connections[0]!.handshake).toBe('password of the client');
    const bait = PyroProxy.to<Listener>(trap.uri, { handshake: 'bait', shareHandshake: true });
    await expect(proxy.call(bait, 1)).rejects.toThrow('was closed');
    await expect(proxy.call(proxyTo(trap.uri), 1)).rejects.toThrow('was closed');
    expect(seen).toEqual([
      [{ handshake: 'bait', object: 'thing' }, []],
      [{ handshake: 'hello', object: 'thing' }, []],
    ]);
  });

  it('a hostile client cannot choose another serializer than the daemon’s', async () => {
    const { proxy } = await meet({ serializers: ['json'], receivedProxyOptions: { maxRetries: 0 } }, { serializer: 'json' });
    const frames: number[] = [];
    const trap = await ScriptedDaemon.listen(async (peer) => {
      frames.push((await peer.next()).header.serializerId);
      peer.destroy();
    });
    cleanups.push(() => trap.close());
    const preferring = PyroProxy.to<Listener>(trap.uri, { serializer: 'msgpack' });
    await expect(proxy.call(preferring, 1)).rejects.toThrow('was closed');
    expect(frames).toEqual([SERIALIZER_IDS.json]);
  });

  it('receivedProxies lets received proxies connect to other addresses', async () => {
    const asked: [string, string][] = [];
    const receivedProxies = (uri: PyroUri, { remoteAddress }: ProxySender): boolean => {
      asked.push([uri.object, remoteAddress]);
      return uri.object === 'listener';
    };
    const { proxy, listener } = await meet({ unixSocket: await temporaryPath('daemon'), receivedProxies });
    expect(await proxy.call(sent(listener), 1)).toBe(1);
    await expect(proxy.call(proxyTo('PYRO:other@127.0.0.1:1'), 1)).rejects.toMatchObject({
      pythonType: 'Pyro5.errors.SecurityError',
    });
    expect(asked).toEqual([
      ['listener', 'local'],
      ['other', 'local'],
    ]);
  });
});

it('a daemon with TLS calls its clients over TLS, without showing its certificate', async () => {
  const authority = await TestAuthority.create(dirname(await temporaryPath('ca')), 'ca');
  const { cert, key } = await authority.issue('own');
  const tls = { cert, key, ca: authority.cert };
  const asking = { ...tls, requestClientCert: true, rejectUnauthorized: false };
  const secure = await PyroDaemon.listen({ host: '127.0.0.1', tls: asking });
  cleanups.push(() => secure.close());
  const uri = secure.register(new Listener(), 'listener');
  const certificates: unknown[] = [];
  secure.on('connection', ({ peerCertificate }) => certificates.push(peerCertificate?.subject));
  for (const receivedProxyOptions of [undefined, { tls }]) {
    const { proxy, listener } = await meet({ tls, receivedProxyOptions }, { tls });
    await expect(proxy.call(sent(listener), 'in plain')).rejects.toThrow(/TLS|SSL|closed/);
    await proxy.call(proxyTo(String(uri)), 'over TLS');
  }
  expect(certificates).toEqual([undefined, undefined]);
  await using own = await PyroProxy.connect(uri, { tls });
  expect(own.$connected && certificates.at(-1)).toMatchObject({ CN: 'own' });
});

it('a client on this machine may connect from one of its addresses and serve on another', async () => {
  const { proxy, listener } = await meet({ host: '::1' });
  expect(await proxy.call(sent(listener), 1)).toBe(1);
});
