import 'reflect-metadata';
import { Expose, Transform, Type } from 'class-transformer';
import { Allow, IsInt, IsNotEmpty, IsOptional, Max, ValidateNested } from 'class-validator';
import { describe, expect, it } from 'vitest';
import { readTyped } from '../../../lib/classes/fields/field-values.js';
import { NdArray, PyroClass, pyTuple, registerClass, SERIALIZER_IDS } from '../../../lib/core.js';
import type { SerializerName } from '../../../lib/serializers/contract/serializer.js';
import { createSerializers } from '../../../lib/serializers/serializers.js';

const NAMES = Object.keys(SERIALIZER_IDS) as SerializerName[];
const through = (name: SerializerName, value: unknown): unknown => {
  const serializer = createSerializers({}).get(SERIALIZER_IDS[name])!;
  return serializer.loads(serializer.dumps(value));
};

describe('values for a member with a scalar class in @Type', () => {
  class Scalars {
    @IsOptional() @IsNotEmpty() @Type(() => Buffer) data?: Buffer;
    @IsOptional() @Allow() @Type(() => Buffer) parts?: Buffer[];
    @IsOptional() @Allow() @Type(() => Uint8Array) bytes?: Uint8Array;
    @IsOptional() @Allow() @Type(() => String) text?: string;
    @IsOptional() @Allow() @Type(() => Number) size?: number;
    @IsOptional() @Allow() @Type(() => Boolean) isOn?: boolean;
    @IsOptional() @Allow() @Type(() => BigInt) count?: bigint;
    @IsOptional() @Allow() @Type(() => Date) when?: Date;
    @IsOptional() @Allow() @Type(() => Number) byName?: Map<string, number>;
    @IsOptional() @Allow() @Type(() => Array) list?: unknown[];
    @IsOptional() @Allow() @Type(() => Object) any?: unknown;
    @IsOptional() @Allow() @Type(() => Buffer) @Transform(({ value }: { value: unknown }) => value) @Expose() changed?: Buffer;
  }
  PyroClass('hostile.Scalars')(Scalars);
  /** Not registered. */
  class Inside {
    @IsNotEmpty() @Type(() => Buffer) data!: Buffer;
  }
  class Around {
    @ValidateNested() @Type(() => Inside) inside!: Inside;
  }
  PyroClass('hostile.Around')(Around);

  const read = (members: object, name: SerializerName = 'serpent'): Scalars =>
    through(name, { __class__: 'hostile.Scalars', ...members }) as Scalars;
  const huge = { length: 2 ** 52 };

  it.each(NAMES)('a dict with a length in place of bytes is refused before memory is taken for it, in %s', (name) => {
    expect(() => read({ data: huge }, name)).toThrow(/data of Scalars is \{"length": \d+\}; it must be bytes/);
    expect(() => read({ parts: [huge] }, name)).toThrow(/parts of Scalars is .*; it must be bytes/);
    expect(() => read({ changed: huge }, name)).toThrow('changed of Scalars');
    expect(() => through(name, { __class__: 'hostile.Around', inside: { data: huge } })).toThrow('data of Inside');
    expect(() => read({ data: { type: 'Buffer', data: [1, 2] } }, name)).toThrow('data of Scalars');
    expect(() => read({ data: 5 }, name)).toThrow('data of Scalars is 5; it must be bytes');
  });

  it.each([
    ['text', 'a str'],
    ['size', 'a number'],
    ['isOn', 'a bool'],
    ['count', 'an int'],
    ['when', 'a datetime'],
    ['bytes', 'bytes'],
    ['data', 'bytes'],
  ])('objects in place of a scalar are refused: %s', (member, expected) => {
    const values = [{ a: 1 }, new Map([[1, 2]]), new RangeError('x'), NdArray.from([1, 2]), [[{ toString: 5 }]]];
    for (const value of values) expect(() => read({ [member]: value })).toThrow(`it must be ${expected}`);
  });

  it('scalars, and lists and Maps of them, are read as before', () => {
    const data = Buffer.from('abc');
    expect(read({ data, parts: [data], changed: data })).toMatchObject({ data, parts: [data], changed: data });
    expect(read({ text: 5, size: '7', isOn: 1, when: '2026-01-01T00:00:00' })).toMatchObject({
      text: '5',
      size: 7,
      isOn: true,
      when: new Date('2026-01-01T00:00:00'),
    });
    expect(read({ byName: { a: '1', b: 2 } }).byName).toEqual(new Map([['a', 1], ['b', 2]])); // prettier-ignore
    expect(() => read({ byName: { a: { length: 1 } } })).toThrow('byName of Scalars');
    expect(() => read({ when: 5n ** 40n })).toThrow('it must be a datetime');
  });

  it('class-transformer makes no Array with the length that a peer sends, and no object by a member "constructor"', () => {
    expect(() => read({ list: { length: 4_000_000_000 } })).toThrow('it must be a list');
    const any = { constructor: 5, items: [{ constructor: 'x' }] };
    expect(read({ any }).any).toEqual(any);
  });
});

describe('values for a member with @ValidateNested', () => {
  class Step {
    @IsInt() @Max(10) amount!: number;
  }
  class RegisteredStep {
    @IsInt() @Max(10) amount!: number;
  }
  class Order {
    @IsOptional() @ValidateNested() @Type(() => Step) step?: Step;
    @IsOptional() @ValidateNested({ each: true }) @Type(() => Step) steps?: Step[];
    @IsOptional() @ValidateNested({ each: true }) @Type(() => Step) byName?: Map<string, Step>;
    @IsOptional() @ValidateNested({ each: true }) @Type(() => Step) all?: Set<Step>;
    /** Without `@Type`. */
    @IsOptional() @ValidateNested() plain?: Step;
    @IsOptional() @ValidateNested() any?: unknown;
    @IsOptional() @ValidateNested() @Type(() => RegisteredStep) registered?: RegisteredStep;
  }
  class Outer {
    @ValidateNested() @Type(() => Order) order!: Order;
  }
  class LongStep extends Step {}
  class Other {
    amount!: number;
  }
  PyroClass('hostile.RegisteredStep')(RegisteredStep);
  PyroClass('hostile.LongStep')(LongStep);
  registerClass(Other, { name: 'hostile.Other', fields: ['amount'] });
  PyroClass('hostile.Order')(Order);
  PyroClass('hostile.Outer')(Outer);

  const FOREIGN: [string, unknown][] = [
    ['an exception', { __class__: 'builtins.ValueError', __exception__: true, args: [1], attributes: { amount: 500 } }],
    ['a URI', { __class__: 'Pyro5.core.URI', state: pyTuple('PYRO', 'x', null, 'h', 1) }],
    ['a daemon', { __class__: 'Pyro5.server.Daemon', state: pyTuple() }],
    ['bytes', Buffer.from('abc')],
    ['an array', NdArray.from([1, 2])],
    ['an instance of another class', { __class__: 'hostile.Other', amount: 500 }],
  ];
  const PLACES: [string, (value: unknown) => object][] = [
    ['a member', (step) => ({ step })],
    ['an item of a list', (step) => ({ steps: [{ amount: 1 }, step] })],
    ['an item of a list in a list', (step) => ({ steps: [[step]] })],
    ['a value of a Map', (step) => ({ byName: { a: step } })],
    ['a value of a Map with other keys', (step) => ({ byName: new Map([[1, step]]) })],
    ['an item of a Set', (step) => ({ all: [step] })],
    ['a member without @Type', (plain) => ({ plain })],
    ['a member whose class is registered', (registered) => ({ registered })],
  ];

  it.each(FOREIGN.flatMap(([what, value]) => NAMES.map((name) => [what, name, value] as const)))(
    '%s is refused in a nested place, in %s',
    (_what, name, value) => {
      // json has no bytes, and neither json nor msgpack have dicts with numbers as keys
      if (name === 'json' && Buffer.isBuffer(value)) return;
      for (const [what, place] of PLACES) {
        if (what.endsWith('other keys') && (name === 'json' || name === 'msgpack')) continue;
        const order = { __class__: 'hostile.Order', ...place(value) };
        expect(() => through(name, order)).toThrow(
          /must be an object of (Step|RegisteredStep)|expected hostile.RegisteredStep, not/,
        );
        expect(() => through(name, { __class__: 'hostile.Outer', order: { ...order, __class__: undefined } })).toThrow(
          /must be an object of|expected|no class is known/,
        );
      }
    },
  );

  it.each(FOREIGN.filter(([what]) => what !== 'an instance of another class'))(
    '%s is refused in a nested place whose class nothing tells',
    (_what, value) => {
      for (const any of [value, [value], new Map([[1, value]])])
        expect(() => through('serpent', { __class__: 'hostile.Order', any })).toThrow(
          'it must be an object of a class with rules',
        );
    },
  );

  it('scalars are refused by class-validator in a nested place', () => {
    for (const place of PLACES.slice(0, -1).map(([, each]) => each))
      for (const value of ['text', 5, true]) {
        const order = { __class__: 'hostile.Order', ...place(value) };
        expect(() => through('serpent', order)).toThrow(/must be either object or array/);
      }
    expect(() => through('serpent', { __class__: 'hostile.Order', steps: [null] })).toThrow(/must be either object or array/);
    expect(() => through('serpent', { __class__: 'hostile.Order', registered: 5 })).toThrow(
      'expected hostile.RegisteredStep, not 5',
    );
  });

  it('an instance of a class that extends the nested class keeps its place, and its rules have run', () => {
    const step = { __class__: 'hostile.LongStep', amount: 5 };
    for (const [, place] of PLACES.slice(0, -2)) {
      const made = through('serpent', { __class__: 'hostile.Order', ...place(step) });
      expect(
        JSON.stringify(made, (_, each: unknown) => (each instanceof Map || each instanceof Set ? [...each] : each)),
      ).toContain('"amount":5');
      expect(() => through('serpent', { __class__: 'hostile.Order', ...place({ ...step, amount: 500 }) })).toThrow('amount');
    }
    const other = through('serpent', { __class__: 'hostile.Order', any: { __class__: 'hostile.Other', amount: 5 } }) as Order;
    expect(other.any).toBeInstanceOf(Other);
  });
});

it('a Date that is right is not told as invalid where another type is expected', () => {
  const readText = (value: unknown): unknown => readTyped({ kind: 'scalar', scalar: 'str' }, value, 'id', () => undefined);
  expect(() => readText(new Date(0))).toThrow('id is a Date; it must be a str');
  expect(() => readText(new Date(NaN))).toThrow('id is an invalid Date; it must be a str');
});

it('an invalid Date is no datetime', () => {
  class Dated {
    @Type(() => Date) when!: Date;
  }
  registerClass(Dated, { name: 'hostile.Dated', fields: { when: 'datetime' } });
  for (const when of ['garbage', { a: 1 }])
    expect(() => through('serpent', { __class__: 'hostile.Dated', when })).toThrow(/when of .*it must be a datetime/);
});
