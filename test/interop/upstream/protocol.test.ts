import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compress, decompress, worthCompressing } from '../../../lib/protocol/compression.js';
import { FLAGS, HEADER_BYTES, MESSAGE_TYPES } from '../../../lib/protocol/constants.js';
import { sizeLimit } from '../../../lib/protocol/header.js';
import { ProtocolError } from '../../../lib/protocol/errors.js';
import { type Frame, FrameReader } from '../../../lib/protocol/frame-reader.js';
import { encodeMessage } from '../../../lib/protocol/message.js';
import { PythonInterpreter } from '../python-interpreter.js';

/* The cases of Pyro5's tests/test_protocol.py; docs/audit/upstream-tests.md says which is which. */

const MAX = 1_000_000;
const ALL_TYPES = [...Array(256).keys()];

let python: PythonInterpreter;
beforeAll(async () => {
  python = await PythonInterpreter.start();
});
afterAll(() => python.stop());

/** The bytes that Python writes for the arguments of a SendingMessage. */
async function written(args: string, compression = false): Promise<Buffer> {
  const body = `
    config.COMPRESSION = compression
    return Pyro5.protocol.SendingMessage(${args}).data.hex()`;
  return Buffer.from(await python.run<string>(body, { compression }), 'hex');
}

function read(wire: Buffer, acceptedTypes = ALL_TYPES): Frame | undefined {
  const reader = new FrameReader(sizeLimit(MAX), acceptedTypes);
  reader.push(wire);
  return reader.next();
}

function failureOf(wire: Buffer): unknown {
  try {
    return read(wire);
  } catch (error) {
    return error;
  }
}

function messageOf(type: number, seq: number, data: Buffer | string, annotations?: Map<string, Buffer>, flags = 0): Buffer {
  return Buffer.concat(encodeMessage({ type, flags, seq, serializerId: 1, data: Buffer.from(data), annotations }, MAX));
}

/** Lets Python's recv_stub read our bytes: returns the message, and the number of bytes left. */
function received(wire: Buffer): Promise<unknown> {
  return python.run(
    `
    data = bytearray.fromhex(wire)
    class Connection:
      def recv(self, size):
        chunk = bytes(data[:size])
        del data[:size]
        return chunk
    msg = Pyro5.protocol.recv_stub(Connection())
    return [msg.type, msg.seq, bytes(msg.data).decode(), {name: bytes(it).decode() for name, it in msg.annotations.items()}, len(data)]`,
    { wire: wire.toString('hex') },
  );
}

describe('sent messages', () => {
  it('a sent message is the same as that of Pyro5, with annotations and without', async () => {
    expect(messageOf(MESSAGE_TYPES.invoke, 99, 'abcdefg')).toEqual(
      await written('Pyro5.protocol.MSG_INVOKE, 0, 99, 1, b"abcdefg"'),
    );
    expect(messageOf(MESSAGE_TYPES.invoke, 99, 'abcdefg', new Map([['zxcv', Buffer.from('bytes')]]))).toEqual(
      await written('Pyro5.protocol.MSG_INVOKE, 0, 99, 1, b"abcdefg", {"zxcv": b"bytes"}'),
    );
  });

  it.each([
    ['no bytes', 'zxcv', 'no_bytes' as unknown as Buffer],
    ['an id of three letters', 'err', Buffer.from('bytes')],
    ['an id of two letters', 'QQ', Buffer.from('abcde')],
    ['an id of seven letters', 'TOOLONG', Buffer.from('abcde')],
  ])('a sent message refuses an annotation with %s', (_, id, data) => {
    expect(() => messageOf(MESSAGE_TYPES.connect, 0, 'hello', new Map([[id, data]]))).toThrow(ProtocolError);
  });

  it('a sent message is compressed when it is long enough, as in Pyro5', async () => {
    for (const bytes of [7, 99, 100, 101, 700]) {
      const [plain, squeezed] = [
        Buffer.alloc(bytes, 'abcdefg'),
        read(await written(`4, 0, 42, 99, (b"abcdefg" * 100)[:${bytes}]`, true))!,
      ];
      expect(Boolean(squeezed.header.flags & FLAGS.compressed), `${bytes} bytes`).toBe(worthCompressing(bytes));
      if (worthCompressing(bytes)) expect((await compress(plain)).length).toBeLessThan(bytes);
    }
  });

  it('messages of any type are sent, and Pyro5 reads them', async () => {
    expect(await received(messageOf(MESSAGE_TYPES.connect, 0, 'hello'))).toEqual([MESSAGE_TYPES.connect, 0, 'hello', {}, 0]);
    expect(await received(messageOf(MESSAGE_TYPES.result, 0, ''))).toEqual([MESSAGE_TYPES.result, 0, '', {}, 0]);
    expect(await received(messageOf(MESSAGE_TYPES.connect, 42, 'hello', new Map([['TEST', Buffer.from('abcde')]])))).toEqual([
      MESSAGE_TYPES.connect,
      42,
      'hello',
      { TEST: 'abcde' },
      0,
    ]);
    for (const type of [1, 99, 255]) expect(messageOf(type, 255, '')).toHaveLength(HEADER_BYTES);
    const data = Buffer.alloc(440, 'The quick brown fox jumps over the lazy dog.');
    const squeezed = messageOf(MESSAGE_TYPES.invoke, 1, (await compress(data)) as Buffer, undefined, FLAGS.compressed);
    expect(squeezed.length).toBeLessThan(data.length);
    expect(await received(squeezed)).toEqual([MESSAGE_TYPES.invoke, 1, data.toString(), {}, 0]);
  });
});

describe('received messages', () => {
  const create = (compression = false): Promise<Buffer> =>
    written(
      'Pyro5.protocol.MSG_INVOKE, 255, 42, 99, b"abcdefg" * 100, {"TEST": b"0123456789qwertyu", "UNIT": b"aaaaaaa"}',
      compression,
    );

  it('a received message is checked as early as possible', async () => {
    expect(read(Buffer.from('PYR'))).toBeUndefined();
    expect(read(Buffer.from('PYRO'))).toBeUndefined();
    expect(failureOf(Buffer.from('ZXCV'))).toMatchObject({ code: 'BAD_TAG' });
    expect(failureOf(Buffer.from('FOOBAR'.repeat(6)))).toMatchObject({ code: 'BAD_TAG' });
    expect(failureOf(Buffer.from('PYRO__'))).toMatchObject({ code: 'BAD_VERSION' });
    const wire = await create();
    expect(read(wire)).toBeDefined();
    wire[38] = 0xff;
    expect(failureOf(wire)).toMatchObject({ code: 'BAD_MAGIC', message: expect.stringContaining('magic number') as string });
    wire[5] = 0xff;
    expect(failureOf(wire)).toMatchObject({
      code: 'BAD_VERSION',
      message: expect.stringContaining('protocol version') as string,
    });
  });

  it('a received message is incomplete until its payload has arrived', async () => {
    const wire = await create(true);
    const reader = new FrameReader(sizeLimit(MAX), ALL_TYPES);
    reader.push(wire.subarray(0, HEADER_BYTES));
    expect(reader.next()).toBeUndefined();
    expect(reader.idle).toBe(false);
    reader.push(wire.subarray(HEADER_BYTES));
    const { header, data } = reader.next()!;
    expect(header).toMatchObject({ type: MESSAGE_TYPES.invoke, flags: 255, seq: 42, serializerId: 99, dataBytes: data.length });
  });

  it('a received message has its payload, inflated, and its annotations, as views', async () => {
    for (const compression of [true, false]) {
      const wire = await create(compression);
      const { header, data, annotations } = read(wire)!;
      const plain = compression ? await decompress(data, sizeLimit(MAX)) : data;
      expect(plain.toString()).toBe('abcdefg'.repeat(100));
      expect(Boolean(header.flags & FLAGS.compressed)).toBe(compression);
      expect([...annotations].map(([id, bytes]) => [id, bytes.toString()])).toEqual([
        ['TEST', '0123456789qwertyu'],
        ['UNIT', 'aaaaaaa'],
      ]);
      expect(data.buffer).toBe(wire.buffer);
    }
  });

  it('a received message ends where its length says', async () => {
    const one = await written('Pyro5.protocol.MSG_CONNECT, 0, 0, 1, b"hello", {"TEST": b"abcde"}');
    const two = await written('Pyro5.protocol.MSG_RESULT, 0, 7, 1, b""');
    const reader = new FrameReader(sizeLimit(MAX), ALL_TYPES);
    reader.push(Buffer.concat([one, two]));
    const first = reader.next()!;
    expect([first.header.type, first.data.toString(), first.annotations.get('TEST')?.toString()]).toEqual([1, 'hello', 'abcde']);
    const second = reader.next()!;
    expect([second.header.type, second.header.seq, second.data.length, second.annotations.size]).toEqual([5, 7, 0, 0]);
    expect(reader.idle).toBe(true);
  });
});
