import { expect, it } from 'vitest';
import type { Serializer, ValueMode } from '../../../../lib/serializers/contract/serializer.js';
import { KnownMember } from '../../../../lib/serializers/reading/known-members.js';
import { createSerializers } from '../../../../lib/serializers/serializers.js';
import { SEEDS_INDEX_TEXTS } from '../../../../lib/serpent/costs/index-text-hash.js';
import { ReadKey } from '../../../../lib/serpent/reading/read-keys.js';

/** Keys that collide in V8's hash tables where texts like array indices are hashed without a seed. */
const KEYS = Array.from({ length: 20_000 }, (_, index) => String(index * 65_536));

function serializerOf(name: string, values: ValueMode): Serializer {
  return [...createSerializers({ values }).values()].find((serializer) => serializer.name === name)!;
}

const entriesOf = (keys: readonly unknown[]): [unknown, number][] => keys.map((key) => [key, 1]);

it.each<[string, ValueMode, string, unknown]>([
  ['serpent', 'natural', 'dict after a number', new Map(entriesOf([1, ...KEYS]))],
  ['serpent', 'natural', 'dict before a number', new Map(entriesOf([...KEYS, 1]))],
  ['serpent', 'faithful', 'dict', new Map(entriesOf(KEYS))],
  ['serpent', 'natural', 'set', new Set(KEYS)],
  ['marshal', 'natural', 'dict after a number', new Map(entriesOf([1, ...KEYS]))],
  ['marshal', 'natural', 'dict before a number', new Map(entriesOf([...KEYS, 1]))],
  ['marshal', 'faithful', 'dict', new Map(entriesOf(KEYS))],
  ['marshal', 'natural', 'set', new Set(KEYS)],
  ['msgpack', 'natural', 'dict after bytes', new Map(entriesOf([Buffer.from('x'), ...KEYS]))],
  ['msgpack', 'natural', 'dict before bytes', new Map(entriesOf([...KEYS, Buffer.from('x')]))],
  ['msgpack', 'faithful', 'dict', new Map(entriesOf(KEYS))],
  ['json', 'faithful', 'dict', new Map(entriesOf(KEYS))],
])('texts that collide in V8 are refused where they can be computed, else read: %s, %s, %s', (name, values, _, value) => {
  const data = serializerOf(name, 'faithful').dumps(value);
  const read = (): unknown => serializerOf(name, values).loads(data);
  if (SEEDS_INDEX_TEXTS) expect(read()).toEqual(value);
  else expect(read).toThrow(/keys .*collide so often that they were made for it/);
});

it.each(['serpent', 'marshal', 'json', 'msgpack'])(
  'texts that collide in V8 are members of a plain object in natural mode: %s',
  (name) => {
    const serializer = serializerOf(name, 'natural');
    const value = Object.fromEntries(entriesOf(KEYS) as [string, number][]);
    expect(serializer.loads(serializer.dumps(value))).toEqual(value);
  },
);

it.each([new KnownMember('', 0), new ReadKey('', -1, true)])(
  'only the text that was read last, of texts that may collide, is looked for among known names: %#',
  (start) => {
    for (const name of ['mass', '1', '2', 'unit', '3']) start.add(name);
    for (const name of ['3', 'unit', 'mass']) expect(start.follow(name)).toBeDefined();
    for (const name of ['1', '2']) expect(start.follow(name) !== undefined).toBe(SEEDS_INDEX_TEXTS);
  },
);
