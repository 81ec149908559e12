import { deflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FLAGS, MESSAGE_TYPES } from '../../../lib/core.js';
import type { OutgoingMessage } from '../../../lib/protocol/messages/message.js';
import { SERIALIZER_IDS } from '../../../lib/protocol/constants.js';
import { dumps, pyTuple } from '../../../lib/serpent/index.js';
import { type ReceivedFrame, ScriptedPeer, valueOf } from '../../../lib/testing/index.js';
import { createSerializers } from '../../../lib/serializers/serializers.js';
import { reply, ScriptedDaemon } from '../../unit/client/scripted-daemon.js';
import { closeAfter } from './fixtures.js';
import { TypeScriptPrograms } from './programs/typescript-program.js';

const MIB = 2 ** 20;
/** Connections of each attack. */
const PEERS = 6;

let programs: TypeScriptPrograms;
beforeAll(async () => {
  programs = await TypeScriptPrograms.compile();
});
afterAll(() => programs[Symbol.asyncDispose]());

const filled = (bytes: number, unit: string | Buffer): Buffer =>
  Buffer.alloc(Math.floor(bytes / unit.length) * unit.length, unit as string);
const serpentCall = (method: string, bytes: number, unit: string, open = '[', close = ']'): Buffer =>
  Buffer.concat([Buffer.from(`('echo','${method}',(${open}`), filled(bytes, unit), Buffer.from(`${close},),{})`)]);
const jsonCall = (bytes: number, unit: string): Buffer =>
  Buffer.concat([
    Buffer.from('{"object":"echo","method":"kind","kwargs":{},"params":[['),
    filled(bytes, unit),
    Buffer.from('0]]}'),
  ]);
const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
const msgpackCall = (bytes: number, unit: string): Buffer => {
  const items = filled(bytes, latin1(unit));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(items.length / unit.length);
  return Buffer.concat([latin1('\x94\xa4echo\xa4kind\x91\xdd'), length, items, latin1('\x80')]);
};
const marshalCall = (bytes: number, unit: string): Buffer => {
  const items = filled(bytes, latin1(unit));
  const length = Buffer.alloc(4);
  length.writeInt32LE(items.length / unit.length);
  return Buffer.concat([latin1(')\x04z\x04echoz\x04kind)\x01['), length, items, latin1('{0')]);
};

/** A call with exceptions that share a list of references to one text. */
const sharedCall = (exceptions: number, characters: number): Buffer => {
  const int32 = (value: number): Buffer => Buffer.from(Int32Array.of(value).buffer);
  const list = (type: string, items: readonly Buffer[]): Buffer => Buffer.concat([latin1(type), int32(items.length), ...items]);
  const reference = (index: number): Buffer => Buffer.concat([latin1('r'), int32(index)]);
  const text = Buffer.concat([latin1('\xe1'), int32(characters), Buffer.alloc(characters, 'x')]);
  const args = list(
    '\xdb',
    Array.from({ length: 10 }, () => reference(0)),
  );
  const exception = Buffer.concat([
    latin1('{z\x09__class__z\x13builtins.ValueErrorz\x0d__exception__Tz\x04args'),
    reference(1),
    latin1('0'),
  ]);
  const items = [text, args, ...Array.from({ length: exceptions }, () => exception)];
  return Buffer.concat([latin1(')\x04z\x04echoz\x04kind)\x01'), list('[', items), latin1('{0')]);
};

const int32 = (value: number): Buffer => Buffer.from(Int32Array.of(value).buffer);

/** A call with a text of halves of surrogate pairs, which has three bytes for each. */
const halvesCall = (method: string, characters: number): Buffer =>
  Buffer.concat([
    latin1(`)\x04z\x04echoz${String.fromCharCode(method.length)}${method})\x01u`),
    int32(characters * 3),
    Buffer.alloc(characters * 3, Buffer.from([0xed, 0xa0, 0x80])),
    latin1('{0'),
  ]);

/** A call with exceptions that share a traceback of control characters, each of which is printed as six. */
const tracebackCall = (exceptions: number): Buffer => {
  const line = Buffer.concat([latin1('u'), int32(400_000), Buffer.alloc(400_000, `${'\x01'.repeat(1_999)}\n`)]);
  const attributes = Buffer.concat([latin1('\xfbz\x0e_pyroTraceback[\x01\0\0\0'), line, latin1('0')]);
  const exception = latin1('{z\x09__class__z\x13builtins.ValueErrorz\x0d__exception__Tz\x04args)\0z\x0aattributesr\0\0\0\x000');
  const head = Buffer.concat([latin1(')\x04z\x04echoz\x04kind)\x01['), int32(exceptions + 1), attributes]);
  return Buffer.concat([head, ...Array.from({ length: exceptions }, () => exception), latin1('{0')]);
};

const { serpent, marshal, json, msgpack } = SERIALIZER_IDS;
const bytes = 2 * MIB;
/** Requests whose values would take more memory than the process has. */
const CALLS: Record<string, [serializerId: number, data: Buffer]> = {
  'serpent: keys like array indices': [serpent, serpentCall('kind', bytes, "{'1023':0},")],
  'serpent: empty dicts': [serpent, serpentCall('kind', bytes, '{},')],
  'serpent: sets': [serpent, serpentCall('kind', bytes, '{0},')],
  'serpent: a tuple of large floats as a member of a set': [
    serpent,
    serpentCall('kind', 6 * MIB, '1e308,', '{(1,),(2,),(3,),(4,),(5,),(6,),(7,),(', ')}'),
  ],
  'serpent: a tuple of ints as a dict key': [
    serpent,
    serpentCall('kind', 10 * MIB, '7,', '{(1,):1,(2,):2,(3,):3,(4,):4,(5,):5,(6,):6,(7,):7,(', '):8}'),
  ],
  'serpent: calls that never end': [serpent, serpentCall('hang', bytes / 8, '[],')],
  'serpent: texts whose answer has four times as many characters': [serpent, serpentCall('same', 15.5 * MIB, '\x7f', "'", "'")],
  'json: keys like array indices': [json, jsonCall(bytes, '{"1023":0},')],
  'json: lists of one item': [json, jsonCall(bytes, '[0],')],
  'msgpack: keys like array indices': [msgpack, msgpackCall(bytes, '\x81\xa41023\x00')],
  'msgpack: empty dicts': [msgpack, msgpackCall(bytes, '\x80')],
  'msgpack: dicts of ints': [msgpack, msgpackCall(bytes, '\x81\x00\x00')],
  'marshal: keys like array indices': [marshal, marshalCall(bytes, '{z\x041023N0')],
  'marshal: values that can be referred to': [marshal, marshalCall(bytes, '\xce')],
  'marshal: empty sets': [marshal, marshalCall(bytes, '<\0\0\0\0')],
  'marshal: exceptions that share texts': [marshal, sharedCall(500, MIB)],
  'marshal: halves of surrogate pairs': [marshal, halvesCall('kind', 5 * MIB)],
  'marshal: halves of surrogate pairs that are sent back': [marshal, halvesCall('same', 5 * MIB)],
  'marshal: exceptions that share a traceback': [marshal, tracebackCall(150)],
  'blanks that inflate to 40 MiB': [serpent, Buffer.concat([filled(40 * MIB, ' '), Buffer.from("('echo','kind',(1,),{})")])],
};

/** Waits for the next message however long it takes; undefined when the connection is closed without one. */
async function answerOf(peer: ScriptedPeer): Promise<ReceivedFrame | undefined> {
  for (;;) {
    try {
      return (await Promise.any([peer.next(), peer.untilClosed()])) ?? undefined;
    } catch {
      // a peer waits only for some seconds
    }
  }
}

describe.each(['core', 'nest'])('a process with a heap of 256 MB serves hostile peers: %s', (kind) => {
  const start = async (): Promise<{
    join(): Promise<ScriptedPeer>;
    open(): Promise<ScriptedPeer>;
    check(): Promise<unknown>;
  }> => {
    const program = programs.start('hostile-app', [kind], {
      env: { NODE_OPTIONS: '--max-old-space-size=256' },
      timeoutMs: 280_000,
    });
    closeAfter(() => program.stop());
    const location = await program.line('ready:');
    const kept = async (opening: Promise<ScriptedPeer>): Promise<ScriptedPeer> => {
      const peer = await opening;
      closeAfter(() => peer.destroy());
      return peer;
    };
    const join = (): Promise<ScriptedPeer> => kept(ScriptedPeer.join(location, 'echo'));
    const open = (): Promise<ScriptedPeer> => kept(ScriptedPeer.open(location));
    const witness = await join();
    /** The answer to a call of a peer that means no harm. */
    const check = async (): Promise<unknown> => {
      witness.send({ data: dumps(pyTuple('echo', 'kind', pyTuple(1), {})) });
      return valueOf((await answerOf(witness))!);
    };
    return { join, open, check };
  };

  it('the process lives and answers after handshakes, calls and annotations that stand for gigabytes', async () => {
    const { join, open, check } = await start();
    const peers: ScriptedPeer[] = [];
    const attack = async (
      connect: () => Promise<ScriptedPeer>,
      message: Partial<OutgoingMessage>,
      answered = true,
    ): Promise<void> => {
      const crowd = await Promise.all(Array.from({ length: PEERS }, connect));
      peers.push(...crowd);
      for (const peer of crowd) peer.send(message);
      expect(await check()).toBe('[object Number]');
      // calls that never end are not answered, and a refused connection is closed
      if (answered) await Promise.all(crowd.map(answerOf));
      expect(await check()).toBe('[object Number]');
    };
    const handshake = (size: number): Buffer =>
      Buffer.concat([Buffer.from("{'object':'echo','handshake':["), filled(size, "{'1023':0},"), Buffer.from(']}')]);
    await attack(open, { type: MESSAGE_TYPES.connect, data: handshake(60_000) });
    await attack(open, { type: MESSAGE_TYPES.connect, data: deflateSync(handshake(MIB)), flags: FLAGS.compressed });
    const annotations = new Map(
      Array.from({ length: 5_000 }, (_, i): [string, Buffer] => [
        String.fromCharCode(65 + (i & 15), 65 + ((i >> 4) & 15), 65 + ((i >> 8) & 15), 65 + (i >> 12)),
        Buffer.alloc(0),
      ]),
    );
    await attack(open, { type: MESSAGE_TYPES.connect, annotations });
    await attack(join, { annotations });
    for (const [title, [serializerId, data]] of Object.entries(CALLS)) {
      await attack(join, { serializerId, data: deflateSync(data), flags: FLAGS.compressed }, !title.includes('never end'));
    }
    await attack(join, { data: CALLS['serpent: empty dicts']![1] });
    const entry = "('report',(1000000,),{}),";
    const batch = Buffer.from(`('echo','<batch>',[${entry.repeat(400)}],{})`);
    await attack(join, { data: deflateSync(batch), flags: FLAGS.batch | FLAGS.compressed });
    for (const peer of peers) peer.destroy();
    expect(await check()).toBe('[object Number]');
  }, 290_000);
});

describe('a name server with a small heap', () => {
  /** Starts a name server whose heap has room for so many MB of lasting objects. @returns opens a connection to it */
  const start = async (heapMb: number): Promise<() => Promise<ScriptedPeer>> => {
    const program = programs.start('name-server-app', [], {
      env: { NODE_OPTIONS: `--max-old-space-size=${heapMb} --max-semi-space-size=8` },
      timeoutMs: 180_000,
    });
    closeAfter(() => program.stop());
    const location = await program.line('ready:');
    return async () => {
      const peer = await ScriptedPeer.join(location, 'Pyro.NameServer');
      closeAfter(() => peer.destroy());
      return peer;
    };
  };
  const call = (peer: ScriptedPeer, method: string, args: string, flags = 0): void => {
    peer.send({ data: Buffer.from(`('Pyro.NameServer','${method}',${args},{})`), flags });
  };
  const answered = async (peer: ScriptedPeer): Promise<unknown> => valueOf((await answerOf(peer))!);
  /** Registers names in batches, until the name server refuses one. @returns the number of names, and the refusal */
  const register = async (peer: ScriptedPeer, count: number, uriOf: (index: number) => string): Promise<[number, string]> => {
    const PER_BATCH = 250;
    for (let first = 0; first < count; first += PER_BATCH) {
      const entries = Array.from(
        { length: PER_BATCH },
        (_, i) => `('register',('some.name.${first + i}','${uriOf(first + i)}'),{})`,
      );
      call(peer, '<batch>', `[${entries.join(',')}]`, FLAGS.batch);
      const results = (await answered(peer)) as unknown[];
      if (results.at(-1) !== null) return [first + results.length - 1, JSON.stringify(results.at(-1))];
    }
    return [count, ''];
  };

  it('the process lives when many clients list all of its names at once, and each gets them', async () => {
    const connect = await start(64);
    const peer = await connect();
    const NAMES = 20_000;
    expect(await register(peer, NAMES, (index) => `PYRO:obj_${index}@host.example.org:1234`)).toEqual([NAMES, '']);
    const clients = await Promise.all(Array.from({ length: 24 }, connect));
    for (const client of clients) call(client, 'list', '(None,None,True)');
    call(peer, 'ping', '()');
    expect(await answered(peer)).toBeNull();
    for (const client of clients) expect((await answerOf(client))!.data.length).toBeGreaterThan(NAMES * 60);
    // oneway calls get no list, and many lists in one batch are refused
    for (let sent = 0; sent < 50; sent++) call(peer, 'list', '(None,None,True)', FLAGS.oneway);
    call(peer, '<batch>', `[${`('list',(None,None,True),{}),`.repeat(100)}]`, FLAGS.batch);
    expect(JSON.stringify(((await answered(peer)) as unknown[]).at(-1))).toMatch(/max(InFlightValue|Message)Bytes/);
    call(peer, 'count', '()');
    expect(await answered(peer)).toBe(NAMES + 1);
  }, 190_000);

  it('the process lives when it is given as many names with long URIs as it takes', async () => {
    const connect = await start(64);
    const peer = await connect();
    const text = `\u{100}${'o'.repeat(3_900)}`;
    const [names, refusal] = await register(peer, 20_000, (index) => `PYRO:${index}${text}@h:1`);
    expect(names).toBeGreaterThan(1_000);
    expect(refusal).toMatch(/its option limits\.maxStoredBytes/);
    call(peer, 'list', '()');
    expect((await answerOf(peer))!.data.length).toBeGreaterThan(names * 3_900);
  }, 190_000);
});

it.each([1, 6])(
  'a client with a heap of 256 MB lives when the replies to its calls take more together: %i proxies',
  async (proxies) => {
    const maps = filled((50 * MIB) / 64, latin1('\x80'));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(maps.length);
    const data = deflateSync(Buffer.concat([latin1('\xdd'), length, maps]));
    const msgpackSerializer = createSerializers().get(msgpack)!;
    const daemon = await ScriptedDaemon.listen(async (peer) => {
      const meta = { methods: ['call'], oneway: [], attrs: [] };
      const welcome = msgpackSerializer.dumps({ handshake: 'hello', meta });
      reply(peer, await peer.next(), undefined, { type: MESSAGE_TYPES.connectOk, data: welcome });
      for (;;) reply(peer, await peer.next(), undefined, { data, flags: FLAGS.compressed | FLAGS.correlationId });
    });
    closeAfter(() => daemon.close());
    const program = programs.start('greedy-client', [daemon.uri, '6', String(proxies)], {
      env: { NODE_OPTIONS: '--max-old-space-size=256' },
      timeoutMs: 100_000,
    });
    closeAfter(() => program.stop());
    const { kept, refused, text } = JSON.parse(await program.line('done:')) as { kept: number; refused: number; text: string };
    expect(kept).toBeGreaterThan(1);
    expect(kept + refused).toBe(6);
    expect(refused).toBeGreaterThan(0);
    expect(text).toMatch(/the heap of this process has room for \d+ more; try again later/);
  },
  120_000,
);
