import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  callback,
  type CallErrorInfo,
  currentContext,
  expose,
  PyroDaemon,
  PyroProxy,
  type PyroProxyOptions,
  type RemoteObject,
  type SerializerName,
} from '../../../lib/core.js';
import { PythonServer } from './python-server.js';
import type { Thing } from './thing.js';

/** The object that Python calls back. */
class Callee {
  readonly correlationIds: string[] = [];

  constructor(private readonly body: (...args: unknown[]) => unknown) {}

  call(...args: unknown[]): unknown {
    this.correlationIds.push(currentContext()!.correlationId);
    return this.body(...args);
  }
}
expose(Callee);

class LoudCallee {
  call(): never {
    throw new RangeError('heard on both sides');
  }
}
expose(LoudCallee);
callback(LoudCallee, 'call');

describe('callbacks from Python', () => {
  let server: PythonServer;
  let daemon: PyroDaemon;
  const released: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    server = await PythonServer.start('thread');
    daemon = await PyroDaemon.listen({ host: '127.0.0.1' });
  });
  afterAll(() => Promise.all([daemon.close(), server.kill()]));
  afterEach(async () => {
    await Promise.all(released.splice(0).map((release) => release()));
    if (daemon.objectCount > 1) throw new Error('an object is served after the connection that it was passed over');
  });

  async function connect(options: PyroProxyOptions = {}): Promise<RemoteObject<Thing>> {
    const thing = await PyroProxy.connect<Thing>(server.uri('thing'), { callTimeoutMs: 10_000, autoproxy: daemon, ...options });
    released.push(() => thing.$release());
    return thing;
  }

  it.each(['serpent', 'marshal', 'json', 'msgpack'] as SerializerName[])(
    'Python calls back an object that was passed in a call, as a proxy (%s)',
    async (serializer) => {
      const thing = await connect({ serializer });
      const callee = new Callee((...args) => args);
      expect(await thing.call_back(callee, 1, 'two')).toEqual([1, 'two']);
      const [uri, oneway, methods, attrs, handshake] = await thing.proxy_state(callee);
      expect(uri).toBe(String(daemon.uriFor(callee)));
      expect([oneway, methods, attrs, handshake]).toEqual([[], ['call'], [], 'hello']);
    },
  );

  it('Python calls back an object that it kept, until the connection or a lease ends', async () => {
    const thing = await connect();
    const callee = new Callee((value) => value);
    await thing.keep(callee);
    await thing.add(1);
    expect(await thing.call_kept('kept')).toBe('kept');
    const other = await connect();
    await thing.$release();
    await expect(other.call_kept('gone')).rejects.toMatchObject({ pythonType: 'Pyro5.errors.DaemonError' });
    {
      using _lease = daemon.lease(callee);
      const short = await connect();
      await short.keep(callee);
      await short.$release();
      expect(await other.call_kept('leased')).toBe('leased');
    }
    await expect(other.call_kept('gone')).rejects.toMatchObject({ pythonType: 'Pyro5.errors.DaemonError' });
  });

  it('Python calls back an object that calls the caller again during the call, over the same proxy', async () => {
    const thing = await connect();
    const callee = new Callee(async (value) => [await thing.echo(value), await thing.correlation()]);
    const [value, correlation] = (await thing.call_back(callee, 'there and back')) as [unknown, string];
    expect(value).toBe('there and back');
    expect(callee.correlationIds).toEqual([correlation]);
  });

  it('Python calls back through ten levels of calls, all with one correlation id', async () => {
    const thing = await connect();
    const callee: Callee = new Callee((depth): unknown =>
      depth === 0 ? thing.correlation() : thing.call_back(callee, (depth as number) - 1),
    );
    const correlation = await thing.call_back(callee, 9);
    expect(callee.correlationIds).toHaveLength(10);
    expect(new Set(callee.correlationIds)).toEqual(new Set([correlation]));
  });

  it('Python calls back from many threads at once', async () => {
    const thing = await connect({ poolSize: 10 });
    const callee = new Callee(async (n) => ((await thing.add(n as number, 1)) as number) * 2);
    const numbers = Array.from({ length: 100 }, (_, n) => n);
    expect(await Promise.all(numbers.map((n) => thing.call_back(callee, n)))).toEqual(numbers.map((n) => (n + 1) * 2));
  });

  it('the error of a callback method is reported on this side, too', async () => {
    const errors: [unknown, CallErrorInfo][] = [];
    const listener = (...args: [unknown, CallErrorInfo]): unknown => errors.push(args);
    daemon.on('callError', listener);
    const thing = await connect();
    const quiet = new Callee(() => {
      throw new RangeError('heard in Python alone');
    });
    await expect(thing.call_back(quiet)).rejects.toMatchObject({ message: expect.stringContaining('heard in Python alone') });
    expect(errors).toEqual([]);
    await expect(thing.call_back(new LoudCallee())).rejects.toMatchObject({
      message: expect.stringContaining('heard on both sides'),
    });
    daemon.off('callError', listener);
    expect(errors).toEqual([
      [expect.objectContaining({ message: 'heard on both sides' }), expect.objectContaining({ method: 'call' })],
    ]);
  });

  it('a proxy that Python passes in a callback connects to its sender and nowhere else', async () => {
    const thing = await connect();
    const callee = new Callee((proxy) => (proxy as RemoteObject<Thing>).add(1, 2));
    expect(await thing.call_back(callee, await thing.self_proxy())).toBe(3);
    const lure = PyroProxy.to<Thing>('PYRO:thing@192.0.2.1:9');
    await expect(thing.call_back(callee, lure)).rejects.toMatchObject({
      pythonType: 'Pyro5.errors.SecurityError',
      message: expect.stringContaining('receivedProxies'),
    });
  });
});
