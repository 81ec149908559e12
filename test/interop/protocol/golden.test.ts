import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { compress, decompress } from '../../../lib/protocol/compression.js';
import { FLAGS, MESSAGE_TYPES } from '../../../lib/protocol/constants.js';
import { FrameReader } from '../../../lib/protocol/frame-reader.js';
import { sizeLimit } from '../../../lib/protocol/header.js';
import { encodeMessage, type OutgoingMessage } from '../../../lib/protocol/message.js';
import { ensurePythonEnv } from '../python-env.js';

interface PythonMessage {
  type: number;
  flags: number;
  seq: number;
  serializerId: number;
  payload: string;
  annotations: Record<string, string>;
  correlated: boolean;
  bytes: string;
}

const MAX = 1_000_000;
const correlationId = Buffer.from('00112233445566778899aabbccddeeff', 'hex');
const ours: OutgoingMessage[] = [
  { type: MESSAGE_TYPES.result, serializerId: 1, flags: FLAGS.batch, seq: 65_535, data: Buffer.from('small'), correlationId },
  { type: MESSAGE_TYPES.connectFail, serializerId: 2, flags: 0, seq: 0, data: Buffer.alloc(200_000, 'large') },
  {
    type: MESSAGE_TYPES.invoke,
    serializerId: 3,
    flags: 0,
    seq: 9,
    data: Buffer.alloc(0),
    annotations: new Map([
      ['ABCD', Buffer.from('xyz')],
      ['EFGH', Buffer.alloc(0)],
    ]),
  },
];

async function runPython(input: string): Promise<{ written: PythonMessage[]; read: Record<string, unknown>[] }> {
  const python = await ensurePythonEnv();
  const script = fileURLToPath(new URL('golden.py', import.meta.url));
  return new Promise((resolve, reject) => {
    const child = execFile(python, [script], { maxBuffer: 64 * MAX }, (error, stdout) =>
      error ? reject(error) : resolve(JSON.parse(stdout) as never),
    );
    child.stdin!.end(input);
  });
}

describe('messages between Pyro5 and this package', () => {
  let python: Awaited<ReturnType<typeof runPython>>;
  const squeezed: OutgoingMessage[] = [];

  beforeAll(async () => {
    const data = await compress(Buffer.alloc(5_000, 'squeeze '));
    squeezed.push({ type: MESSAGE_TYPES.result, serializerId: 1, flags: FLAGS.compressed, seq: 1, data });
    const wire = [...ours, ...squeezed].map((message) => Buffer.concat(encodeMessage(message, MAX)).toString('hex'));
    python = await runPython(wire.join('\n'));
  });

  it('this package writes the bytes that Pyro5 writes', () => {
    expect(python.written).toHaveLength(5);
    for (const message of python.written.filter(({ flags }) => !(flags & FLAGS.compressed))) {
      const parts = encodeMessage(
        {
          ...message,
          data: Buffer.from(message.payload, 'hex'),
          annotations: new Map(Object.entries(message.annotations).map(([id, hex]) => [id, Buffer.from(hex, 'hex')])),
          correlationId: message.correlated ? correlationId : undefined,
        },
        MAX,
      );
      expect(Buffer.concat(parts).toString('hex')).toBe(message.bytes);
    }
  });

  it('this package reads the messages that Pyro5 writes', async () => {
    const reader = new FrameReader(sizeLimit(MAX), Object.values(MESSAGE_TYPES));
    reader.push(Buffer.from(python.written.map(({ bytes }) => bytes).join(''), 'hex'));
    for (const message of python.written) {
      const frame = reader.next()!;
      const { header, data, annotations } = frame;
      expect(header).toMatchObject({
        type: message.type,
        flags: message.flags,
        seq: message.seq,
        serializerId: message.serializerId,
      });
      const plain = header.flags & FLAGS.compressed ? await decompress(data, sizeLimit(MAX)) : data;
      expect(plain.toString('hex')).toBe(message.payload);
      expect(Object.fromEntries([...annotations].map(([id, bytes]) => [id, bytes.toString('hex')]))).toEqual(message.annotations);
      expect(frame.correlationId).toEqual(message.correlated ? correlationId : undefined);
    }
    expect(reader.idle).toBe(true);
  });

  it('Pyro5 reads our messages, compressed ones too', () => {
    expect(python.read).toHaveLength(4);
    for (const [i, message] of ours.entries()) {
      expect(python.read[i]).toEqual({
        type: message.type,
        flags: message.flags | (message.correlationId ? FLAGS.correlationId : 0),
        seq: message.seq,
        serializerId: message.serializerId,
        payload: message.data.toString('hex'),
        annotations: Object.fromEntries([...(message.annotations ?? [])].map(([id, bytes]) => [id, bytes.toString('hex')])),
        correlationId: (message.correlationId ?? Buffer.alloc(16)).toString('hex'),
      });
    }
    expect(python.read[3]!['payload']).toBe(Buffer.alloc(5_000, 'squeeze ').toString('hex'));
  });
});
