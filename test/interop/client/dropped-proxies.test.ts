import { afterEach, describe, expect, it } from 'vitest';
import {
  locateNameServer,
  ProxyReference,
  PyroProxy,
  type PyroProxyOptions,
  PyroUri,
  type RemoteObject,
  type RemoteStream,
} from '../../../lib/core.js';
import { collectUntil } from '../../garbage-collection.js';
import { keepWarnings } from '../../kept-warnings.js';
import { PythonServer } from './python-server.js';
import type { Session } from './thing.js';

/** The interfaces in server.py; methods return proxies of motors. */
interface Motor {
  position(): number;
  numbers(): Iterator<number>;
}
interface Factory {
  readonly main_motor: RemoteObject<Motor>;
  motor(): RemoteObject<Motor>;
  motors(): [RemoteObject<Motor>, { motor: RemoteObject<Motor> }];
  stream(): Iterator<RemoteObject<Motor>>;
  closed_streams(): number;
  connections(): number;
}

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function connect(threads: number, options: PyroProxyOptions = {}): Promise<RemoteObject<Factory>> {
  const server = await PythonServer.start('thread', '--threads', String(threads));
  cleanups.push(() => server.kill());
  const factory = await PyroProxy.connect<Factory>(server.uri('factory'), options);
  cleanups.push(() => factory.$release());
  return factory;
}

/** The places in which a call gives proxies. */
const places: Record<string, (factory: RemoteObject<Factory>) => Promise<RemoteObject<Motor>[]>> = {
  'a result': async (factory) => [await factory.motor()],
  'a list and a dict': async (factory) => {
    const [first, { motor }] = await factory.motors();
    return [first, motor];
  },
  'an attribute': async (factory) => [await factory.$get('main_motor')],
  'a batch': async (factory) => (await factory.$batch((batch) => batch.motor())) as RemoteObject<Motor>[],
  'a stream': async (factory) => {
    const motors: RemoteObject<Motor>[] = [];
    for await (const motor of await factory.stream()) motors.push(motor);
    return motors;
  },
};

/** Uses the proxies in a separate function, because a suspended function may hold the value of its last expression. */
async function useRounds(rounds: number, take: () => Promise<RemoteObject<Motor>[]>): Promise<void> {
  for (let round = 0; round < rounds; round++) for (const motor of await take()) await motor.position();
}

describe('proxies that a remote object gives', () => {
  it.each(Object.entries(places))('dropped proxies from %s never use up the threads of the server', async (_, take) => {
    const factory = await connect(5);
    await useRounds(50, () => take(factory));
    await factory.$release();
    await expect.poll(async () => (await factory.$connect()).connections()).toBe(1);
  });

  it.each(Object.entries(places))('the garbage collector closes the connections of proxies from %s', async (_, take) => {
    const factory = await connect(40);
    await useRounds(5, () => take(factory));
    await collectUntil(async () => (await factory.connections()) === 1);
    expect(factory.$connected).toBe(true);
  });

  it('a proxy that is held or that runs a call is not closed by the garbage collector', async () => {
    const factory = await connect(20);
    const held = await factory.motor();
    const { position } = await factory.motor();
    const numbers = await (await factory.motor()).numbers();
    await Promise.all([held.position(), position(), numbers.next()]);
    await (await factory.motor()).position();
    await collectUntil(async () => (await factory.connections()) === 4);
    expect([held.$connected, await position(), await numbers.next()]).toEqual([true, 1, { done: false, value: 2 }]);
    expect(await factory.connections()).toBe(4);
  });

  it('a proxy outlives the release of the proxy that gave it: it connects again', async () => {
    const factory = await connect(20);
    const motor = await factory.motor();
    await motor.position();
    await factory.$release();
    expect(motor.$connected).toBe(false);
    expect(await motor.position()).toBe(1);
  });

  it('the idle connection of a received proxy is closed after idleTimeoutMs', async () => {
    const factory = await connect(20, { idleTimeoutMs: 50 });
    const motor = await factory.motor();
    await motor.position();
    await expect.poll(() => motor.$connected).toBe(false);
  });

  it('a stream that is read by hand and dropped is closed at the server', async () => {
    const factory = await connect(20);
    const read = async (stream: RemoteStream<number>): Promise<unknown> => stream.next();
    const motor = await factory.motor();
    expect(await read(await motor.numbers())).toMatchObject({ value: 1 });
    await collectUntil(async () => (await factory.closed_streams()) === 1);
    expect(await motor.position()).toBe(1);
  });

  it('a dropped proxy of this program closes its connections, too', async () => {
    const factory = await connect(20);
    await PyroProxy.connect(factory.$uri);
    expect(await factory.connections()).toBe(2);
    await collectUntil(async () => (await factory.connections()) === 1);
  });

  it('a received proxy keeps the process alive only during its calls', async () => {
    const wakers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
    const factory = await connect(20);
    const before = wakers();
    const motor = await factory.motor();
    await motor.position();
    expect(wakers()).toBe(before);
    const call = motor.position();
    expect(wakers()).toBe(before + 1);
    await call;
    expect([wakers(), motor.$connected]).toEqual([before, true]);
  });
});

describe('proxies that this program makes and drops, against a server that is full', () => {
  const warnings = keepWarnings(/was full\. The garbage collector was run/);

  async function startServer(...args: Parameters<typeof PythonServer.start>): Promise<PythonServer> {
    const server = await PythonServer.start(...args);
    cleanups.push(() => server.kill());
    return server;
  }

  /** The ways to make a proxy. Each calls it once, and drops it. */
  const ways: Record<string, (uri: string) => Promise<unknown>> = {
    'PyroProxy.connect': async (uri) => (await PyroProxy.connect<Factory>(uri)).connections(),
    'PyroProxy.to': (uri) => PyroProxy.to<Factory>(uri).connections(),
    'PyroProxy.to without retries': (uri) => PyroProxy.to<Factory>(uri, { maxRetries: 0 }).connections(),
    'PyroProxy.from': (uri) => PyroProxy.from<Factory>(new ProxyReference(new PyroUri(uri))).connections(),
    $with: (uri) => PyroProxy.to<Factory>(uri).$with({ callTimeoutMs: 30_000 }).connections(),
    'a batch': (uri) => PyroProxy.to<Factory>(uri).$batch((batch) => batch.connections()),
    'a stream that is dropped': async (uri) => (await PyroProxy.to<Factory>(uri).stream()).next(),
  };

  it.each(Object.entries(ways))('dropped proxies, made by %s, never use up the threads of the server', async (_, use) => {
    const server = await startServer('thread', '--threads', '5');
    for (let round = 0; round < 20; round++) await use(server.uri('factory'));
    await expect.poll(() => warnings).toHaveLength(1);
    expect(warnings[0]).toContain('whose proxies this program has dropped');
    expect(warnings[0]).toContain('await using, or $release()');
  });

  it('dropped clients of a name server never use up its threads', async () => {
    const { port } = await startServer('nameserver', '--threads', '5');
    for (let round = 0; round < 20; round++) expect(await (await locateNameServer({ host: '127.0.0.1', port })).count()).toBe(1);
  });

  it('proxies that connect at the same time make room together', async () => {
    const server = await startServer('thread', '--threads', '5');
    for (let round = 0; round < 5; round++) await ways['PyroProxy.to']!(server.uri('factory'));
    const counts = await Promise.all([1, 2, 3].map(() => ways['PyroProxy.to']!(server.uri('factory'))));
    for (const count of counts) expect(count).toBeLessThanOrEqual(5);
  });

  it('proxies that are dropped right after the garbage collector has run in vain make room, too', async () => {
    const server = await startServer('thread', '--threads', '5');
    const refused = { code: 'DAEMON_FULL' };
    await (async () => {
      const held = await Promise.all([1, 2, 3, 4, 5].map(() => PyroProxy.connect<Session>(server.uri('session'))));
      await expect(PyroProxy.connect(server.uri('factory'))).rejects.toMatchObject(refused);
      await Promise.all(held.map((session) => session.number()));
    })();
    expect(await ways['PyroProxy.to']!(server.uri('factory'))).toBeLessThanOrEqual(5);
  });

  it('idle proxies that the program holds keep their sessions, and the error names the remedy', async () => {
    const server = await startServer('thread', '--threads', '5');
    const held = await Promise.all([1, 2, 3, 4, 5].map(() => PyroProxy.connect<Session>(server.uri('session'))));
    cleanups.push(() => Promise.all(held.map((session) => session.$release())));
    const numbers = await Promise.all(held.map((session) => session.number()));
    await expect(PyroProxy.connect(server.uri('factory'))).rejects.toMatchObject({
      code: 'DAEMON_FULL',
      message: expect.stringMatching(
        /no free workers.*; 5 of its connections are idle ones of this program: release proxies by \$release\(\) or await using$/,
      ) as string,
    });
    expect(await Promise.all(held.map((session) => session.number()))).toEqual(numbers);
    await held[0]!.$release();
    const connects = async (): Promise<void> => (await PyroProxy.connect(server.uri('factory'))).$release();
    await expect.poll(() => connects().then(String, String)).toBe('undefined');
  });
});
