import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MESSAGE_TYPES } from '../../../lib/protocol/constants.js';
import { sizeLimit } from '../../../lib/protocol/messages/header.js';
import { MessageTooLargeError, ProtocolError } from '../../../lib/protocol/errors.js';
import { type Frame, FrameReader } from '../../../lib/protocol/messages/frame-reader.js';
import { encodeMessage } from '../../../lib/protocol/messages/message.js';

const MAX = 1_000_000;
const correlationId = Buffer.from('00112233445566778899aabbccddeeff', 'hex');

function message(seq: number, data: Buffer, annotations = new Map<string, Buffer>()): Buffer {
  return Buffer.concat(
    encodeMessage({ type: MESSAGE_TYPES.invoke, serializerId: 1, flags: 0, seq, data, annotations, correlationId }, MAX),
  );
}

function reader(maxMessageBytes = MAX): FrameReader {
  return new FrameReader(sizeLimit(maxMessageBytes), [MESSAGE_TYPES.invoke, MESSAGE_TYPES.ping]);
}

/** Copies all frames of the chunks, so that a view on reused memory makes a test fail. */
function readAll(
  from: FrameReader,
  chunks: Buffer[],
): { seq: number; data: string; annotations: [string, string][]; correlationId: string | undefined }[] {
  const frames: Frame[] = [];
  for (const chunk of chunks) {
    from.push(chunk);
    for (let frame = from.next(); frame; frame = from.next()) frames.push(frame);
  }
  return frames.map((frame) => ({
    seq: frame.header.seq,
    data: frame.data.toString('hex'),
    annotations: [...frame.annotations].map(([id, bytes]) => [id, bytes.toString('hex')]),
    correlationId: frame.correlationId?.toString('hex'),
  }));
}

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return (error as ProtocolError).code;
  }
  return 'nothing thrown';
}

describe('FrameReader', () => {
  it('a frame reader reads the same large frames wherever the stream is cut', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 700_000 }), { minLength: 1, maxLength: 3 });
    const lengths = fc.array(fc.constantFrom(1, 39, 1_000, 16_384, 65_536, 200_000), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(sizes, lengths, (bodies, chunkLengths) => {
        const wire = Buffer.concat(bodies.map((size, seq) => message(seq, Buffer.alloc(size, seq + 1))));
        const chunks: Buffer[] = [];
        for (let at = 0; at < wire.length;) {
          // small chunks come in bursts, so that a message takes no thousands of them
          const length = chunkLengths[chunks.length % chunkLengths.length]! + (chunks.length > 200 ? 100_000 : 0);
          chunks.push(Buffer.from(wire.subarray(at, at + length)));
          at += length;
        }
        const read = readAll(reader(), chunks);
        expect(read.map(({ seq, data }) => [seq, data.length / 2, data.slice(0, 2), data.slice(-2)])).toEqual(
          bodies.map((size, seq) => [seq, size, `0${seq + 1}`, `0${seq + 1}`]),
        );
      }),
      { numRuns: 30 },
    );
  });

  it('a large frame that arrives in small chunks takes no more memory than three times its received bytes', () => {
    const from = reader();
    const chunk = Buffer.alloc(100);
    const wire = message(1, Buffer.alloc(900_000));
    from.push(wire.subarray(0, 65_536));
    expect(from.next()).toBeUndefined();
    const before = process.memoryUsage().arrayBuffers;
    for (let at = 65_536; at < 200_000; at += 100) from.push(chunk);
    expect(from.bufferedBytes).toBeGreaterThan(200_000);
    expect(from.isFilling).toBe(true);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(3 * 200_000);
  });

  it('bytes that wait before their header is read are not copied again with each chunk', () => {
    const from = reader();
    const wire = message(1, Buffer.alloc(900_000, 7));
    const before = process.memoryUsage().arrayBuffers;
    for (let at = 0; at < wire.length; at += 16_384) from.push(wire.subarray(at, at + 16_384));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * 900_000);
    expect(from.next()!.data.equals(Buffer.alloc(900_000, 7))).toBe(true);
  });

  it('a frame reader reads the same large frames when their bytes are read into its room, which ends with the frame', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 700_000 }), { minLength: 1, maxLength: 4 });
    const lengths = fc.array(fc.constantFrom(1_000, 65_536, 200_000, 1_000_000), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(sizes, lengths, (bodies, readLengths) => {
        const wire = Buffer.concat(bodies.map((size, seq) => message(seq, Buffer.alloc(size, seq + 1))));
        const from = reader();
        const frames: Frame[] = [];
        let reads = 0;
        for (let at = 0; at < wire.length;) {
          const room = from.room;
          const target = room ?? Buffer.alloc(65_536);
          const length = Math.min(target.length, readLengths[reads++ % readLengths.length]!, wire.length - at);
          wire.copy(target, 0, at, at + length);
          at += length;
          from.push(target.subarray(0, length));
          // the next bytes are in the same block
          if (room !== undefined && length < room.length) expect(from.room!.buffer === room.buffer).toBe(true);
          for (let frame = from.next(); frame; frame = from.next()) frames.push(frame);
        }
        expect(
          frames.map(({ header, data }) => [header.seq, data.length, data.every((byte) => byte === header.seq + 1)]),
        ).toEqual(bodies.map((size, seq) => [seq, size, true]));
      }),
      { numRuns: 30 },
    );
  });

  it('a large frame has all its room at once when a block of its size was used before, and no room without one', () => {
    const from = reader();
    const wire = message(1, Buffer.alloc(900_000, 1));
    const fill = (): Buffer => {
      from.push(Buffer.from(wire.subarray(0, 65_536)));
      expect(from.next()).toBeUndefined();
      return from.room!;
    };
    expect(fill().length).toBeLessThan(2 * 65_536);
    for (let at = 65_536; at < wire.length;) {
      const { room } = from;
      at += wire.copy(room!, 0, at);
      from.push(room!);
    }
    const frame = from.next()!;
    frame.release();
    const room = fill();
    expect(room.length).toBe(wire.length - 65_536);
    expect(room.buffer === frame.bytes.buffer).toBe(true);
  });

  it('a frame reader has no room between frames, for small frames, and before the header was read', () => {
    const from = reader();
    expect(from.room).toBeUndefined();
    from.push(message(1, Buffer.alloc(60_000)).subarray(0, 50_000));
    expect([from.next(), from.room]).toEqual([undefined, undefined]);
    const other = reader();
    other.push(message(1, Buffer.alloc(300_000)).subarray(0, 65_536));
    expect(other.room).toBeUndefined();
  });

  it('a frame reader copies what is pushed while it fills a large frame, also the bytes after the frame', () => {
    const from = reader();
    const wire = Buffer.concat([
      message(1, Buffer.alloc(300_000, 1)),
      message(2, Buffer.alloc(300, 2)),
      message(3, Buffer.alloc(100_000, 3)),
    ]);
    const shared = Buffer.alloc(65_536);
    let copied = 0;
    for (let at = 0; at < wire.length; at += shared.length) {
      const size = wire.copy(shared, 0, at, at + shared.length);
      if (from.fillsLarge) copied++;
      from.push(from.fillsLarge ? shared.subarray(0, size) : Buffer.from(shared.subarray(0, size)));
      if (at === 0) expect(from.next()).toBeUndefined();
    }
    shared.fill(0xff);
    expect(copied).toBeGreaterThan(4);
    const frames = [from.next()!, from.next()!, from.next()!];
    expect(frames.map(({ data }) => [data.length, data.every((byte) => byte === data[0]) && data[0]])).toEqual([
      [300_000, 1],
      [300, 2],
      [100_000, 3],
    ]);
  });

  it('the bytes of a large frame are used again once it is released, but not while somebody keeps it, nor with annotations', () => {
    const from = reader();
    const read = (wire: Buffer): Frame => {
      for (let at = 0; at < wire.length; at += 65_536) {
        from.push(Buffer.from(wire.subarray(at, at + 65_536)));
        const frame = from.next();
        if (frame !== undefined) return frame;
      }
      throw new Error('the frame is not complete');
    };
    const first = read(message(1, Buffer.alloc(300_000, 1)));
    const second = read(message(2, Buffer.alloc(300_000, 2)));
    expect(second.bytes.buffer === first.bytes.buffer).toBe(false);
    first.release();
    first.release();
    const third = read(message(3, Buffer.alloc(300_000, 3)));
    expect(third.bytes.buffer === first.bytes.buffer).toBe(true);
    expect([second.data[299_999], third.data[0], third.data[299_999]]).toEqual([2, 3, 3]);
    second.keep();
    second.release();
    const fourth = read(message(4, Buffer.alloc(300_000, 4), new Map([['TEST', Buffer.from('note')]])));
    expect(fourth.bytes.buffer === second.bytes.buffer).toBe(false);
    fourth.release();
    const fifth = read(message(5, Buffer.alloc(300_000, 5)));
    expect(fifth.bytes.buffer === fourth.bytes.buffer).toBe(false);
    expect(fourth.annotations.get('TEST')!.toString()).toBe('note');
  });

  it('bytes that were pushed after a large frame before it was read belong to the next frames', () => {
    const from = reader();
    const wire = Buffer.concat([
      message(1, Buffer.alloc(300_000, 7)),
      message(2, Buffer.from('two')),
      message(3, Buffer.alloc(250_000, 9)),
    ]);
    from.push(wire.subarray(0, 100_000));
    expect(from.next()).toBeUndefined();
    for (let at = 100_000; at < wire.length; at += 70_000) from.push(wire.subarray(at, at + 70_000));
    expect(from.isFilling).toBe(false);
    const frames = [from.next()!, from.next()!, from.next()!];
    expect(frames.map(({ header, data }) => [header.seq, data.length, data[0]])).toEqual([
      [1, 300_000, 7],
      [2, 3, 't'.charCodeAt(0)],
      [3, 250_000, 9],
    ]);
    expect([from.next(), from.idle]).toEqual([undefined, true]);
  });

  it('a frame reader reads the same frames wherever the stream is cut', () => {
    const parts = fc.array(fc.record({ data: fc.uint8Array({ maxLength: 3_000 }), note: fc.uint8Array({ maxLength: 50 }) }), {
      maxLength: 6,
    });
    fc.assert(
      fc.property(parts, fc.array(fc.nat()), (messages, cuts) => {
        const wire = Buffer.concat(
          messages.map(({ data, note }, seq) => message(seq, Buffer.from(data), new Map([['NOTE', Buffer.from(note)]]))),
        );
        const offsets = [...new Set([0, ...cuts.map((cut) => cut % (wire.length + 1)), wire.length])].sort((a, b) => a - b);
        const chunks = offsets.slice(1).map((end, i) => wire.subarray(offsets[i], end));
        expect(readAll(reader(), chunks)).toEqual(
          messages.map(({ data, note }, seq) => ({
            seq,
            data: Buffer.from(data).toString('hex'),
            annotations: [['NOTE', Buffer.from(note).toString('hex')]],
            correlationId: correlationId.toString('hex'),
          })),
        );
      }),
    );
  });

  it('a frame reader reads a frame that arrives one byte at a time', () => {
    const wire = message(7, Buffer.from('payload'));
    const chunks = [...wire].map((byte) => Buffer.from([byte]));
    expect(readAll(reader(), chunks).map(({ seq }) => seq)).toEqual([7]);
  });

  it('a frame reader does not copy a frame that one chunk holds', () => {
    const wire = message(1, Buffer.from('payload'));
    const from = reader();
    from.push(wire);
    expect(from.next()!.data.buffer).toBe(wire.buffer);
  });

  it('a frame reader is idle between frames and not within a frame', () => {
    const wire = message(1, Buffer.from('payload'));
    const from = reader();
    expect(from.idle).toBe(true);
    from.push(wire.subarray(0, 45));
    expect(from.next()).toBeUndefined();
    expect(from.idle).toBe(false);
    from.push(wire.subarray(45));
    from.next();
    expect(from.idle).toBe(true);
  });

  it.each([
    ['a wrong tag in the first byte', Buffer.from('G'), 'BAD_TAG'],
    ['a wrong tag in the fourth byte', Buffer.from('PYRX'), 'BAD_TAG'],
    ['a wrong version after 6 bytes', Buffer.from('PYRO\x01\x00', 'latin1'), 'BAD_VERSION'],
  ])('a frame reader refuses %s as soon as it is known', (_, bytes, code) => {
    const from = reader();
    from.push(bytes);
    expect(codeOf(() => from.next())).toBe(code);
  });

  it('a frame reader refuses a wrong magic number', () => {
    const wire = message(1, Buffer.alloc(0));
    wire[39]! ^= 1;
    const from = reader();
    from.push(wire.subarray(0, 40));
    expect(codeOf(() => from.next())).toBe('BAD_MAGIC');
  });

  it('a frame reader refuses a message type that is not accepted before its body arrives', () => {
    const [head] = encodeMessage(
      { type: MESSAGE_TYPES.connect, serializerId: 1, flags: 0, seq: 0, data: Buffer.alloc(500) },
      MAX,
    );
    const from = reader();
    from.push(head!.subarray(0, 40));
    expect(() => from.next()).toThrow('invalid msg type 1 received (expected: 4,6)');
  });

  it('a frame reader refuses a header that announces more than maxMessageBytes, naming both', () => {
    const from = reader(999);
    from.push(message(1, Buffer.alloc(1_000)).subarray(0, 40));
    expect(() => from.next()).toThrow(MessageTooLargeError);
    expect(() => from.next()).toThrow('message too large (1000 bytes, maxMessageBytes is 999)');
  });

  it('a frame reader accepts a message of exactly maxMessageBytes, annotations included', () => {
    const from = reader(1_000);
    from.push(message(1, Buffer.alloc(988), new Map([['NOTE', Buffer.alloc(4)]])));
    expect(from.next()!.data.length).toBe(988);
  });

  it('a frame reader that failed once refuses all later bytes', () => {
    const from = reader();
    from.push(Buffer.from('GET / HTTP/1.1\r\n'));
    expect(codeOf(() => from.next())).toBe('BAD_TAG');
    from.push(message(1, Buffer.alloc(0)));
    expect(codeOf(() => from.next())).toBe('BAD_TAG');
    expect(from.bufferedBytes).toBe(0);
  });

  it.each([
    ['overruns the block', Buffer.from('NOTE\x00\x00\x00\x09abcd', 'latin1')],
    ['is cut off in its head', Buffer.from('NOTE\x00\x00\x00\x04abcdNO', 'latin1')],
    ['has an id beyond ASCII', Buffer.from('NOT\xe9\x00\x00\x00\x00', 'latin1')],
  ])('a frame reader refuses an annotation chunk that %s', (_, block) => {
    const wire = message(1, block);
    // the header declares the data to be annotations
    wire.writeUInt32BE(0, 12);
    wire.writeUInt32BE(block.length, 16);
    const from = reader();
    from.push(wire);
    expect(codeOf(() => from.next())).toBe('BAD_ANNOTATIONS');
  });

  it('a frame reader reads a message without a correlation id when its flags announce none', () => {
    const wire = message(3, Buffer.from('payload'));
    wire.writeUInt16BE(0, 8);
    expect(readAll(reader(), [wire])).toMatchObject([{ seq: 3, correlationId: undefined }]);
  });

  it('a frame reader reads every stream of bytes as frames or fails with a ProtocolError', () => {
    const mutated = fc.tuple(fc.uint8Array({ maxLength: 60 }), fc.array(fc.tuple(fc.nat(120), fc.nat(255)), { maxLength: 4 }));
    fc.assert(
      fc.property(mutated, ([data, changes]) => {
        const wire = message(3, Buffer.from(data), new Map([['NOTE', Buffer.from('x')]]));
        for (const [offset, value] of changes) if (offset < wire.length) wire[offset] = value;
        try {
          readAll(reader(), [wire]);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
      // found by a random run: a changed flag says that the message has no correlation id
      { examples: [[[new Uint8Array(0), [[9, 0]]]]] },
    );
  });
});
