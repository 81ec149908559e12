import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  callback,
  CommunicationError,
  expose,
  kwargs,
  PyroDaemon,
  PyroError,
  PyroProxy,
  type PyroProxyOptions,
  PyroUri,
  type RemoteObject,
} from '../../../lib/core.js';
import { PythonServer } from '../client/python-server.js';
import type { Thing } from '../client/thing.js';
import { PythonInterpreter } from '../python-interpreter.js';

/* The cases of Pyro5's tests/test_client.py; docs/audit/upstream-tests.md says which is which. */

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Makes a proxy of an object that nobody serves. */
function offline(uri: PyroUri | string = 'PYRO:9999@localhost:15555', options: PyroProxyOptions = {}): RemoteObject {
  const proxy = PyroProxy.to(uri, options);
  cleanups.push(() => proxy.$release());
  return proxy;
}

let server: PythonServer;
beforeAll(async () => {
  server = await PythonServer.start('thread');
});
afterAll(() => server.kill());

describe('a proxy', () => {
  it.each(['burp', '999'])('a proxy cannot be made of %s', (text) => {
    expect(() => PyroProxy.to(text)).toThrow(PyroError);
  });

  it('a proxy is made of a URI or its text, does not connect by that, and may be released twice', async () => {
    const [one, two] = [offline(), offline(new PyroUri('PYRO:9999@localhost:15555'))];
    expect(one.$uri).toEqual(two.$uri);
    expect(one.$connected).toBe(false);
    await one.$release();
    await one.$release();
    expect(one.$connected).toBe(false);
  });

  it('a second proxy of the same URI has its own connections, sequence and settings', async () => {
    const options: PyroProxyOptions = { handshake: 'milkshake', callTimeoutMs: 42_000, maxRetries: 9 };
    const one = await PyroProxy.connect<Thing>(server.uri('thing'), options);
    cleanups.push(() => one.$release());
    const two = PyroProxy.to<Thing>(one.$uri, options);
    cleanups.push(() => two.$release());
    expect(two.$uri.equals(one.$uri)).toBe(true);
    expect([one.$connected, two.$connected]).toEqual([true, false]);
    expect((await two.client())[1]).not.toBe((await one.client())[1]);
    expect(two.$metadata).toEqual(one.$metadata);
    expect(two.$metadata).not.toBe(one.$metadata);
    await one.$release();
    expect(await two.add(1)).toBe(11);
  });

  it('a proxy refuses an unknown serializer', () => {
    const serializer = '~invalid~' as 'serpent';
    expect(() => PyroProxy.to('PYRO:obj@localhost:5555', { serializer })).toThrow(
      expect.objectContaining({ code: 'CONFIG', message: expect.stringContaining('~invalid~') as string }),
    );
  });

  it('a proxy has the members of the object once they are known', async () => {
    const thing = PyroProxy.to<Thing>(server.uri('thing'));
    cleanups.push(() => thing.$release());
    expect(thing.$metadata).toBeUndefined();
    await thing.$connect();
    const { methods, attrs, oneway } = thing.$metadata!;
    expect(['add' in thing, 'nothing' in thing, '$connect' in thing]).toEqual([true, false, true]);
    expect([...attrs].sort()).toEqual(['items', 'value']);
    expect([...oneway]).toEqual(['note']);
    expect(methods.has('value')).toBe(false);
  });

  it('a proxy is released at the end of its await using block, also after an error', async () => {
    let left: RemoteObject<Thing> | undefined;
    const use = async (fails: boolean): Promise<void> => {
      await using thing = await PyroProxy.connect<Thing>(server.uri('thing'));
      left = thing;
      expect(thing.$connected).toBe(true);
      if (fails) throw new RangeError('an error');
    };
    await use(false);
    expect(left!.$connected).toBe(false);
    await expect(use(true)).rejects.toThrow(RangeError);
    expect(left!.$connected).toBe(false);
  });

  it('a call fails when nobody listens at the address', async () => {
    const free = createServer();
    free.listen(0, '127.0.0.1');
    await once(free, 'listening');
    const { port } = free.address() as { port: number };
    free.close();
    await once(free, 'close');
    const proxy = offline(`PYRO:foobar@127.0.0.1:${port}`, { maxRetries: 0 });
    await expect(proxy['ping']!()).rejects.toThrow(CommunicationError);
    await expect(proxy['ping']!()).rejects.toMatchObject({ sent: false });
  });

  it('a proxy has a timeout for its calls, and $with() sets another for some of them', async () => {
    const thing = await PyroProxy.connect<Thing>(server.uri('thing'), { callTimeoutMs: 100 });
    cleanups.push(() => thing.$release());
    await expect(thing.hold('too long')).rejects.toMatchObject({ code: 'TIMEOUT' });
    expect(await thing.$with({ callTimeoutMs: 30_000 }).slow(0.3, 'in time')).toBe('in time');
    expect(await thing.$with({ callTimeoutMs: 0 }).slow(0.3, 'without end')).toBe('without end');
    await expect(thing.hold('too long')).rejects.toMatchObject({ code: 'TIMEOUT' });
    await thing.$with({ callTimeoutMs: 0 }).let_go('too long');
    expect(() => thing.$with({ callTimeoutMs: -1 })).toThrow(PyroError);
  });

  it('proxies of the same object have equal URIs', () => {
    const [one, two, three] = ['thing@localhost:15555', 'thing@localhost:15555', 'other@machine:16666'].map((at) =>
      offline(`PYRO:${at}`),
    );
    expect(one!.$uri.equals(two!.$uri)).toBe(true);
    expect(one!.$uri.equals(three!.$uri)).toBe(false);
    expect(one!.$uri.equals(42)).toBe(false);
    expect(new Map([[String(one!.$uri), 1]]).get(String(two!.$uri))).toBe(1);
  });
});

describe('a callback', () => {
  it('the error of a callback method is reported on its own side, too', async () => {
    class Test {
      @callback
      @expose
      method(): never {
        throw new RangeError('of the callback');
      }
      @expose
      method2(): never {
        throw new RangeError('of no callback');
      }
    }
    const python = await PythonInterpreter.start();
    cleanups.push(() => python.stop());
    const daemon = await PyroDaemon.listen({ host: '127.0.0.1' });
    cleanups.push(() => daemon.close());
    const told: string[] = [];
    daemon.on('callError', (error, { method }) => told.push(`${method}: ${(error as Error).message}`));
    const uri = String(daemon.register(new Test(), 'test'));
    for (const method of ['method', 'method2']) {
      await expect(python.run(`with Proxy(uri) as p: p.${method}()`, { uri })).rejects.toThrow('ValueError: of');
    }
    expect(told).toEqual(['method: of the callback']);
  });
});

describe('a batch', () => {
  let thing: RemoteObject<Thing>;
  beforeEach(async () => {
    thing = await PyroProxy.connect<Thing>(server.uri('thing'), { callTimeoutMs: 10_000 });
    await thing.clear();
  });
  afterEach(() => thing.$release());

  it('a batch gives the results up to the first error, and runs nothing after it', async () => {
    const results = await thing.$batch(
      (batch) => {
        expect(batch.named(42)).toBeUndefined();
        batch.named('abc');
        batch.named(42, 'abc', kwargs({ arg: 999 }));
        batch.fail('some exception');
        batch.note('never');
      },
      { settled: true },
    );
    expect(results).toMatchObject([
      { status: 'fulfilled', value: [[42], {}] },
      { status: 'fulfilled', value: [['abc'], {}] },
      { status: 'fulfilled', value: [[42, 'abc'], { arg: 999 }] },
      { status: 'rejected', reason: { pythonType: 'builtins.ValueError', args: ['some exception', 42] } },
    ]);
    expect(await thing.noted()).toEqual([]);
  });

  it('a oneway batch gives no results', async () => {
    const results = await thing.$batch(
      (batch) => {
        batch.note(1);
        batch.note(2);
        batch.fail('some exception');
        batch.note('never');
      },
      { oneway: true },
    );
    expect(results).toBeUndefined();
    await expect.poll(() => thing.noted()).toEqual([1, 2]);
  });

  it('a batch may follow another, and may be empty', async () => {
    for (const [a, b] of [
      [1, 2],
      [3, 4],
    ] as const) {
      const results = await thing.$batch((batch) => {
        batch.echo(a);
        batch.echo(b);
      });
      expect(results).toEqual([a, b]);
    }
    expect(await thing.$batch(() => undefined)).toEqual([]);
  });
});
