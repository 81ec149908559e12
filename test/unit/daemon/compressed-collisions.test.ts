import { deflateSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { expose, FLAGS, MESSAGE_TYPES, PyroProxy, type SerializedBlob } from '../../../lib/core.js';
import { SERIALIZER_IDS } from '../../../lib/protocol/constants.js';
import type { OutgoingMessage } from '../../../lib/protocol/messages/message.js';
import type { SerializerName } from '../../../lib/serializers/contract/serializer.js';
import { createSerializers } from '../../../lib/serializers/serializers.js';
import { dumps, loads } from '../../../lib/serpent/index.js';
import { RemoteFailure, type ScriptedPeer } from '../../../lib/testing/index.js';
import { authorize, reply, ScriptedDaemon } from '../client/scripted-daemon.js';
import { join, open, startDaemon } from './fixtures.js';

/** So many colliding ints are read in a message of 900 KB, and not in one of 10 KB. */
const INTS = Array.from({ length: 1_000 }, (_, index) => BigInt(index + 1) << 64n);
/** Zeros, of which a thousand are one byte on the wire. */
const ZEROS = '0'.repeat(900_000);
const VALUE = [ZEROS, new Set(INTS)];
const COLLIDE = /keys .*collide/;

class Thing {
  count([, ints]: [string, Set<bigint>]): number {
    return ints.size;
  }
  open(blob: SerializedBlob): number {
    return this.count(blob.deserialized()[0] as [string, Set<bigint>]);
  }
}
expose(Thing);

async function serve(): Promise<ScriptedPeer> {
  const daemon = await startDaemon();
  daemon.register(new Thing(), 'thing');
  return join(daemon);
}

/** A message, and the same compressed. */
function bothOf(data: Buffer, flags = 0): [Partial<OutgoingMessage>, Partial<OutgoingMessage>] {
  const compressed = deflateSync(data);
  expect(compressed.length).toBeLessThan(20_000);
  return [
    { data, flags },
    { data: compressed, flags: flags | FLAGS.compressed },
  ];
}

it.each<SerializerName>(['serpent', 'marshal'])(
  'zeros beside colliding ints in a compressed call buy no time for the ints: %s',
  async (name) => {
    const serializerId = SERIALIZER_IDS[name];
    const serializer = createSerializers().get(serializerId)!;
    const peer = await serve();
    const data = serializer.dumpsCall({ objectId: 'thing', method: 'count', args: [VALUE], kwargs: {} });
    const [plain, compressed] = bothOf(data);
    peer.send({ ...plain, serializerId });
    expect(serializer.loads((await peer.next()).data)).toBe(INTS.length);
    peer.send({ ...compressed, serializerId });
    const failure = serializer.loads((await peer.next()).data);
    expect(String(failure)).toMatch(COLLIDE);
  },
);

it('the same holds for a blob that is opened later', async () => {
  const peer = await serve();
  const annotations = new Map([['BLBI', createSerializers().get(SERIALIZER_IDS.marshal)!.dumps([null, 'thing', 'open'])]]);
  const data = createSerializers()
    .get(SERIALIZER_IDS.serpent)!
    .dumpsCall({ objectId: 'thing', method: 'open', args: [VALUE], kwargs: {} });
  const [plain, compressed] = bothOf(data, FLAGS.keepSerialized);
  peer.send({ ...plain, annotations });
  expect(loads((await peer.next()).data)).toBe(INTS.length);
  peer.send({ ...compressed, annotations });
  expect(new RemoteFailure(await peer.next()).args[0]).toMatch(COLLIDE);
});

it('the same holds for a handshake', async () => {
  const daemon = await startDaemon({ maxHandshakeBytes: 2 ** 21 });
  const answers: unknown[] = [];
  for (const message of bothOf(dumps({ handshake: VALUE, object: 'Pyro.Daemon' }))) {
    const peer = await open(daemon);
    peer.send({ type: MESSAGE_TYPES.connect, ...message });
    answers.push(loads((await peer.next()).data));
  }
  expect(answers).toEqual([expect.objectContaining({ handshake: 'hello' }), expect.stringMatching(COLLIDE)]);
});

it('the same holds for the answer to the handshake of a proxy', async () => {
  const meta = { methods: new Set(['call']), oneway: new Set(), attrs: new Set() };
  const answers = bothOf(dumps({ handshake: VALUE, meta }));
  const daemon = await ScriptedDaemon.listen(async (peer, connection) => {
    const { flags, ...message } = answers[connection - 1]!;
    reply(peer, await peer.next(), '', { ...message, type: MESSAGE_TYPES.connectOk, flags: flags! | FLAGS.correlationId });
  });
  const connect = () => PyroProxy.connect(daemon.uri, { maxRetries: 0 });
  await (await connect()).$release();
  await expect(connect()).rejects.toThrow(COLLIDE);
  await daemon.close();
});

it('the same holds for replies, and for items of streams', async () => {
  const [plain, compressed] = bothOf(dumps(VALUE));
  const daemon = await ScriptedDaemon.listen(async (peer) => {
    await authorize(peer);
    const answer = async ({ flags, ...message }: Partial<OutgoingMessage>): Promise<void> =>
      reply(peer, await peer.next(), '', { ...message, flags: flags! | FLAGS.correlationId });
    await answer(plain);
    await answer(compressed);
    const annotations = new Map([['STRM', Buffer.from('stream-1')]]);
    await answer({ data: dumps('a stream'), flags: FLAGS.exception | FLAGS.itemStream, annotations });
    await answer(plain);
    await answer(compressed);
  });
  const thing = PyroProxy.to<{ call(): unknown }>(daemon.uri, { maxRetries: 0, callTimeoutMs: 30_000 });
  expect(await thing.call()).toEqual(VALUE);
  await expect(thing.call()).rejects.toThrow(COLLIDE);
  const stream = (await thing.call()) as AsyncIterator<unknown>;
  expect((await stream.next()).value).toEqual(VALUE);
  await expect(stream.next()).rejects.toThrow(COLLIDE);
  await thing.$release();
  await daemon.close();
});
