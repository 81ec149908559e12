import 'reflect-metadata';
import { Type } from 'class-transformer';
import { IsInt, IsObject, IsOptional, ValidateNested } from 'class-validator';
import { describe, expect, it } from 'vitest';
import { objectsIn } from '../../../lib/classes/fields/checked-objects.js';
import { PyroClass } from '../../../lib/core.js';
import { limitOf } from '../../../lib/protocol/over-limit.js';
import { SERIALIZER_IDS } from '../../../lib/protocol/constants.js';
import type { SerializerName } from '../../../lib/serializers/contract/serializer.js';
import { createSerializers } from '../../../lib/serializers/serializers.js';

@PyroClass('checked.Item')
class Item {
  @IsOptional() @IsInt() size?: number;
}
class Plain {
  @IsOptional() @ValidateNested() @Type(() => Plain) below?: Plain;
}
@PyroClass('checked.Outer')
class Outer {
  @IsOptional() @ValidateNested() @Type(() => Plain) plain?: Plain;
  @IsOptional() @ValidateNested({ each: true }) @Type(() => Item) items?: Item[];
  @IsOptional() @IsInt({ each: true }) counts?: number[];
  @IsOptional() @IsObject() meta?: object;
}
/** A class without rules. */
@PyroClass('checked.Holder', { fields: { items: [Item], 'next?': 'checked.Ring' } })
class Holder {}
@PyroClass('checked.Ring', { fields: { back: Holder } })
class Ring {}
@PyroClass('checked.Free', { fields: { 'x?': 'int', 'free?': 'checked.Free' } })
class Free {}
void [Outer, Ring, Free];

const LIMIT = 50;
const failure = (value: unknown): unknown => {
  const serializer = createSerializers({ maxCheckedObjects: LIMIT }).get(SERIALIZER_IDS.json)!;
  try {
    return serializer.loads(Buffer.from(JSON.stringify(value))) && undefined;
  } catch (error) {
    return limitOf(error) ?? error;
  }
};
const many = <T>(count: number, item: T): T[] => Array.from({ length: count }, () => item);
const manyMembers = (count: number): object => Object.fromEntries(many(count, 0).map((_, index) => [`m${index}`, 0]));
const item = { __class__: 'checked.Item', size: 1 };
const chain = (depth: number): object => (depth === 0 ? {} : { below: chain(depth - 1) });

describe('maxCheckedObjects', () => {
  it.each(Object.keys(SERIALIZER_IDS) as SerializerName[])(
    'maxCheckedObjects limits the objects of one value that rules check, in %s',
    (name) => {
      const serializer = createSerializers({ maxCheckedObjects: LIMIT }).get(SERIALIZER_IDS[name])!;
      const written = (count: number): Buffer => serializer.dumps(many(count, new Item()));
      expect(serializer.loads(written(LIMIT))).toHaveLength(LIMIT);
      expect(() => serializer.loads(written(LIMIT + 1))).toThrow(
        'the value has more objects that rules of classes check than maxCheckedObjects (50) allows',
      );
    },
  );

  it.each([
    ['objects one by one', (count: number) => many(count, item), 50],
    // each is checked by itself, and by the class around it
    ['objects in a class', (count: number) => ({ __class__: 'checked.Outer', items: many(count, item) }), 23],
    ['plain dicts in a class', (count: number) => ({ __class__: 'checked.Outer', items: many(count, {}) }), 47],
    ['plain dicts in each other', (depth: number) => ({ __class__: 'checked.Outer', plain: chain(depth) }), 48],
    ['items of a list', (count: number) => ({ __class__: 'checked.Outer', counts: many(count, 1) }), 48 * 64],
    ['objects in a class without rules', (count: number) => ({ __class__: 'checked.Holder', items: many(count, {}) }), 47],
    ['classes that name each other', (count: number) => ({ __class__: 'checked.Ring', back: { items: many(count, {}) } }), 46],
    ['members of one dict', (count: number) => ({ __class__: 'checked.Outer', meta: manyMembers(count) }), 895],
  ])('maxCheckedObjects counts %s', (_what, valueOf, most) => {
    expect(failure(valueOf(most))).toBeUndefined();
    expect(failure(valueOf(most + 2))).toBe('maxCheckedObjects');
  });

  it('maxCheckedObjects does not count objects of classes without rules', () => {
    expect(failure(many(1_000, { __class__: 'checked.Free', x: 1, free: {} }))).toBeUndefined();
  });
});

it('maxCheckedObjects counts objects in maps and sets, and nothing in bytes and typed arrays', () => {
  expect(objectsIn({ held: new Map([1, 2, 3].map((key) => [key, {}])) }, 100)).toBe(5 + 3 / 64);
  expect(objectsIn({ held: new Set(many(3, item).map((each) => ({ ...each }))) }, 100)).toBe(5 + 3 / 64);
  for (const bytes of [Buffer.alloc(1_000), new Float64Array(1_000)])
    expect(objectsIn({ image: Object.assign(bytes, { part: {} }) }, 100)).toBe(2);
});

it('maxCheckedObjects counts 1,024 characters of a text as one object, as often as the text stands there', () => {
  const long = 'x'.repeat(10_240);
  expect(objectsIn({ name: 'x'.repeat(1_000) }, 100)).toBe(1);
  expect(objectsIn({ one: { text: long }, other: { text: long } }, 100)).toBe(23);
  expect(objectsIn(new Set([long]), 100)).toBe(11 + 1 / 64);
});

it('counting ends over maxCheckedObjects', () => {
  let looked = 0;
  const counted = {
    get part(): object {
      looked++;
      return {};
    },
  };
  expect(objectsIn(many(10_000, counted), 10)).toBeGreaterThan(10);
  expect(looked).toBeLessThan(20);
});
