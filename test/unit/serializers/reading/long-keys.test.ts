import { describe, expect, it } from 'vitest';
import { SERIALIZER_IDS } from '../../../../lib/protocol/constants.js';
import { memberNames } from '../../../../lib/protocol/proxy-reference.js';
import { PyroUri } from '../../../../lib/protocol/uri.js';
import { tagSetOf } from '../../../../lib/naming/name-answers.js';
import { ValueBudget } from '../../../../lib/serializers/contract/value-budget.js';
import { kwargsOf } from '../../../../lib/serializers/contract/call-shape.js';
import type { SerializerName, ValueMode } from '../../../../lib/serializers/contract/serializer.js';
import { naturalValue } from '../../../../lib/serializers/objects/natural-value.js';
import { peerSet } from '../../../../lib/serializers/reading/peer-tables.js';
import { createSerializers } from '../../../../lib/serializers/serializers.js';

/** The first length whose texts V8 does not hash by their characters. */
const LONG = 16_384;
const NAMES = Object.keys(SERIALIZER_IDS) as SerializerName[];
const CASES = NAMES.flatMap((name) =>
  (['natural', 'faithful'] as const).map((values): [SerializerName, ValueMode] => [name, values]),
);
const REFUSED = /too many dict keys or set members of 16384 characters: over 16383 characters, .*; use shorter keys/;

const serializer = (name: SerializerName, values: ValueMode = 'natural') =>
  createSerializers({ values }).get(SERIALIZER_IDS[name])!;
const long = (index: number, length = LONG): string => 'a'.repeat(length - 6) + String(index).padStart(6, '0');
const longs = (count: number, lengthAt: (index: number) => number = () => LONG): string[] =>
  Array.from({ length: count }, (_, index) => long(index, lengthAt(index)));
const read = (name: SerializerName, values: ValueMode, value: unknown): unknown =>
  serializer(name, values).loads(Buffer.from(serializer(name).dumps(value)), { budget: new ValueBudget(2 ** 30) });
const dictOf = (keys: readonly string[]): Record<string, number> => Object.fromEntries(keys.map((key) => [key, 1]));

describe('long texts as dict keys and set members, which V8 does not hash', () => {
  it.each(CASES)('%s, %s: some long keys are read, many of one length are refused', (name, values) => {
    const few = longs(50);
    expect((read(name, values, dictOf(few)) as Map<string, number>).size).toBe(50);
    expect(() => read(name, values, dictOf(longs(400)))).toThrow(REFUSED);
  });

  it.each(CASES)('%s, %s: the long keys of all dicts of a message are counted together', (name, values) => {
    const dicts = Array.from({ length: 40 }, (_, dict) => dictOf(longs(60).map((key) => `${dict + 10}${key.slice(2)}`)));
    expect(() => read(name, values, dicts)).toThrow(REFUSED);
    expect(read(name, values, dicts.slice(0, 2))).toHaveLength(2);
  });

  it.each(CASES)('%s, %s: long keys of other lengths, and a character shorter, are read', (name, values) => {
    expect((read(name, values, dictOf(longs(400, (index) => LONG + index * 64))) as Map<string, number>).size).toBe(400);
    expect(() => read(name, values, dictOf(longs(400, () => LONG - 1)))).not.toThrow();
  });

  it.each(['serpent', 'marshal'] as const)('%s: many long texts as members of sets are refused', (name) => {
    expect((read(name, 'natural', new Set(longs(50))) as Set<string>).size).toBe(50);
    expect(() => read(name, 'natural', new Set(longs(400)))).toThrow(REFUSED);
    expect(() => read(name, 'faithful', new Set<unknown>([1.5, ...longs(400)]))).toThrow(REFUSED);
  });

  it('a Set that is made of received texts has the limit on long keys', () => {
    expect(() => peerSet(longs(400), () => {})).toThrow(REFUSED);
  });

  it.each(NAMES)('%s: a dict with a long key is a Map, whose names V8 does not put into its own table', (name) => {
    const read1 = (value: unknown): unknown => read(name, 'natural', value);
    const entries: [string, unknown][] = [
      ['b', 1],
      [long(1), { c: 2 }],
      ['a', { d: 3 }],
    ];
    expect(read1(Object.fromEntries(entries))).toStrictEqual(new Map(entries));
    expect(read1(Object.fromEntries(entries.slice(1)))).toStrictEqual(new Map(entries.slice(1)));
    expect(read1({ [long(1, LONG - 1)]: 1 })).toStrictEqual({ [long(1, LONG - 1)]: 1 });
    const written = serializer(name).dumps(new Map(entries));
    expect(serializer(name).loads(Buffer.from(written))).toStrictEqual(new Map(entries));
  });

  it('no long text of a peer becomes the name of a member, a keyword, or the name of a method', () => {
    expect(() => kwargsOf(new Map([[long(1), 1]]))).toThrow('keywords of at most 16383 characters, not of 16384');
    expect(naturalValue(new Map([[long(1), 1]]), () => {})).toBeInstanceOf(Map);
    expect([...memberNames(['ping', long(1)])]).toStrictEqual(['ping']);
    const attributes = { __class__: 'builtins.ValueError', __exception__: true, args: [], attributes: { [long(1)]: 1 } };
    expect(() => read('json', 'natural', attributes)).toThrow(
      /has an attribute with a name that is refused: .*: it has 16384 characters, of at most 16383; use a shorter name/,
    );
  });

  it('tags of names are as short as other keys', () => {
    expect(() => new PyroUri(`PYROMETA:b,${long(1)}`)).toThrow('a tag of PYROMETA has 16384 characters, of at most 16383');
    expect(() => tagSetOf(longs(400))).toThrow('tags shorter than one of 16384 characters');
  });
});
