import { format, inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest';
import { type KeywordArguments, kwargs } from '../../../lib/client/call/outgoing-call.js';
import type { RemoteObject } from '../../../lib/client/proxy/remote-proxy.js';
import type { RemoteStream } from '../../../lib/client/call/remote-stream.js';
import { expose, oneway, PyroDaemon, PyroUri } from '../../../lib/core.js';
import { PyroProxy } from '../../../lib/pyro/pyro-proxy.js';

interface Camera {
  gain: number;
  readonly name?: string;
  expose(seconds: number, binning?: number): number;
  frames(): Generator<number>;
  ticks(): AsyncIterable<string>;
  later(): Promise<Set<number>>;
  all(...values: number[]): number[];
  nothing(): void;
  find(name: string): string;
  find(index: number, strict?: boolean): Iterator<string>;
  find(exact: boolean): Promise<Map<string, number>>;
}

class CameraObject {
  readonly calls: string[] = [];
  expose(seconds: number, binning = 1): number {
    this.calls.push('expose');
    return seconds * binning;
  }
  // oxlint-disable-next-line unicorn/no-thenable -- the proxy must not treat this object as a promise
  then(): string {
    this.calls.push('then');
    return 'remote then';
  }
  onModuleInit(): void {
    this.calls.push('onModuleInit');
  }
  toJSON(): string {
    this.calls.push('toJSON');
    return 'remote';
  }
  nothing(): void {
    this.calls.push('nothing');
  }
}
expose(CameraObject, 'expose', 'then', 'onModuleInit', 'toJSON', 'nothing');
oneway(CameraObject, 'nothing');

let daemon: PyroDaemon;
let served: CameraObject;
let uri: string;

beforeAll(async () => {
  daemon = await PyroDaemon.listen({ host: '127.0.0.1' });
  served = new CameraObject();
  uri = String(daemon.register(served, 'camera'));
});
afterAll(() => daemon.close());

describe('a proxy', () => {
  it('a proxy sends no call when it is awaited, logged, compared, spread or inspected', async () => {
    await using camera = await PyroProxy.connect<Camera>(uri);
    for (const proxy of [camera, PyroProxy.to<Camera>(uri)]) {
      const bare = proxy as unknown as Record<string | symbol, unknown>;
      expect(await Promise.resolve(proxy)).toBe(proxy);
      for (const name of [
        'then',
        'catch',
        'finally',
        'toJSON',
        'asymmetricMatch',
        'onModuleInit',
        'onModuleDestroy',
        '$$typeof',
        '@@observable',
      ]) {
        expect(bare[name]).toBeUndefined();
      }
      for (const symbol of [Symbol.iterator, Symbol.asyncIterator, Symbol.toPrimitive, Symbol.toStringTag, Symbol('x')]) {
        expect(bare[symbol]).toBeUndefined();
      }
      expect(JSON.stringify({ proxy })).toBe('{"proxy":{}}');
      expect({ ...proxy }).toEqual({});
      expect(Object.keys(proxy)).toEqual([]);
      expect(String(proxy)).toBe(`[PyroProxy ${uri}]`);
      expect(inspect({ proxy }, { showProxy: false })).toContain(`PyroProxy <${uri}`);
      expect(inspect(proxy, { showProxy: true, depth: 10 })).toBe('Proxy [ PyroProxy, ProxyTraps ]');
      expect(format('%o', proxy)).toContain('PyroProxy');
      expect(proxy).toBeInstanceOf(PyroProxy);
      expect(bare['constructor']).toBe(PyroProxy);
      expect(typeof bare['hasOwnProperty']).toBe('function');
    }
    expect(served.calls).toEqual([]);
    expect(await camera.$call('then')).toBe('remote then');
    served.calls.length = 0;
  });

  it('a proxy has the methods of the object once connected, and any method before', async () => {
    const camera = PyroProxy.to<Camera>(uri);
    const bare = camera as unknown as Record<string, unknown>;
    expect(camera.$metadata).toBeUndefined();
    expect(typeof bare['anything']).toBe('function');
    expect(camera.$connected).toBe(false);
    expect(await camera.expose(2, 3)).toBe(6);
    expect(camera.$connected).toBe(true);
    expect(bare['anything']).toBeUndefined();
    expect(camera.expose).toBe(camera.expose);
    expect(camera.$metadata?.methods.has('expose')).toBe(true);
    expect(camera.$uri).toEqual(new PyroUri(uri));
    await camera.$release();
  });

  it('a proxy refuses to be written to', async () => {
    await using camera = await PyroProxy.connect<Camera>(uri);
    const bare = camera as unknown as Record<string, unknown>;
    expect(() => (bare['gain'] = 3)).toThrow('$set("gain", value)');
    expect(() => delete bare['gain']).toThrow(TypeError);
    expect(() => Object.defineProperty(camera, 'x', { value: 1 })).toThrow(TypeError);
    expect(() => Object.setPrototypeOf(camera, {})).toThrow(TypeError);
  });

  it('a proxy takes keyword arguments as the last argument only', async () => {
    await using camera = await PyroProxy.connect<Camera>(uri);
    expect(await camera.expose(2, kwargs({ binning: 4 }))).toBe(8);
    expect(await camera.expose(kwargs({ seconds: 2, binning: undefined }))).toBe(2);
    await expect(camera.$call('expose', kwargs({}), 1)).rejects.toThrow('kwargs(…) must be the last argument');
  });

  it('the recorder of a batch refuses what would be lost', async () => {
    const camera = PyroProxy.to('PYRO:camera@localhost:1', { maxRetries: 0 });
    const record = (change: (batch: Record<string, unknown>) => void) => async () => camera.$batch(change as never);
    await expect(record((batch) => (batch.gain = 1))).rejects.toThrow(
      'cannot assign to gain in a batch: a batch has calls of methods only',
    );
    await expect(record((batch) => delete batch.gain)).rejects.toThrow('cannot delete gain of a proxy');
    const define = record((batch) => Object.defineProperty(batch, 'gain', { value: 1 }));
    await expect(define).rejects.toThrow('cannot define gain on a proxy');
    await expect(record((batch) => Object.setPrototypeOf(batch, {}))).rejects.toThrow('cannot change the prototype of a proxy');
  });

  it('a proxy refuses a batch that would lose calls', async () => {
    await using camera = await PyroProxy.connect<Camera>(uri);
    served.calls.length = 0;
    const late = async (batch: { expose(seconds: number): void }): Promise<void> => {
      batch.expose(1);
      await Promise.resolve();
      batch.expose(2);
    };
    // oxlint-disable-next-line typescript/no-misused-promises -- the mistake of users without this rule
    await expect(camera.$batch(late)).rejects.toThrow('must not be async');
    expect(await camera.$batch((batch) => batch.expose(1))).toEqual([1]);
    expect(served.calls).toEqual(['expose']);
  });

  it('a recorder adds no call to a batch that is made already', async () => {
    await using camera = PyroProxy.to<Camera>(uri);
    served.calls.length = 0;
    let kept: { expose(seconds: number): void } | undefined;
    const batch = camera.$batch((recorder) => {
      kept = recorder;
      recorder.expose(1);
    });
    // the batch waits for its connection
    expect(() => kept!.expose(2)).toThrow('expose() was called on the recorder of a batch that is made already');
    expect(await batch).toEqual([1]);
    expect(served.calls).toEqual(['expose']);
  });

  it('a proxy has the type of the interface of the remote object', () => {
    type Remote = RemoteObject<Camera>;
    expectTypeOf<Remote['expose']>().toBeCallableWith(1);
    expectTypeOf<Remote['expose']>().toBeCallableWith(1, 2);
    expectTypeOf<Remote['expose']>().toBeCallableWith(1, kwargs({ binning: 1 }));
    expectTypeOf<Remote['expose']>().toBeCallableWith(kwargs({}));
    expectTypeOf<Remote['all']>().toBeCallableWith(1, 2, 3);
    expectTypeOf<ReturnType<Remote['expose']>>().toEqualTypeOf<Promise<number>>();
    expectTypeOf<ReturnType<Remote['frames']>>().toEqualTypeOf<Promise<RemoteStream<number>>>();
    expectTypeOf<ReturnType<Remote['ticks']>>().toEqualTypeOf<Promise<RemoteStream<string>>>();
    expectTypeOf<ReturnType<Remote['later']>>().toEqualTypeOf<Promise<Set<number>>>();
    expectTypeOf<ReturnType<Remote['nothing']>>().toEqualTypeOf<Promise<void>>();
    expectTypeOf<Remote>().not.toHaveProperty('gain');
    expectTypeOf<Awaited<Remote>>().toEqualTypeOf<Remote>();
    expectTypeOf<Awaited<RemoteObject>>().toEqualTypeOf<RemoteObject>();
    const typed = async (camera: Remote, any: RemoteObject): Promise<void> => {
      expectTypeOf(await camera.$get('gain')).toEqualTypeOf<number>();
      await camera.$set('gain', 2);
      // @ts-expect-error the attribute is a number
      await camera.$set('gain', 'two');
      // @ts-expect-error a method is no attribute
      await camera.$get('expose');
      // @ts-expect-error the argument is a number
      await camera.expose('one');
      // @ts-expect-error there is no such method
      await camera.explode();
      expectTypeOf(await camera.$with({ callTimeoutMs: 1 }).expose(1)).toEqualTypeOf<number>();
      expectTypeOf(await camera.find('a')).toEqualTypeOf<string>();
      expectTypeOf(await camera.find(1, kwargs({ strict: true }))).toEqualTypeOf<RemoteStream<string>>();
      expectTypeOf(await camera.find(true)).toEqualTypeOf<Map<string, number>>();
      // @ts-expect-error there is no such overload
      await camera.find(null);
      await camera.$batch((batch) => (batch.find('a'), batch.find(1, true)));
      // @ts-expect-error a batch has the same overloads
      await camera.$batch((batch) => batch.find(null));
      expectTypeOf(await any['anything']!(1, 'two')).toEqualTypeOf<unknown>();
      expectTypeOf(await any.$get('anything')).toEqualTypeOf<unknown>();
      // @ts-expect-error a batch has the same arguments
      await camera.$batch((batch) => batch.expose('one'));
      expectTypeOf(await camera.$batch((batch) => batch.expose(1))).toEqualTypeOf<unknown[]>();
    };
    expect(typed).toBeTypeOf('function');
  });

  it('the interface of a remote object tells the keywords that the compiler accepts', () => {
    interface Keyed {
      take(seconds: number, keywords?: KeywordArguments<{ gain?: number; mode?: 'fast' | 'slow' }>): string;
      put(frame: { values: Record<string, unknown> }, scale?: number): void;
      // oxlint-disable-next-line typescript/no-explicit-any -- interfaces of users may have it
      log(...parts: any[]): void;
    }
    const typed = async (camera: RemoteObject<Keyed>, names: Map<string, unknown>): Promise<void> => {
      await camera.take(1, kwargs({ gain: 2, mode: 'fast' }));
      await camera.take(kwargs({}));
      await camera.take(1, kwargs(names));
      // @ts-expect-error there is no such keyword
      await camera.take(1, kwargs({ zzz: 2 }));
      // @ts-expect-error the keyword is a number
      await camera.take(1, kwargs({ gain: 'two' }));
      // @ts-expect-error there is no such mode
      await camera.take(1, kwargs({ mode: 'medium' }));
      // @ts-expect-error keyword arguments are the last ones
      await camera.take(kwargs({ gain: 2 }), 1);
      await camera.put({ values: {} }, kwargs({ scale: 2 }));
      await camera.log(1, kwargs({ level: 2 }));
    };
    expect(typed).toBeTypeOf('function');
  });
});
