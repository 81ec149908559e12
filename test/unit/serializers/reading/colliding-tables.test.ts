import 'reflect-metadata';
import { Type } from 'class-transformer';
import { describe, expect, it } from 'vitest';
import { ClassRegistry, pyFloat, PyroUri, registerClass } from '../../../../lib/core.js';
import { readMetadata } from '../../../../lib/client/connection/remote-metadata.js';
import { ProxyReference } from '../../../../lib/protocol/proxy-reference.js';
import type { ValueMode } from '../../../../lib/serializers/contract/serializer.js';
import { createSerializers } from '../../../../lib/serializers/serializers.js';

/** Tables that are made of values after the bytes were read: from faithful dicts, and from lists. */
const COUNT = 12_000;
const COLLIDING = /keys collide so often that they were made for it/;

class Table {
  rows: unknown;
}
class Tags {
  @Type(() => Number)
  all!: Set<number>;
}
class Row {
  id = 0;
}
class Words {
  @Type(() => String)
  all!: Set<string>;
}
class Rows {
  @Type(() => Row)
  all!: Set<Row>;
}

const classes = new ClassRegistry();
registerClass(Table, { name: 'lab.Table', fields: ['rows'] }, classes);
registerClass(Tags, { name: 'lab.Tags', fields: ['all'] }, classes);
registerClass(Words, { name: 'lab.Words', fields: ['all'] }, classes);
registerClass(Rows, { name: 'lab.Rows', fields: ['all'] }, classes);

/** Reads a class dict that a client sent. */
function read(serializer: string, values: ValueMode, name: string, members: Record<string, unknown>): Record<string, unknown> {
  const of = (mode: ValueMode) =>
    [...createSerializers({ values: mode, classes }).values()].find((one) => one.name === serializer)!;
  const data = of('faithful').dumps(new Map(Object.entries({ __class__: name, ...members })));
  return of(values).loads(data) as Record<string, unknown>;
}

/** Floats that V8 gives the same hash: the inverse of its hash of 64 bits. @see V8, src/base/hashing.h, `hash_value_unsigned` */
function collidingFloats(count: number): number[] {
  const wrap = (value: bigint): bigint => BigInt.asUintN(64, value);
  const inverseOf = (factor: bigint): bigint => {
    let inverse = 1n;
    for (let round = 0; round < 7; round++) inverse = wrap(inverse * (2n - factor * inverse));
    return inverse;
  };
  const withoutShift = (mixed: bigint, bits: bigint): bigint => {
    let key = mixed;
    for (let done = 0n; done < 64n; done += bits) key = mixed ^ (key >> bits);
    return key;
  };
  const [by65, by21, by18] = [65n, 21n, (1n << 18n) - 1n].map(inverseOf) as [bigint, bigint, bigint];
  const floats: number[] = [];
  const bits = new BigUint64Array(1);
  const float = new Float64Array(bits.buffer);
  for (let index = 1n; floats.length < count; index++) {
    let key = wrap(withoutShift((index << 32n) | 0x12345n, 22n) * by65);
    key = wrap(withoutShift(key, 11n) * by21);
    bits[0] = wrap((withoutShift(key, 31n) + 1n) * by18);
    if (Number.isFinite(float[0]) && !Number.isInteger(float[0])) floats.push(float[0]!);
  }
  return floats;
}

describe('keys of peers that collide, in tables that are made after the bytes were read', () => {
  const floats = collidingFloats(COUNT);
  const dictOf = (keys: readonly number[]): Map<unknown, number> => new Map(keys.map((key) => [pyFloat(key), 1]));

  it.each(['serpent', 'marshal'])('float keys of a dict in an instance are refused in faithful mode: %s', (name) => {
    expect(() => read(name, 'faithful', 'lab.Table', { rows: dictOf(floats) })).toThrow(/collide so often/);
    const few = read(name, 'faithful', 'lab.Table', { rows: dictOf(floats.slice(0, 300)) });
    expect((few['rows'] as Map<unknown, unknown>).size).toBe(300);
    const usual = Array.from({ length: COUNT }, (_, index) => index + 0.25);
    expect(read(name, 'faithful', 'lab.Table', { rows: dictOf(usual) })['rows']).toEqual(new Map(usual.map((key) => [key, 1])));
  });

  it('keys that collide in all dicts of one message share the limit', () => {
    const rows = Array.from({ length: 60 }, () => dictOf(floats.slice(0, 300)));
    expect(read('marshal', 'faithful', 'lab.Table', { rows: rows.slice(0, 5) })['rows']).toHaveLength(5);
    expect(() => read('marshal', 'faithful', 'lab.Table', { rows })).toThrow(COLLIDING);
  });

  it.each(['lab.Tags', 'lab.Rows'])('items of a list that becomes a Set of %s are refused', (name) => {
    expect(() => read('marshal', 'natural', name, { all: floats })).toThrow(COLLIDING);
    const few = floats.slice(0, 300);
    expect(read('marshal', 'natural', name, { all: few })['all']).toEqual(new Set(few));
  });

  it('texts that class-transformer makes colliding numbers are refused, too; of other scalar types it makes a Set', () => {
    expect(() => read('json', 'natural', 'lab.Tags', { all: floats.map(String) })).toThrow(COLLIDING);
    expect(read('json', 'natural', 'lab.Words', { all: floats })['all']).toEqual(new Set(floats.map(String)));
  });

  it('names that are numbers are no members of a proxy or an object: their hash has no seed in older versions of Node', () => {
    const names = ['65536', 'size', '0', '0x', '01'];
    const reference = ProxyReference.fromState(['PYRO:lab@localhost:1', names, names, names, 'hello', null]);
    for (const set of [reference.oneway, reference.methods, reference.attrs]) expect([...set]).toEqual(['size', '0x', '01']);
    const metadata = readMetadata({ methods: names, oneway: names, attrs: names }, new PyroUri('PYRO:lab@localhost:1'));
    for (const set of [metadata.oneway, metadata.methods, metadata.attrs]) expect([...set]).toEqual(['size', '0x', '01']);
  });
});
