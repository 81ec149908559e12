import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { MESSAGE_TYPES } from '../../../lib/protocol/constants.js';
import { FrameReader } from '../../../lib/protocol/frame-reader.js';
import { sizeLimit } from '../../../lib/protocol/header.js';
import { encodeMessage } from '../../../lib/protocol/message.js';
import { SERIALIZER_IDS, type SerializerName } from '../../../lib/serializers/contract/serializer.js';
import { createSerializers } from '../../../lib/serializers/serializers.js';

/** An entry of `test/wire/contract.json`: the bytes of a message or of a value, in hex. */
interface Written {
  bytes: string;
}

interface Contract {
  messages: (Written & { name: string; type: number; flags: number; annotations: Record<string, string>; correlated: boolean })[];
  values: Record<SerializerName, (Written & { python: string })[]>;
  calls: Record<SerializerName, (Written & { python: string })[]>;
}

const MAX = 1_000_000;
const CORRELATION_ID = Buffer.from('00112233445566778899aabbccddeeff', 'hex');
const REFUSED = 'refused: ';
const NAMES = Object.keys(SERIALIZER_IDS) as SerializerName[];
const folder = new URL('../../wire/', import.meta.url);
const contract = JSON.parse(await readFile(new URL('contract.json', folder), 'utf8')) as Contract;
const serializers = createSerializers({ values: 'faithful' });

describe('the messages of the wire contract', () => {
  it.each(contract.messages)('the messages of the wire contract are written as Pyro5 writes them: $name', (message) => {
    const annotations = new Map(Object.entries(message.annotations).map(([id, hex]) => [id, Buffer.from(hex, 'hex')]));
    const parts = encodeMessage(
      {
        type: message.type,
        flags: message.flags,
        seq: 258,
        serializerId: 1,
        data: Buffer.from('payload'),
        annotations,
        correlationId: message.correlated ? CORRELATION_ID : undefined,
      },
      MAX,
    );
    expect(Buffer.concat(parts).toString('hex')).toBe(message.bytes);
  });

  it.each(contract.messages)('the messages of the wire contract are read from what Pyro5 writes: $name', (message) => {
    const reader = new FrameReader(sizeLimit(MAX), Object.values(MESSAGE_TYPES));
    reader.push(Buffer.from(message.bytes, 'hex'));
    const frame = reader.next()!;
    expect(frame.header).toMatchObject({ type: message.type, seq: 258, serializerId: 1 });
    expect(frame.data.toString()).toBe('payload');
    expect(Object.fromEntries([...frame.annotations].map(([id, bytes]) => [id, bytes.toString('hex')]))).toEqual(
      message.annotations,
    );
    expect(frame.correlationId).toEqual(message.correlated ? CORRELATION_ID : undefined);
    expect(reader.idle).toBe(true);
  });
});

describe('the values of the wire contract', () => {
  it.each(NAMES)('the values of the wire contract are read and written in %s as they were', async (name) => {
    const serializer = serializers.get(SERIALIZER_IDS[name])!;
    const values = readable(contract.values[name]).map(({ python, bytes }) => {
      const value = serializer.loads(Buffer.from(bytes, 'hex'));
      return entry(python, value, serializer.dumps(value));
    });
    const calls = readable(contract.calls[name]).map(({ python, bytes }) => {
      const call = serializer.loadsCall(Buffer.from(bytes, 'hex'));
      return entry(python, call, serializer.dumpsCall(call));
    });
    expect(values.length).toBeGreaterThan(20);
    await expect(`${[...values, ...calls].join('\n')}\n`).toMatchFileSnapshot(fileURLToPath(new URL(`ours-${name}.txt`, folder)));
  });
});

function readable<Entry extends Written>(entries: readonly Entry[]): Entry[] {
  return entries.filter(({ bytes }) => !bytes.startsWith(REFUSED));
}

/** Three lines: the value in Python, the value here, and the bytes that this package writes for it. */
function entry(python: string, value: unknown, written: Uint8Array): string {
  const shown = inspect(value, { depth: null, breakLength: Infinity, sorted: true }).replace(/\n\s+at .*/g, '');
  return [
    `python:  ${python}`,
    `here:    ${shown.replaceAll('\n', ' ')}`,
    `written: ${Buffer.from(written).toString('hex')}`,
    '',
  ].join('\n');
}
