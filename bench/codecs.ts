import { PyroProxy, SERIALIZER_IDS, type RemoteObject, type SerializerName } from 'nestjs-pyro/core';
import { Packr } from 'msgpackr';
import { createSerializers } from '../lib/serializers/serializers.js';
import { dumps, loads } from '../lib/serpent/index.js';
import { type Contender, repeated } from './contest.js';
import { RunningServer } from './servers.js';

export type Direction = 'read' | 'write';

interface PythonCodecs {
  measure(serializer: SerializerName, direction: Direction, value: unknown, ms: number): number;
}

/** JSON, msgpackr, the serializers of this package, and the entry `nestjs-pyro/serpent`. */
export function nodeCodecs(value: unknown, direction: Direction): Contender[] {
  const packr = new Packr({ useRecords: false });
  const json = Buffer.from(JSON.stringify(value));
  const packed = packr.pack(value);
  const text = dumps(value);
  const all: Record<string, { read: () => unknown; write: () => unknown }> = {
    JSON: { read: () => JSON.parse(json.toString()) as unknown, write: () => Buffer.from(JSON.stringify(value)) },
    serpent: { read: () => loads(text), write: () => dumps(value) },
    'serpent, faithful': { read: () => loads(text, { values: 'faithful' }), write: () => dumps(value) },
    msgpackr: { read: () => packr.unpack(packed) as unknown, write: () => packr.pack(value) },
  };
  for (const serializer of createSerializers({}, serializersFor(value)).values()) {
    const data = serializer.dumps(value);
    all[`our ${serializer.name}`] = { read: () => serializer.loads(data), write: () => serializer.dumps(value) };
  }
  return Object.entries(all).map(([name, codec]) => repeated(name, codec[direction]));
}

/** Python's own serializers, in a separate process. */
export class PythonCodecContenders {
  private constructor(
    private readonly program: RunningServer,
    private readonly codecs: RemoteObject<PythonCodecs>,
  ) {}

  static async start(): Promise<PythonCodecContenders> {
    const program = await RunningServer.startPython('clients/codecs.py');
    // msgpack: the values arrive in Python as its own, bytes as bytes
    const codecs = PyroProxy.to<PythonCodecs>(`PYRO:codecs@${program.location}`, { serializer: 'msgpack' });
    return new PythonCodecContenders(program, codecs);
  }

  contenders(value: unknown, direction: Direction): Contender[] {
    return serializersFor(value).map((serializer) => {
      return {
        name: `Python's ${serializer}`,
        measure: async ({ ms }) => ({ rate: await this.codecs.measure(serializer, direction, value, ms) }),
      };
    });
  }

  async stop(): Promise<void> {
    await this.codecs.$release();
    await this.program.stop();
  }
}

/** Pyro's json cannot write bytes. */
function serializersFor(value: unknown): SerializerName[] {
  const names = Object.keys(SERIALIZER_IDS) as SerializerName[];
  return value === PAYLOADS.bytes ? names.filter((name) => name !== 'json') : names;
}

/** By name. */
export const PAYLOADS: Record<string, unknown> = {
  records: people(['Alice Jones', 'Zoë Müller', 'Carlos Gómez', '日本 太郎']),
  'records, ASCII': people(['Alice Jones', 'Bob', 'Carol Smith', 'a plain name']),
  call: ['example.warehouse', 'take_item', ['person', 12], {}],
  numbers: Array.from({ length: 1000 }, (_, index) => index / 7),
  'long text': 'The quick brown fox jumps over the lazy dog.\n'.repeat(500),
  bytes: { data: Buffer.alloc(20_000, 'bytes') },
};

/** 100 records of 13 values, about 21 KB. */
function people(names: string[]): unknown {
  return Array.from({ length: 100 }, (_, index) => ({
    id: 1000 + index,
    name: names[index % names.length],
    email: `user${index}@example.com`,
    score: Math.round(index * 137.31) / 100,
    active: index % 3 === 0,
    tags: ['red', 'green', `tag${index}`],
    city: 'Amsterdam',
    note: null,
    created: '2026-05-17T12:34:56+00:00',
    ratio: index / 7,
  }));
}
