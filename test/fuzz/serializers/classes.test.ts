import 'reflect-metadata';
import { IsInt, IsOptional, IsString, ValidateNested } from 'class-validator';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  PyroClass,
  registerEnum,
  SecurityError,
  SERIALIZER_IDS,
  SerializeError,
  type SerializerName,
} from '../../../lib/core.js';
import { createSerializers } from '../../../lib/serializers/serializers.js';

const RUNS = { numRuns: Number(process.env.FUZZ_RUNS ?? 1_500) };

enum Level {
  Low,
  High,
}
registerEnum(Level, 'fuzz.Level');

@PyroClass('fuzz.Point', { fields: { x: 'float', 'y?': 'int', 'at?': 'datetime', 'more?': ['fuzz.Point'], 'level?': Level } })
class Point {
  constructor(readonly x: number) {}
  norm(): number {
    return this.x;
  }
}

@PyroClass('fuzz.Label')
class Label {
  @IsString()
  text!: string;
  @IsOptional()
  @IsInt()
  size?: number;
  @IsOptional()
  @ValidateNested()
  point?: Point;
}

@PyroClass('fuzz.Sample', { schema: z.looseObject({ code: z.string() }) })
class Sample {}

@PyroClass('fuzz.DoorError', { fields: { door: 'str' } })
class DoorError extends Error {}

const CLASSES = { Point, Label, Sample, DoorError };

const member = fc.constantFrom(
  ...'x y at more level text size point code door args attributes value __exception__'.split(' '),
  ...'constructor prototype toString norm hasOwnProperty then message stack cause'.split(' '),
);
const { value: hostile } = fc.letrec<{ value: unknown; dict: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<unknown>(null, true, 1, 1.5, 'a', '2026-01-31T10:20:30+00:00', 2n ** 70n, []),
    fc.array(tie('value'), { maxLength: 3 }),
    tie('dict'),
  ),
  dict: fc
    .tuple(
      fc.option(fc.constantFrom('fuzz.Point', 'fuzz.Label', 'fuzz.Sample', 'fuzz.DoorError', 'fuzz.Level', 'fuzz.None')),
      fc.dictionary(member, tie('value'), { maxKeys: 5, noNullPrototype: true }),
    )
    .map(([name, members]) => (name === null ? members : { ...members, __class__: name })),
}));

describe.each(Object.keys(SERIALIZER_IDS) as SerializerName[])('class dicts that nobody meant, in %s', (name) => {
  it('random class dicts become instances or an error of reading, and change nothing else', () => {
    const members = Object.getOwnPropertyNames(Object.prototype).sort();
    const prototypes = Object.values(CLASSES).map(({ prototype }) => Object.getOwnPropertyNames(prototype));
    const serializers = (['natural', 'faithful'] as const).map((values) =>
      createSerializers({ values }).get(SERIALIZER_IDS[name])!,
    );
    fc.assert(
      fc.property(hostile, (value) => {
        for (const serializer of serializers) {
          const data = serializer.dumps(value);
          try {
            const read = serializer.loads(data);
            if (read instanceof Point) expect(typeof read.norm()).toBe('number');
            if (read instanceof Error) expect(read.toString).toBe(Error.prototype.toString);
            serializer.dumps(read);
          } catch (error) {
            if (!(error instanceof SerializeError || error instanceof SecurityError)) throw error;
          }
        }
      }),
      RUNS,
    );
    expect(Object.getOwnPropertyNames(Object.prototype).sort()).toEqual(members);
    expect(Object.values(CLASSES).map(({ prototype }) => Object.getOwnPropertyNames(prototype))).toEqual(prototypes);
  });
});
