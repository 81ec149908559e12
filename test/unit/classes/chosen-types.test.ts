import 'reflect-metadata';
import { Transform, Type } from 'class-transformer';
import { Allow, IsInt, IsOptional, Max, ValidateNested } from 'class-validator';
import { describe, expect, it } from 'vitest';
import { PyroClass, registerClass, SERIALIZER_IDS } from '../../../lib/core.js';
import { checkTransformable } from '../../../lib/classes/dto/transformable.js';
import { createSerializers } from '../../../lib/serializers/serializers.js';

const serializer = createSerializers({}).get(SERIALIZER_IDS.serpent)!;
const read = (name: string, members: object): unknown => serializer.loads(serializer.dumps({ __class__: name, ...members }));
const huge = { length: 2 ** 52 };

class Free {
  @Allow() value: unknown;
}
class Counted {
  @IsInt() @Max(10) @Type(() => Number) value!: number;
}
class Held {
  @Allow() @Type(() => Buffer) value?: Buffer;
}
PyroClass('chosen.Held')(Held);
type Chooser = (about: { object: { kind?: string; meta: { kind: string } } }) => unknown;
const chosen = (choose: Chooser): PropertyDecorator => Type(choose as never);

describe.each(['registered', 'for a pipe'])('a @Type that chooses by the object, %s', (how) => {
  class Chosen {
    @Allow() kind!: string;
    @ValidateNested()
    @chosen(({ object }) => (object.kind === 'a' ? Free : object.kind === 'h' ? Held : Counted))
    body: unknown;
  }
  class ChosenBelow {
    @Allow() meta: unknown;
    @ValidateNested() @chosen(({ object }) => (object.meta.kind === 'a' ? Free : Counted)) body: unknown;
  }
  class ChosenScalar {
    @Allow() meta: unknown;
    @Allow() kind: unknown;
    @IsOptional() @Allow() @chosen(({ object }) => (object.kind === 'n' ? Number : Buffer)) value: unknown;
    /** Chooses by a dict that class-transformer does not get. */
    @IsOptional()
    @Allow()
    @chosen(({ object }) => (object.meta.kind === 'n' ? Number : Buffer))
    @Transform(({ value }: { value: unknown }) => value)
    changed: unknown;
  }
  const types = [Chosen, ChosenBelow, ChosenScalar] as const;
  for (const type of types) PyroClass(`chosen.${how}.${type.name}`.replaceAll(' ', ''))(type);
  const take = (type: (typeof types)[number], members: object): unknown => {
    if (how === 'registered') return read(`chosen.${how}.${type.name}`, members);
    checkTransformable(type, members, { isImplicit: false, spend: () => {} });
    return undefined;
  };

  it('values of the class that a @Type chooses by the object pass, and others do not', () => {
    const made = take(Chosen, { kind: 'a', body: { value: { x: 1 } } }) as Chosen | undefined;
    if (made !== undefined) expect(made.body).toBeInstanceOf(Free);
    take(Chosen, { kind: 'b', body: { value: 5 } });
    take(ChosenBelow, { meta: { kind: 'a' }, body: { value: { x: 1 } } });
    expect(() => take(Chosen, { kind: 'b', body: { value: { x: 1 } } })).toThrow('value of Counted');
    expect(() => take(Chosen, { kind: 'h', body: { value: huge } })).toThrow('value of Held');
    expect(() => take(ChosenBelow, { meta: { kind: 'b' }, body: { value: { x: 1 } } })).toThrow('value of Counted');
    take(ChosenScalar, { kind: 'n', meta: { kind: 'n' }, value: '5' });
    expect(() => take(ChosenScalar, { kind: 'b', meta: { kind: 'b' }, value: huge })).toThrow('value of ChosenScalar');
    expect(() => take(ChosenScalar, { kind: 'b', meta: { kind: 'b' }, changed: huge })).toThrow('changed of ChosenScalar');
  });

  it('the error of a function of @Type is the one of class-transformer', () => {
    expect(() => take(ChosenBelow, { meta: null, body: { value: 1 } })).toThrow(/null .*'kind'/);
  });
});

it('what class-transformer gets in place of a dict that is read already is checked, too', () => {
  class ChosenAnew {
    @Allow() meta: unknown;
    @Allow()
    @chosen(({ object }) => (object.meta.kind === 'n' ? Number : Buffer))
    @Transform(({ value }: { value: unknown }) => value)
    changed: unknown;
  }
  PyroClass('chosen.ChosenAnew')(ChosenAnew);
  expect(() => read('chosen.ChosenAnew', { meta: { kind: 'n' }, changed: huge })).toThrow('changed of ChosenAnew');
});

it('a registered class may be one of those that an object chooses', () => {
  class Choice {
    @Allow() kind!: string;
    @ValidateNested() @chosen(({ object }) => (object.kind === 'h' ? Held : Counted)) body: unknown;
  }
  class Untold {
    @Allow() value: unknown;
  }
  registerClass(Counted, { name: 'chosen.Counted', fields: { value: 'int' } });
  PyroClass('chosen.Choice')(Choice);
  expect((read('chosen.Choice', { kind: 'h', body: { value: Buffer.from('a') } }) as Choice).body).toBeInstanceOf(Held);
  expect((read('chosen.Choice', { kind: 'b', body: { value: 5 } }) as Choice).body).toBeInstanceOf(Counted);
  registerClass(Untold, { name: 'chosen.Untold', fields: ['value'] });
  expect(() => read('chosen.Choice', { kind: 'b', body: { __class__: 'chosen.Untold', value: 5 } })).toThrow(
    'it must be an object of Counted',
  );
});

it('the emitted type counts for a @Type without a function', () => {
  class Bare {
    @IsOptional() @Allow() @Type() data?: Buffer;
    @IsOptional() @ValidateNested() @Type() step?: Free;
    @IsOptional() @Allow() @Type() all?: Set<unknown>;
  }
  PyroClass('chosen.Bare')(Bare);
  const check = (value: object): void => checkTransformable(Bare, value, { isImplicit: false, spend: () => {} });
  for (const take of [check, (value: object) => read('chosen.Bare', value)]) {
    expect(() => take({ data: huge })).toThrow('data of Bare is');
    expect(() => take({ step: new Held() })).toThrow('must be an object of Free');
    take({ data: Buffer.from('a'), step: { value: 1 }, all: [1] });
  }
  expect((read('chosen.Bare', { step: { value: 1 } }) as Bare).step).toBeInstanceOf(Free);
});

it('a pipe looks into instances, and gets no foreign object where a @Type is', () => {
  class Step {
    @Allow() @Type(() => Buffer) data?: unknown;
    @Allow() any?: unknown;
  }
  class Outer {
    @Allow() any: unknown;
    @Allow() @Type(() => Step) step?: Step;
    @Allow() @Type(() => Object) object?: unknown;
    @Allow() @Type(() => Array) list?: unknown[];
  }
  class Failure extends Error {
    @Type(() => Buffer) data?: unknown;
  }
  const check = (value: object): void => checkTransformable(Outer, value, { isImplicit: false, spend: () => {} });
  const bad = Object.assign(new Step(), { data: huge });
  const failure = Object.assign(new Failure('x'), { data: huge });
  const deep = Object.assign(new Step(), { any: [{ a: new Set([bad]) }] });
  for (const each of [bad, failure, deep]) {
    for (const any of [each, [each], { a: each }, new Set([each])])
      expect(() => check({ any })).toThrow(/data of (Step|Failure) is/);
    expect(() => check({ object: { a: each } })).toThrow(/data of (Step|Failure) is/);
    expect(() => check({ list: [{ a: each }] })).toThrow(/data of (Step|Failure) is/);
  }
  expect(() => check({ step: bad })).toThrow('data of Step is');
  expect(() => check(Object.assign(new Outer(), { step: deep }))).toThrow('data of Step is');
  for (const foreign of [Object.assign(new Held(), { data: huge }), new Error('x')])
    expect(() => check({ step: foreign })).toThrow('it must be an object of Step');
  check({ any: Object.assign(new Step(), { data: Buffer.from('a'), any: new Held() }), step: new Step() });
});

describe('a member with @Type and @Transform', () => {
  class Image {
    @IsInt() width = 1;
    static of(bytes: Buffer): Image {
      return Object.assign(new Image(), { width: bytes.length });
    }
  }
  class Message {
    @IsOptional()
    @ValidateNested()
    @Type(() => Image)
    @Transform(({ value }: { value: unknown }) => (Buffer.isBuffer(value) && value.length < 9 ? Image.of(value) : value))
    image?: Image;
    @IsOptional()
    @Allow()
    @Type(() => Date)
    @Transform(({ obj }: { obj: { when: { seconds: number } } }) => new Date(obj.when.seconds * 1000))
    when?: Date;
    @IsOptional() @Allow() @Type(() => Array) @Transform(({ value }: { value: unknown }) => value) list?: unknown[];
  }
  PyroClass('chosen.Message')(Message);
  const message = (members: object): Message => read('chosen.Message', members) as Message;

  it('the @Transform of a member reads bytes and dicts that the class does not', () => {
    expect(message({ image: Buffer.from('abc') }).image).toEqual(Object.assign(new Image(), { width: 3 }));
    expect(message({ when: { seconds: 5 } }).when).toEqual(new Date(5000));
  });

  it('the value that @Transform makes of a member must be an instance that the rules see', () => {
    expect(() => message({ image: Buffer.from('0123456789') })).toThrow('it must be an object of Image');
    expect(() => message({ image: { width: 'x' } })).toThrow('width must be an integer');
    expect(() => message({ list: huge })).toThrow('it must be a list');
  });

  it('a pipe lets the values of a member with @Type and @Transform pass, except bytes in a place with rules', () => {
    class Loose {
      @Type(() => Image) @Transform(({ value }: { value: unknown }) => value) image?: unknown;
    }
    const use = { isImplicit: false, spend: (): void => {} };
    checkTransformable(Message, { when: { seconds: 5 }, image: { width: 1 } }, use);
    checkTransformable(Loose, { image: Buffer.from('a') }, use);
    expect(() => checkTransformable(Message, { image: Buffer.from('a') }, use)).toThrow('it must be an object of Image');
  });
});
