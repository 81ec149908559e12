import { expect, it } from 'vitest';
import { describeWireMessage, FLAGS, MESSAGE_TYPES, SERIALIZER_IDS, type WireMessage } from '../../../lib/core.js';

const message = (parts: Partial<WireMessage> = {}): WireMessage => ({
  direction: 'received',
  peer: '127.0.0.1:5000 #3',
  type: MESSAGE_TYPES.invoke,
  flags: FLAGS.correlationId,
  seq: 7,
  serializerId: SERIALIZER_IDS.serpent,
  annotations: new Map(),
  data: Buffer.from('secret\n'),
  ...parts,
});

it('the log text of a message names its fields without the content', () => {
  expect(describeWireMessage(message())).toBe('<- 127.0.0.1:5000 #3 invoke seq 7, serpent, 7 bytes');
  const annotations = new Map([
    ['BLBI', Buffer.from('a')],
    ['TRAC', Buffer.from('b')],
  ]);
  const flags = FLAGS.oneway | FLAGS.compressed;
  expect(describeWireMessage(message({ direction: 'sent', flags, annotations, serializerId: SERIALIZER_IDS.marshal }))).toBe(
    '-> 127.0.0.1:5000 #3 invoke seq 7, marshal, 7 bytes, compressed, oneway, annotations BLBI TRAC',
  );
});

it('the log text of a message shows the start of the content on one line, only when asked', () => {
  expect(describeWireMessage(message(), true)).toMatch(/ 7 bytes: "secret\\n"$/);
  expect(describeWireMessage(message({ data: Buffer.alloc(2_000, 'x') }), true)).toMatch(/: "x{1000}"…$/);
  expect(describeWireMessage(message({ serializerId: SERIALIZER_IDS.msgpack }), true)).toMatch(/: 7365637265740a$/);
  expect(describeWireMessage(message({ flags: FLAGS.compressed, data: Buffer.alloc(300, 1) }), true)).toMatch(/: (01){200}…$/);
});

it('the log text of a message shows unknown types and serializers by their numbers', () => {
  expect(describeWireMessage(message({ type: 99, serializerId: 42 }))).toContain('type 99 seq 7, serializer 42');
});
