import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { currentContext, PyroUri, SerializedBlob, type SerializerName, withCorrelationId } from '../../../lib/core.js';
import { kwargs } from '../../../lib/client/call/outgoing-call.js';
import type { PyroProxyOptions } from '../../../lib/client/options/proxy-options.js';
import type { RemoteObject } from '../../../lib/client/proxy/remote-proxy.js';
import { PyroProxy } from '../../../lib/pyro/pyro-proxy.js';
import { PyroRemoteError } from '../../../lib/serializers/objects/exceptions.js';
import { PythonServer } from './python-server.js';
import type { Session, Thing } from './thing.js';

const released: (() => Promise<void>)[] = [];

describe.each(['thread', 'multiplex'] as const)('a %s server of Pyro5', (kind) => {
  let server: PythonServer;

  beforeAll(async () => {
    server = await PythonServer.start(kind);
  });
  afterAll(() => server.kill());
  afterEach(async () => {
    await Promise.all(released.splice(0).map((release) => release()));
  });

  async function connect<T = Thing>(options: PyroProxyOptions = {}, object = 'thing'): Promise<RemoteObject<T>> {
    const proxy = await PyroProxy.connect<T>(server.uri(object), { callTimeoutMs: 10_000, ...options });
    released.push(() => proxy.$release());
    return proxy;
  }

  describe.each(['serpent', 'marshal', 'json', 'msgpack'] as SerializerName[])('with %s', (serializer) => {
    it('a proxy calls methods of Python with positional and keyword arguments', async () => {
      const thing = await connect({ serializer });
      expect(await thing.add(1)).toBe(11);
      expect(await thing.add(1, 2)).toBe(3);
      expect(await thing.$call('add', 1, kwargs({ b: 5, c: 100 }))).toBe(106);
      expect(await thing.named(kwargs({ x: [1] }))).toEqual([[], { x: [1] }]);
      expect(await thing.__len__()).toBe(3);
    });

    it('a proxy passes values both ways', async () => {
      const thing = await connect({ serializer });
      for (const value of [null, true, 'text ✓', -5, 1.5, [1, [2]], { a: { b: null } }, 12345678901234567890n]) {
        expect(await thing.echo(value)).toEqual(value);
      }
      expect(await thing.echo(new PyroUri('PYRO:x@host:1'))).toEqual(new PyroUri('PYRO:x@host:1'));
      if (serializer !== 'json') expect(await thing.echo(Buffer.from([0, 255]))).toEqual(Buffer.from([0, 255]));
    });

    it('a proxy reads and writes attributes', async () => {
      const thing = await connect({ serializer });
      await thing.$set('value', 99);
      expect(await thing.$get('value')).toBe(99);
      await thing.$set('value', 12);
      await expect(thing.$call('__getattr__', 'nothing')).rejects.toMatchObject({ pythonType: 'builtins.AttributeError' });
    });

    it('a proxy throws remote exceptions with type, args, attributes and traceback', async () => {
      const thing = await connect({ serializer });
      const error = await thing.fail('oops').catch((failure: unknown) => failure);
      expect(error).toBeInstanceOf(PyroRemoteError);
      const { pythonType, args, attributes, remoteTraceback, stack } = error as PyroRemoteError;
      expect({ pythonType, args, attributes }).toEqual({
        pythonType: 'builtins.ValueError',
        args: ['oops', 42],
        attributes: { extra: { a: [1] } },
      });
      expect(remoteTraceback.join('')).toContain('raise error');
      expect(stack).toContain('raise error');
      expect(stack).toContain('calls.test.ts');
      expect(await thing.add(1)).toBe(11);
    });

    it('a proxy pulls the items of iterators, and closes the iterators when the loop ends early', async () => {
      const thing = await connect({ serializer });
      await thing.clear();
      const all: number[] = [];
      for await (const number of await thing.numbers(3)) all.push(number);
      expect(all).toEqual([1, 2, 3]);
      expect(await thing.closed_streams()).toEqual(['numbers']);
      await thing.clear();
      for await (const number of await thing.numbers(1000)) if (number === 2) break;
      await expect.poll(() => thing.closed_streams()).toEqual(['numbers']);
      await thing.clear();
      const thrown = (async () => {
        for await (const _ of await thing.numbers(1000)) throw new RangeError('mine');
      })();
      await expect(thrown).rejects.toThrow('mine');
      await expect.poll(() => thing.closed_streams()).toEqual(['numbers']);
      const letters: string[] = [];
      for await (const letter of await thing.$get('items')) letters.push(letter);
      expect(letters).toEqual(['a', 'b']);
    });

    it('a stream gives the error of its iterator, and after that what a proxy of Python gives', async () => {
      const thing = await connect({ serializer });
      const stream = await thing.breaking();
      expect(await stream.next()).toEqual({ done: false, value: 1 });
      await expect(stream.next()).rejects.toMatchObject({ pythonType: 'builtins.ZeroDivisionError' });
      const terminated = { pythonType: 'Pyro5.errors.PyroError', args: ['item stream terminated'] };
      await expect(stream.next()).rejects.toMatchObject(terminated);
      expect(await thing.add(1)).toBe(11);
    });

    it('a batch runs up to the first failure', async () => {
      const thing = await connect({ serializer });
      expect(await thing.$batch((batch) => [batch.add(1), batch.add(2, kwargs({ b: 3 })), batch.__len__()])).toEqual([11, 5, 3]);
      expect(await thing.$batch(() => undefined)).toEqual([]);
      const failing = (batch: { add(a: number): void; fail(text: string): void }): void => {
        batch.add(1);
        batch.fail('second');
        batch.add(2);
      };
      // Pyro5 cannot write the failure of a batch in marshal
      const args = serializer === 'marshal' ? ['unmarshallable object'] : ['second', 42];
      await expect(thing.$batch(failing)).rejects.toMatchObject({ pythonType: 'builtins.ValueError', args });
      if (serializer === 'marshal') return;
      expect(await thing.$batch(failing, { settled: true })).toMatchObject([
        { status: 'fulfilled', value: 11 },
        {
          status: 'rejected',
          reason: { pythonType: 'builtins.ValueError', stack: expect.stringMatching(/calls\.test\.ts.*raise error/s) },
        },
      ]);
    });

    it('a proxy does not wait for replies of oneway methods, calls and batches', async () => {
      const thing = await connect({ serializer });
      await thing.clear();
      expect(await thing.note('by metadata')).toBeUndefined();
      expect(await thing.$with({ oneway: true }).fail('unheard')).toBeUndefined();
      expect(await thing.$batch((batch) => batch.note('by batch'), { oneway: true })).toBeUndefined();
      expect(await thing.$with({ oneway: true }).$batch((batch) => batch.note('by $with'))).toBeUndefined();
      await expect.poll(async () => new Set(await thing.noted())).toEqual(new Set(['by batch', 'by $with', 'by metadata']));
      expect(await thing.$with({ oneway: false }).note('with a reply')).toBeNull();
    });

    it('a proxy sends blobs that stay serialized', async () => {
      const thing = await connect({ serializer });
      const [info, values] = await thing.blob(SerializedBlob.of('the info', [1, 'two']));
      expect(info).toBe('the info');
      // Pyro5 itself cannot read a blob in json: it takes the keys of the call for its parts
      if (serializer !== 'json') expect(values).toEqual([1, 'two']);
      await expect(thing.$call('blob', SerializedBlob.of('x', []), 2)).rejects.toMatchObject({ code: 'SERIALIZE', sent: false });
      expect(await thing.add(1)).toBe(11);
    });

    it('a proxy compresses large messages, and reads compressed ones', async () => {
      const thing = await connect({ serializer, compression: true });
      const text = 'abc'.repeat(50_000);
      expect(await thing.echo(text)).toBe(text);
      expect((await thing.named(kwargs({ text })))[1]).toEqual({ text });
    });

    it('a proxy passes proxies both ways, without handshake data', async () => {
      const thing = await connect({ serializer, handshake: 'secret' });
      const [uri, oneway, methods, attrs, handshake] = await thing.proxy_state(thing);
      expect([uri, handshake]).toEqual([server.uri('thing'), 'hello']);
      expect(oneway).toEqual(['note']);
      expect(methods).toContain('add');
      expect(attrs).toEqual(['items', 'value']);
      const other = (await thing.self_proxy()) as RemoteObject<Thing>;
      expect(other).toBeInstanceOf(PyroProxy);
      expect(other.$connected).toBe(false);
      released.push(() => other.$release());
      expect(await other.add(1)).toBe(11);
      expect(await thing.own_uri()).toEqual(new PyroUri(server.uri('thing')));
      const shared = await connect({ serializer, handshake: 'secret', shareHandshake: true });
      expect((await thing.proxy_state(shared))[4]).toBe('secret');
    });
  });

  it('every connection has a session of its own', async () => {
    const [first, second] = [await connect<Session>({}, 'session'), await connect<Session>({}, 'session')];
    const number = await first.number();
    expect(await second.number()).toBe(number + 1);
    expect(await first.number()).toBe(number);
  });

  it('a proxy sends and receives annotations and correlation ids', async () => {
    const seen: string[] = [];
    const onAnnotations = (annotations: ReadonlyMap<string, Buffer>): void => {
      seen.push(...[...annotations].map(([id, data]) => `${id} ${data.toString()}`));
    };
    const thing = await connect({ annotations: () => ({ MINE: Buffer.from('all') }), onAnnotations });
    expect(seen).toEqual(['DAEM on']);
    const own = await thing.$with({ annotations: new Map([['CALL', Buffer.from('one')]]) }).annotations();
    expect(own).toEqual({ MINE: Buffer.from('all'), CALL: Buffer.from('one') });
    expect(seen).toContain('BACK and back');
    const correlationId = '12345678-1234-4234-8234-123456789abc';
    const other = '00000000-0000-4000-8000-000000000002';
    for (const id of [correlationId, other, other, correlationId]) {
      expect(await withCorrelationId(id, () => thing.correlation())).toBe(id);
    }
    expect(currentContext()).toBeUndefined();
    expect(() => withCorrelationId('none', () => 0)).toThrow('is no UUID');
    expect(await thing.correlation()).not.toBe(await thing.correlation());
  });

  it.each<[string, () => unknown, string]>([
    ['a promise', () => Promise.reject(new Error('late')), 'a promise'],
    ['a Set', () => new Set(['MINE']), 'an object of the class Set'],
    ['null', () => null, 'null'],
    ['a wrong id', () => ({ TOOLONG: Buffer.alloc(1) }), 'an object with the identifier "TOOLONG"'],
    ['a text as data', () => new Map([['MINE', 'x']]), 'an object whose data of "MINE" is the text "x"'],
  ])('a call fails when the annotations hook of the proxy gives %s, and the connection goes on', async (_, give, shown) => {
    let hook: () => unknown = () => ({ MINE: Buffer.from('all') });
    const thing = await connect({ annotations: () => hook() as never });
    const peer = await thing.client();
    hook = give;
    const failure = {
      code: 'BAD_ANNOTATIONS',
      sent: false,
      message: `the annotations hook of the proxy gives ${shown}; it must give a Map or a plain object of four ASCII letters to Buffers, at once`,
    };
    await expect(thing.annotations()).rejects.toMatchObject(failure);
    await expect(thing.$batch((batch) => batch.annotations())).rejects.toMatchObject(failure);
    await expect(connect({ annotations: give as never })).rejects.toMatchObject(failure);
    hook = () => undefined;
    expect(await thing.annotations()).toEqual({});
    expect(await thing.client()).toEqual(peer);
  });

  it('a proxy keeps the connection after an error, unless the daemon closes it', async () => {
    const thing = await connect();
    const [, port] = await thing.client();
    await expect(thing.fail('x')).rejects.toThrow('ValueError');
    expect((await thing.client())[1]).toBe(port);
    await expect(thing.fail_comm()).rejects.toMatchObject({ pythonType: 'Pyro5.errors.SerializeError' });
    expect((await thing.client())[1]).not.toBe(port);
  });

  it('a refused handshake fails with the daemon’s reason', async () => {
    const location = server.location;
    await expect(connect({ handshake: 'refuse me' })).rejects.toThrow(`connection to ${location} rejected: not you`);
    await expect(connect({}, 'nothing')).rejects.toMatchObject({ code: 'COMMUNICATION', sent: false });
    await expect(connect({}, 'bare')).rejects.toThrow('exposes no methods or attributes');
  });

  it('validateHandshake of a proxy sees the daemon’s answer to the handshake, and may refuse it', async () => {
    const seen: unknown[] = [];
    await connect({ handshake: { token: 1 }, validateHandshake: (response) => void seen.push(response) });
    expect(seen).toEqual([['welcome', { token: 1 }]]);
    const refusing = connect({
      validateHandshake: () => {
        throw new RangeError('not what I wanted');
      },
    });
    await expect(refusing).rejects.toThrow('not what I wanted');
    for (const verdict of [false, Promise.resolve(false)]) {
      const doubtful = connect({ validateHandshake: () => verdict as never });
      await expect(doubtful).rejects.toMatchObject({
        code: 'SECURITY',
        message: expect.stringContaining('validateHandshake of the proxy gave false') as string,
      });
    }
  });

  it('a proxy has the remote members and no others', async () => {
    const thing = await connect();
    expect((thing as unknown as { nothing?: unknown }).nothing).toBeUndefined();
    expect('add' in thing).toBe(true);
    expect('nothing' in thing).toBe(false);
    expect(await thing.$call('then')).toBe('never by await');
    await expect(thing.$call('nothing')).rejects.toMatchObject({ pythonType: 'builtins.AttributeError' });
  });
});
