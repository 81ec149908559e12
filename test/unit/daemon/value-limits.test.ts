import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  currentContext,
  expose,
  FLAGS,
  MESSAGE_TYPES,
  type PyroDaemon,
  PyroProxy,
  type SerializedBlob,
} from '../../../lib/core.js';
import { SerializeError } from '../../../lib/protocol/errors.js';
import { ANNOTATION_DEFAULTS, checkAnnotationsCount } from '../../../lib/protocol/messages/annotations.js';
import { createSerializers } from '../../../lib/serializers/serializers.js';
import { dumps, pyTuple } from '../../../lib/serpent/index.js';
import { RemoteFailure, valueOf } from '../../../lib/testing/index.js';
import { reply, ScriptedDaemon } from '../client/scripted-daemon.js';
import { eventually, join, open, startDaemon } from './fixtures.js';

class Thing {
  readonly finish: (() => void)[] = [];
  hello(): string {
    return 'hello';
  }
  echo(value: unknown): unknown {
    return value;
  }
  /** Bytes of memory that an annotation of the call keeps. */
  keptBy(_value: unknown): number {
    return currentContext()!.annotations.get('ABCD')!.buffer.byteLength;
  }
  /** Bytes of memory that a blob and an annotation of its call keep. */
  keptByBlob(blob: SerializedBlob): number[] {
    return [blob.received!.data.buffer.byteLength, this.keptBy(blob)];
  }
  async *keptByItems(value: unknown): AsyncGenerator<number> {
    yield Promise.resolve(this.keptBy(value));
  }
  async hang(_value: unknown): Promise<void> {
    await new Promise<void>((resolve) => this.finish.push(resolve));
  }
}
expose(Thing);

async function serveThing(options = {}): Promise<{ daemon: PyroDaemon; thing: Thing }> {
  const daemon = await startDaemon(options);
  const thing = new Thing();
  daemon.register(thing, 'thing');
  return { daemon, thing };
}

const lists = (count: number): unknown[] => Array.from({ length: count }, () => []);
/** A call of `echo` with so many empty dicts, compressed or not. */
const bomb = (count: number, method = 'echo'): Buffer =>
  Buffer.concat([Buffer.from(`('thing', '${method}', ([`), Buffer.alloc(count * 3, '{},'), Buffer.from('],), {})')]);

describe('maxValueBytes', () => {
  it.each([...createSerializers().values()].map(({ id, name }) => [name, id] as const))(
    'a request over maxValueBytes is answered with ValueError, and the connection goes on: %s',
    async (_, serializerId) => {
      const { daemon } = await serveThing({ maxValueBytes: 100_000 });
      const serializer = createSerializers().get(serializerId)!;
      const peer = await join(daemon);
      const call = { objectId: 'thing', method: 'echo', args: [lists(10_000)], kwargs: {} };
      peer.send({ serializerId, data: serializer.dumpsCall(call) });
      const answer = serializer.loads((await peer.next()).data) as { pythonType: string; message: string };
      expect(answer.pythonType).toBe('builtins.ValueError');
      expect(answer.message).toMatch(
        /of echo cannot be read: the value takes \d+ bytes of memory or more \(maxValueBytes is 100000\)/,
      );
      expect(await peer.call('thing', 'hello')).toBe('hello');
    },
  );

  it('maxValueBytes lets a list of a million floats and ten MiB of bytes through by default', async () => {
    const { daemon } = await serveThing();
    const peer = await join(daemon);
    const serializer = createSerializers().get(4)!;
    const floats = Array.from({ length: 1_000_000 }, (_, index) => index + 0.5);
    for (const [value, length] of [
      [floats, floats.length],
      [Buffer.alloc(10 * 2 ** 20), 10 * 2 ** 20],
    ] as const) {
      peer.send({
        serializerId: 4,
        data: serializer.dumpsCall({ objectId: 'thing', method: 'echo', args: [value], kwargs: {} }),
      });
      expect(serializer.loads((await peer.next()).data)).toHaveLength(length);
    }
  });

  it('maxValueBytes holds for arguments that stay serialized, when they are read', async () => {
    const daemon = await startDaemon({ maxValueBytes: 100_000 });
    class Reader {
      read(blob: { deserialized(): unknown[] }): number {
        return blob.deserialized().length;
      }
    }
    expose(Reader);
    daemon.register(new Reader(), 'reader');
    const peer = await join(daemon);
    const marshal = createSerializers().get(2)!;
    const annotations = new Map([['BLBI', marshal.dumps(['info', 'reader', 'read'])]]);
    peer.send({ data: dumps(pyTuple('reader', 'read', pyTuple(lists(10_000)), {})), flags: FLAGS.keepSerialized, annotations });
    expect(new RemoteFailure(await peer.next()).args[0]).toContain('maxValueBytes is 100000');
  });
});

const heldBy = (daemon: PyroDaemon): number =>
  daemon.inspect().limits.find(({ name }) => name === 'maxInFlightValueBytes')!.used!;

describe('maxInFlightValueBytes', () => {
  it('maxInFlightValueBytes refuses a request for whose arguments running requests leave no memory, until those requests have ended', async () => {
    const { daemon, thing } = await serveThing({ maxInFlightValueBytes: 1_000_000 });
    const [first, second] = [await join(daemon), await join(daemon)];
    first.send({ data: bomb(10_000, 'hang') });
    await eventually(() => thing.finish.length === 1);
    second.send({ data: bomb(10_000) });
    const refusal = new RemoteFailure(await second.next());
    expect(refusal.pythonType).toBe('Pyro5.errors.PyroError');
    expect(refusal.args[0]).toMatch(/running requests leave \d+ of maxInFlightValueBytes \(1000000\); try again later/);
    expect(await second.call('thing', 'hello')).toBe('hello');
    thing.finish[0]!();
    await first.next();
    second.send({ data: bomb(10_000) });
    expect(valueOf(await second.next())).toHaveLength(10_000);
  });

  it('one connection holds half of maxInFlightValueBytes at most, and so does one remote address', async () => {
    for (const limitLoopback of [false, true]) {
      const { daemon, thing } = await serveThing({ maxInFlightValueBytes: 2_000_000, maxValueBytes: 600_000, limitLoopback });
      const [first, second] = [await join(daemon), await join(daemon)];
      for (let sent = 1; sent <= 2; sent++) {
        first.send({ data: bomb(7_000, 'hang'), flags: FLAGS.oneway });
        await eventually(() => thing.finish.length === sent);
      }
      const [full, other] = limitLoopback ? [second, undefined] : [first, second];
      full.send({ data: bomb(7_000) });
      const who = limitLoopback ? '127.0.0.1' : 'this connection';
      expect(new RemoteFailure(await full.next()).args[0]).toMatch(
        new RegExp(
          `running requests of ${who} leave \\d+ of its part of maxInFlightValueBytes \\(2000000\\); try again later, or send less`,
        ),
      );
      other?.send({ data: bomb(7_000) });
      if (other !== undefined) expect(valueOf(await other.next())).toHaveLength(7_000);
      expect(daemon.counters.maxInFlightValueBytes).toBe(1);
      for (const finish of thing.finish) finish();
      await eventually(() => heldBy(daemon) === 0);
      full.send({ data: bomb(7_000) });
      expect(valueOf(await full.next())).toHaveLength(7_000);
    }
  });

  it('the last eighth of maxInFlightValueBytes is for connections that hold at most 64 KiB, whatever a client sends', async () => {
    const { daemon, thing } = await serveThing({ maxInFlightValueBytes: 4_000_000 });
    // each connection takes as much as it gets, with large calls first
    for (let peers = 0; peers < 5; peers++) {
      const peer = await join(daemon);
      for (const count of [30_000, 10_000, 3_000, 1_000, 300, 100, 30, 10]) {
        for (let sent = 0; sent < 3; sent++) peer.send({ data: bomb(count, 'hang'), flags: FLAGS.oneway });
      }
      // answered after the calls that were sent before
      peer.send({ type: MESSAGE_TYPES.ping, data: Buffer.from('ping') });
      await peer.next();
    }
    expect(heldBy(daemon)).toBeGreaterThan(3_400_000);
    const other = await join(daemon);
    expect(await other.call('thing', 'echo', 'x'.repeat(50_000))).toHaveLength(50_000);
    other.send({ data: bomb(2_000) });
    expect(new RemoteFailure(await other.next()).args[0]).toContain('of maxInFlightValueBytes (4000000)');
    expect(await other.call('thing', 'hello')).toBe('hello');
    for (const finish of thing.finish) finish();
    await eventually(() => heldBy(daemon) === 0);
  });

  it('blobs and annotations that have no room are refused, and nothing of them is held', async () => {
    const { daemon, thing } = await serveThing({ maxInFlightValueBytes: 1_000_000 });
    const peer = await join(daemon);
    const call = (method: string): Buffer => dumps(pyTuple('thing', method, pyTuple(''), {}));
    const annotations = new Map([['XBIG', Buffer.alloc(500_000)]]);
    peer.send({ data: call('hang'), flags: FLAGS.oneway, annotations });
    await eventually(() => thing.finish.length === 1);
    peer.send({ data: call('echo'), annotations });
    const pattern = /data and annotations take \d+ bytes of memory, and running requests .*leave \d+ of .*maxInFlightValueBytes/;
    expect(new RemoteFailure(await peer.next()).args[0]).toMatch(pattern);
    const blob = pyTuple('thing', 'echo', pyTuple('x'.repeat(500_000)), {});
    peer.send({
      data: dumps(blob),
      flags: FLAGS.keepSerialized,
      annotations: new Map([['BLBI', createSerializers().get(2)!.dumps(['info', 'thing', 'echo'])]]),
    });
    expect(new RemoteFailure(await peer.next()).args[0]).toMatch(pattern);
    expect(daemon.counters.maxInFlightValueBytes).toBe(2);
    expect(await peer.call('thing', 'hello')).toBe('hello');
    thing.finish[0]!();
    await eventually(() => heldBy(daemon) === 0);
  });

  it('small calls and handshakes of an address that holds its part go on, and nobody is locked out', async () => {
    const { daemon, thing } = await serveThing({ maxInFlightValueBytes: 2_000_000, maxValueBytes: 600_000, limitLoopback: true });
    const first = await join(daemon);
    for (let sent = 1; sent <= 2; sent++) {
      first.send({ data: bomb(7_000, 'hang'), flags: FLAGS.oneway });
      await eventually(() => thing.finish.length === sent);
    }
    const second = await join(daemon);
    expect(await second.call('thing', 'hello')).toBe('hello');
    for (const finish of thing.finish) finish();
    await eventually(() => heldBy(daemon) === 0);
  });

  it('oneway calls, failed calls and streams give their memory back', async () => {
    const daemon = await startDaemon({ maxInFlightValueBytes: 1_000_000 });
    const ended: string[] = [];
    class Target {
      note(_value: unknown): void {
        ended.push('note');
      }
      fail(_value: unknown): void {
        throw new Error('failed');
      }
      *items(_value: unknown): Generator<number> {
        yield 1;
      }
    }
    expose(Target);
    daemon.register(new Target(), 'thing');
    const peer = await join(daemon);
    for (let round = 0; round < 5; round++) {
      peer.send({ data: bomb(10_000, 'note'), flags: FLAGS.oneway });
      peer.send({ data: bomb(10_000, 'fail') });
      expect(new RemoteFailure(await peer.next()).args[0]).toBe('failed');
      peer.send({ data: bomb(10_000, 'items') });
      const stream = (await peer.next()).annotations.get('STRM')!.toString();
      await peer.call('Pyro.Daemon', 'close_stream', stream);
      await eventually(() => daemon.streamCount === 0);
    }
    expect(ended).toHaveLength(5);
  });

  it('maxInFlightValueBytes refuses a handshake for whose data running requests leave no memory', async () => {
    const { daemon, thing } = await serveThing({ maxInFlightValueBytes: 2_000_000 });
    for (const [index, count] of [14_000, 12_000].entries()) {
      (await join(daemon)).send({ data: bomb(count, 'hang') });
      await eventually(() => thing.finish.length === index + 1);
    }
    const third = await open(daemon);
    third.connect('thing', lists(4_000));
    const frame = await third.next();
    expect([frame.header.type, valueOf(frame)]).toEqual([
      MESSAGE_TYPES.connectFail,
      expect.stringContaining('maxInFlightValueBytes (2000000); try again later'),
    ]);
  });
});

describe('the data of a handshake', () => {
  it('the data of a handshake may take four times maxHandshakeBytes of memory', async () => {
    const { daemon } = await serveThing();
    for (const key of ["{'1023':0},", '{},', '[0],']) {
      const peer = await open(daemon);
      const data = Buffer.concat([
        Buffer.from("{'handshake': ["),
        Buffer.alloc(60_000, key),
        Buffer.from("0], 'object': 'thing'}"),
      ]);
      peer.send({ type: MESSAGE_TYPES.connect, data: Buffer.from(data.toString().replace(/,[^,]*0\], 'obj/, ",0], 'obj")) });
      const frame = await peer.next();
      expect(frame.header.type).toBe(MESSAGE_TYPES.connectFail);
      expect(frame.data.toString()).toContain('4 times maxHandshakeBytes (65536)');
    }
  });

  it('the data of a handshake is taken compressed, as Pyro5 sends it, up to maxHandshakeBytes', async () => {
    const { daemon } = await serveThing();
    const peer = await open(daemon);
    const data = deflateSync(dumps({ handshake: 'x'.repeat(60_000), object: 'thing' }));
    peer.send({ type: MESSAGE_TYPES.connect, data, flags: FLAGS.compressed });
    expect((await peer.next()).header.type).toBe(MESSAGE_TYPES.connectOk);
  });

  it('the data of a handshake is dropped after the handshake when it takes more than 2 KiB', async () => {
    const seen: unknown[] = [];
    const daemon = await startDaemon({ validateHandshake: ({ data }) => void seen.push(data) });
    await join(daemon, 'Pyro.Daemon', 'x'.repeat(3_000));
    await join(daemon, 'Pyro.Daemon', 'x'.repeat(1_500));
    expect(daemon.connections.map(({ handshake }) => handshake)).toEqual([undefined, 'x'.repeat(1_500)]);
    expect(seen).toEqual(['x'.repeat(3_000), 'x'.repeat(1_500)]);
  });

  it('annotations of a handshake count by their memory: many small ones are dropped after the handshake', async () => {
    const daemon = await startDaemon();
    for (const count of [5, 10]) {
      const annotations = new Map(Array.from({ length: count }, (_, index) => [`A${index + 100}`, Buffer.alloc(0)]));
      const peer = await open(daemon);
      peer.connect('Pyro.Daemon', 'hello', { annotations });
      await peer.next();
    }
    expect(daemon.connections.map(({ handshakeAnnotations }) => handshakeAnnotations.size)).toEqual([5, 0]);
    expect(daemon.inspect().limits.find(({ name }) => name === 'maxInFlightValueBytes')).toMatchObject({ used: 0 });
  });

  it('the data of a handshake stays with keepHandshake, and counts under maxInFlightValueBytes until the connection is closed', async () => {
    const daemon = await startDaemon({ keepHandshake: true, maxInFlightValueBytes: 100_000 });
    const peer = await join(daemon, 'Pyro.Daemon', 'x'.repeat(60_000));
    expect(daemon.connections[0]!.handshake).toBe('x'.repeat(60_000));
    await expect(join(daemon, 'Pyro.Daemon', 'x'.repeat(60_000))).rejects.toThrow('maxInFlightValueBytes');
    peer.destroy();
    await eventually(() => daemon.connections.length === 0);
    await join(daemon, 'Pyro.Daemon', 'x'.repeat(60_000));
  });

  it('the data of a handshake keeps its annotations on bytes of their own', async () => {
    const daemon = await startDaemon();
    const peer = await open(daemon);
    peer.connect('Pyro.Daemon', 'hello', { annotations: new Map([['NOTE', Buffer.from('hi')]]) });
    await peer.next();
    const note = daemon.connections[0]!.handshakeAnnotations.get('NOTE')!;
    expect([note.toString(), note.byteLength]).toEqual(['hi', 2]);
  });
});

describe('annotations', () => {
  const block = (count: number): ReadonlyMap<string, Buffer> =>
    new Map(Array.from({ length: count }, (_, index) => [String(1_000 + index), Buffer.alloc(10)]));

  it('maxAnnotations: more than so many end the connection, before the data has arrived', async () => {
    const { daemon } = await serveThing({ maxAnnotations: 3 });
    let reason: Error | undefined;
    daemon.on('disconnect', (_, error) => (reason = error));
    const peer = await join(daemon);
    peer.send({ data: dumps(pyTuple('thing', 'hello', pyTuple(), {})), annotations: block(3) });
    expect(valueOf(await peer.next())).toBe('hello');
    peer.send({ data: dumps(pyTuple('thing', 'hello', pyTuple(), {})), annotations: block(4) });
    await peer.untilClosed();
    await eventually(() => reason !== undefined);
    expect(reason).toMatchObject({
      code: 'BAD_ANNOTATIONS',
      message: 'annotation block has more annotations than maxAnnotations (3) allows',
    });
  });

  it('maxAnnotationsBytes: more end the connection when the header says so', async () => {
    const { daemon } = await serveThing({ maxAnnotationsBytes: 100 });
    let reason: Error | undefined;
    daemon.on('disconnect', (_, error) => (reason = error));
    const peer = await join(daemon);
    peer.send({ annotations: block(10) });
    await peer.untilClosed();
    await eventually(() => reason !== undefined);
    expect(reason!.message).toBe('annotation block too large (180 bytes, maxAnnotationsBytes is 100)');
  });

  it('counting of annotations stops at the limit', () => {
    expect(() => checkAnnotationsCount(Buffer.alloc(8 * 101), ANNOTATION_DEFAULTS)).toThrow('maxAnnotations (100)');
    checkAnnotationsCount(Buffer.alloc(8 * 100), ANNOTATION_DEFAULTS);
  });
});

describe('our client', () => {
  const metadata = { methods: new Set(['hello']), oneway: new Set(), attrs: new Set() };
  const connectTo = (daemon: ScriptedDaemon, options = {}) => PyroProxy.connect<Thing>(daemon.uri, { maxRetries: 0, ...options });

  it('a proxy refuses a CONNECTOK whose value costs too much', async () => {
    const daemon = await ScriptedDaemon.listen(async (peer) => {
      const data = Buffer.concat([
        Buffer.from("{'meta': ["),
        Buffer.alloc(990_000, "{'1023':0},"),
        Buffer.from("], 'handshake': 1}"),
      ]);
      reply(peer, await peer.next(), undefined, {
        type: MESSAGE_TYPES.connectOk,
        data: deflateSync(data),
        flags: FLAGS.compressed,
      });
    });
    await expect(connectTo(daemon)).rejects.toThrow('4 times maxHandshakeBytes (1048576)');
    await daemon.close();
  });

  it.each([
    [
      'a reply that costs too much',
      { data: Buffer.concat([Buffer.from('['), Buffer.alloc(30_000, '{},'), Buffer.from(']')]) },
      'maxValueBytes is 100000',
    ],
    [
      'too many annotations',
      {
        annotations: new Map([
          ['AAAA', Buffer.alloc(1)],
          ['BBBB', Buffer.alloc(1)],
        ]),
      },
      'maxAnnotations (1)',
    ],
  ])('a proxy fails a call: %s', async (_, changed, text) => {
    const daemon = await ScriptedDaemon.listen(async (peer) => {
      reply(peer, await peer.next(), { handshake: 'hello', meta: metadata }, { type: MESSAGE_TYPES.connectOk });
      for (;;) reply(peer, await peer.next(), 1, changed);
    });
    const proxy = await connectTo(daemon, { maxValueBytes: 100_000, maxAnnotations: 1 });
    await expect(proxy.hello()).rejects.toThrow(text);
    await proxy.$release();
    await daemon.close();
  });

  it('a reply that costs too much is a SerializeError', async () => {
    const { daemon } = await serveThing();
    const proxy = await PyroProxy.connect<Thing>(String(daemon.uriFor('thing')), { maxValueBytes: 100_000 });
    await expect(proxy.echo(lists(10_000))).rejects.toBeInstanceOf(SerializeError);
    expect(await proxy.hello()).toBe('hello');
    await proxy.$release();
  });
});

describe('values that throw when a text is made of them', () => {
  it.each([
    '[{"toString":1}]',
    '{"object":{"toString":1}}',
    '{"object":"thing","method":"echo","params":[{"__class__":"Pyro5.core.URI","state":["PYRO",{"toString":1},1,1,1]}],"kwargs":{}}',
    '{"object":"thing","method":"echo","params":[{"__class__":"numpy.float64","value":{"toString":1}}],"kwargs":{}}',
  ])('a call in json with a member toString is answered, and the connection goes on: %s', async (data) => {
    const { daemon } = await serveThing();
    const peer = await join(daemon);
    peer.send({ serializerId: 3, data: Buffer.from(data) });
    const answer = JSON.parse((await peer.next()).data.toString()) as { __class__: string };
    expect(answer.__class__).toMatch(/^(builtins\.ValueError|Pyro5\.errors\.PyroError)$/);
    expect(await peer.call('thing', 'hello')).toBe('hello');
  });
});

describe('annotations of running requests', () => {
  const annotations = new Map([['ABCD', Buffer.alloc(1_000)]]);
  const call = (method: string, value: unknown): { data: Buffer; annotations: Map<string, Buffer> } => ({
    data: Buffer.from(dumps(pyTuple('thing', method, pyTuple(value), {}))),
    annotations,
  });

  it.each([
    ['large', 1_000_000],
    ['small', 10],
  ])('an annotation keeps none of the other bytes of a %s message', async (_, characters) => {
    const { daemon } = await serveThing();
    const peer = await join(daemon);
    peer.send(call('keptBy', 'x'.repeat(characters)));
    expect(valueOf(await peer.next())).toBeLessThan(32_768);
    peer.send(call('keptByItems', 'x'.repeat(characters)));
    const id = (await peer.next()).annotations.get('STRM')!.toString();
    expect(await peer.call('Pyro.Daemon', 'get_next_stream_item', id)).toBeLessThan(32_768);
  });

  it('the blob of a short message keeps none of the bytes that came with it, and that of a long one is not copied', async () => {
    const { daemon } = await serveThing();
    const peer = await join(daemon);
    const send = (characters: number): void =>
      void peer.send({
        data: dumps(pyTuple('thing', 'keptByBlob', pyTuple('x'.repeat(characters)), {})),
        flags: FLAGS.keepSerialized,
        annotations: new Map([
          ['ABCD', Buffer.alloc(1)],
          ['BLBI', createSerializers().get(2)!.dumps([null, 'thing', 'keptByBlob'])],
        ]),
      });
    for (let sent = 0; sent < 50; sent++) send(1_000);
    for (let sent = 0; sent < 50; sent++) {
      const [data, annotation] = valueOf(await peer.next()) as [number, number];
      expect(data).toBeLessThan(2_500);
      expect(annotation).toBe(1);
    }
    send(1_000_000);
    const [data, annotation] = valueOf(await peer.next()) as [number, number];
    expect(data).toBeLessThan(1_300_000);
    expect(annotation).toBe(1);
  });

  it('annotations of a running request count under maxInFlightValueBytes', async () => {
    const { daemon, thing } = await serveThing({ maxInFlightValueBytes: 100_000 });
    const [peer, other] = [await join(daemon), await join(daemon)];
    peer.send({ ...call('hang', 1), annotations: new Map([['ABCD', Buffer.alloc(80_000)]]) });
    await eventually(() => thing.finish.length === 1);
    expect((await other.fail('thing', 'echo', 'x'.repeat(20_000))).args[0]).toContain('maxInFlightValueBytes (100000)');
    thing.finish[0]!();
    await peer.next();
    expect(await other.call('thing', 'echo', 'x'.repeat(20_000))).toHaveLength(20_000);
  });
});
