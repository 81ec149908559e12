import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { kwargs } from '../../../lib/client/call/outgoing-call.js';
import type { PyroProxyOptions } from '../../../lib/client/options/proxy-options.js';
import type { RemoteObject } from '../../../lib/client/proxy/remote-proxy.js';
import {
  ClassRegistry,
  currentContext,
  expose,
  oneway,
  PyroDaemon,
  PythonException,
  PyTuple,
  pyTuple,
  SerializedBlob,
  type SerializerName,
} from '../../../lib/core.js';
import { PyroProxy } from '../../../lib/pyro/pyro-proxy.js';

class Point {
  constructor(readonly x: number) {}
}
const classes = new ClassRegistry();
classes.registerClass(Point, { name: 'lab.Point', toDict: ({ x }) => ({ x }), fromDict: ({ x }) => new Point(x as number) });

class Thing {
  private current = 1;
  readonly notes: unknown[] = [];
  private stored: SerializedBlob | undefined;

  get value(): number {
    return this.current;
  }
  set value(value: number) {
    this.current = value;
  }
  echo(value: unknown): unknown {
    return value;
  }
  add(a: number, b = 10): number {
    return a + b;
  }
  fail(): never {
    throw new PythonException('builtins.ValueError', ['bad', 1], { extra: [1] });
  }
  *numbers(to: number): Generator<number> {
    try {
      for (let n = 1; n <= to; n++) yield n;
    } finally {
      this.notes.push('closed');
    }
  }
  note(value: unknown): void {
    this.notes.push(value);
  }
  keep(blob: SerializedBlob): unknown {
    this.stored = blob;
    return blob.info;
  }
  get kept(): SerializedBlob | undefined {
    return this.stored;
  }
  annotations(): string[] {
    const { annotations, responseAnnotations } = currentContext()!;
    responseAnnotations.set('BACK', Buffer.from('1'));
    return [...annotations.keys()];
  }
}
expose(Thing, 'value', 'echo', 'add', 'fail', 'numbers', 'note', 'keep', 'annotations');
oneway(Thing, 'note');

describe.each(['serpent', 'marshal', 'json', 'msgpack'] as SerializerName[])('proxy and daemon together, in %s', (serializer) => {
  let daemon: PyroDaemon;
  let served: Thing;
  const open: RemoteObject<Thing>[] = [];

  beforeAll(async () => {
    daemon = await PyroDaemon.listen({ host: '127.0.0.1', classes, compression: true, values: 'faithful' });
    served = new Thing();
    daemon.register(served, 'thing');
  });
  afterEach(async () => {
    served.notes.length = 0;
    await Promise.all(open.splice(0).map((thing) => thing.$release()));
  });
  afterAll(() => daemon.close());

  async function connect(options: PyroProxyOptions = {}): Promise<RemoteObject<Thing>> {
    const thing = await PyroProxy.connect<Thing>(daemon.uriFor('thing'), { serializer, classes, ...options });
    open.push(thing);
    return thing;
  }

  it('a proxy calls methods, and reads and writes attributes', async () => {
    const thing = await connect({ compression: true });
    expect(await thing.add(1, kwargs({ b: 2 }))).toBe(3);
    await thing.$set('value', 5);
    expect(await thing.$get('value')).toBe(5);
    expect(await thing.echo('x'.repeat(100_000))).toBe('x'.repeat(100_000));
    expect(await thing.echo(new Point(3))).toEqual(new Point(3));
    await expect(thing.fail()).rejects.toMatchObject({
      pythonType: 'builtins.ValueError',
      args: ['bad', 1],
      attributes: { extra: [1] },
    });
  });

  it('a proxy pulls and closes streams, and runs batches', async () => {
    const thing = await connect();
    const items: number[] = [];
    for await (const item of await thing.numbers(100)) if (items.push(item) === 3) break;
    expect(items).toEqual([1, 2, 3]);
    await expect.poll(() => served.notes).toEqual(['closed']);
    expect(daemon.streamCount).toBe(0);
    const outcome = await thing.$batch((batch) => [batch.add(1), batch.fail(), batch.add(2)], { settled: true });
    expect(outcome).toMatchObject([
      { status: 'fulfilled', value: 11 },
      { status: 'rejected', reason: { pythonType: 'builtins.ValueError', args: ['bad', 1] } },
    ]);
    await thing.note('oneway');
    await expect.poll(() => served.notes).toEqual(['closed', 'oneway']);
  });

  it('a proxy pulls the items of one stream one after the other when several readers ask at once', async () => {
    const thing = await connect({ poolSize: 3 });
    const stream = await thing.numbers(5);
    const items = await Promise.all(Array.from({ length: 7 }, () => stream.next()));
    expect(items.map(({ value }) => value)).toEqual([1, 2, 3, 4, 5, undefined, undefined]);
    await using unread = await thing.numbers(5);
    expect(unread.id).toBeTypeOf('string');
  });

  it('a proxy sends blobs, and forwards received blobs in the serializer in which they came', async () => {
    const thing = await connect();
    expect(await thing.keep(SerializedBlob.of('first', [1, [2]]))).toBe('first');
    expect(served.kept?.deserialized()).toEqual([1, [2]]);
    const other = await connect({ serializer: serializer === 'json' ? 'serpent' : 'json' });
    expect(await other.keep(served.kept!)).toBe('first');
    expect(served.kept?.deserialized()).toEqual([1, [2]]);
  });

  it('a proxy sends annotations with a call, and receives those of the reply', async () => {
    const seen: string[] = [];
    const thing = await connect({ annotations: { PROX: Buffer.alloc(1) } });
    const call = thing.$with({ annotations: { CALL: new Uint8Array(2) }, onAnnotations: (map) => seen.push(...map.keys()) });
    expect(await call.annotations()).toEqual(['PROX', 'CALL']);
    expect(seen).toEqual(['BACK']);
  });

  it('a proxy counts small and large annotations of a call to its size, and goes on after a call that is too large', async () => {
    const thing = await connect({ maxMessageBytes: 4_000 });
    const text = 'x'.repeat(3_500);
    for (const bytes of [700, 3_000]) {
      const call = thing.$with({ annotations: { CALL: Buffer.alloc(bytes) } });
      await expect(call.echo(text)).rejects.toThrow('maxMessageBytes is 4000');
      expect(await call.echo('short')).toBe('short');
      expect(await call.annotations()).toEqual(['CALL']);
    }
    expect(await thing.echo(text)).toBe(text);
  });

  it('a proxy keeps Python types apart in faithful mode as far as the serializer does', async () => {
    const thing = await connect({ values: 'faithful' });
    const value = await thing.echo(pyTuple(1, new Map([['a', 1]])));
    expect(value).toHaveLength(2);
    expect(value instanceof PyTuple).toBe(serializer === 'serpent' || serializer === 'marshal');
    expect((value as unknown[])[1]).toEqual(new Map([['a', 1]]));
  });
});
