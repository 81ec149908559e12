import 'reflect-metadata';
import { Exclude, Expose, Transform, Type } from 'class-transformer';
import { IsInt, IsNumber, IsOptional, IsString, Max, ValidateNested } from 'class-validator';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type ClassOptions, NdArray, PyroClass, registerClass, SERIALIZER_IDS } from '../../../lib/core.js';
import { createSerializers } from '../../../lib/serializers/serializers.js';

const serializer = createSerializers({}).get(SERIALIZER_IDS.serpent)!;
const read = (literal: string): unknown => serializer.loads(Buffer.from(`# serpent utf-8 python3.2\n${literal}`));

class FieldsPoint {
  x!: number;
  y!: number;
}
registerClass(FieldsPoint, { name: 'nested.FieldsPoint', fields: { x: 'float', y: 'float' } });

class TransformedPoint {
  @Expose()
  x!: number;
  @Expose()
  y!: number;
}
registerClass(TransformedPoint, { name: 'nested.TransformedPoint', fields: { x: 'float', y: 'float' } });

@PyroClass('nested.ValidatedPoint')
class ValidatedPoint {
  @IsNumber()
  x!: number;
  @IsNumber()
  y!: number;
}

class SchemaPoint {
  readonly x!: number;
  readonly y!: number;
}
registerClass(SchemaPoint, { name: 'nested.SchemaPoint', schema: z.strictObject({ x: z.number(), y: z.number() }) });

/** A class with validators, but without a name for Python. */
class UnregisteredPoint {
  @IsNumber()
  x!: number;
  @IsNumber()
  y!: number;
}

it('class-transformer reads lists and objects of the scalar types in @Type', () => {
  class Scalars {
    @Type(() => Number)
    ids!: number[];
    @Type(() => String)
    names!: Set<string>;
    @Type(() => Date)
    at!: Date;
  }
  registerClass(Scalars, { name: 'nested.Scalars', fields: ['ids', 'names', 'at'] });
  const msgpack = createSerializers({}).get(SERIALIZER_IDS.msgpack)!;
  const at = new Date(1_700_000_000_000);
  const sent = msgpack.dumps({ __class__: 'nested.Scalars', ids: ['1', 2], names: ['a', 7, 'a'], at });
  const expected = { ids: [1, 2], names: new Set(['a', '7']), at };
  expect(msgpack.loads(sent)).toEqual(Object.assign(new Scalars(), expected));
});

describe.each([FieldsPoint, TransformedPoint, ValidatedPoint, SchemaPoint, UnregisteredPoint])(
  'a nested plain dict where class-transformer has @Type(() => %o)',
  (Point: new () => object) => {
    const { name } = Point;
    const good = "{'x':1.5,'y':2.5}";
    const point = Object.assign(new Point(), { x: 1.5, y: 2.5 });

    class Line {
      @ValidateNested()
      @Type(() => Point)
      from!: object;

      @IsOptional()
      @ValidateNested({ each: true })
      @Type(() => Point)
      through?: object[];

      @IsOptional()
      @ValidateNested()
      @Type(() => Point)
      byName?: Map<string, object>;

      @IsOptional()
      @ValidateNested({ each: true })
      @Type(() => Point)
      all?: Set<object>;

      @Expose({ name: 'lastPoint' })
      @IsOptional()
      @ValidateNested()
      @Type(() => Point)
      last?: object;

      @IsOptional()
      @ValidateNested()
      @Type(() => Point)
      @Transform(({ value }: { value: unknown }) => value)
      changed?: object;
    }
    PyroClass(`nested.${name}Line`)(Line);

    class Drawing {
      @ValidateNested()
      @Type(() => Line)
      line!: Line;
    }
    PyroClass(`nested.${name}Drawing`)(Drawing);

    /** Neither registered nor validated. */
    class Wrapped {
      @Type(() => Point)
      at!: object;
    }
    class Deep {
      @Type(() => Wrapped)
      wrapped!: Wrapped;
    }
    PyroClass(`nested.${name}Deep`, { fields: ['wrapped'] })(Deep);

    const line = (members: string): string => `{${members},'__class__':'nested.${name}Line'}`;
    const shapes: [string, (point: string) => string][] = [
      ['a member', (at) => line(`'from':${at}`)],
      ['an item of a list', (at) => line(`'from':${good},'through':[${good},${at}]`)],
      ['a value of a Map', (at) => line(`'from':${good},'byName':{'a':${at}}`)],
      ['a value of a Map with keys that are no texts', (at) => line(`'from':${good},'byName':{1:${at}}`)],
      ['an item of a list in a Map', (at) => line(`'from':${good},'byName':{1:${good},2:[${at}]}`)],
      ['an item of a Set', (at) => line(`'from':${good},'all':[${at}]`)],
      ['a renamed member', (at) => line(`'from':${good},'lastPoint':${at}`)],
      ['a member with @Transform', (at) => line(`'from':${good},'changed':${at}`)],
      ['a member of a nested class', (at) => `{'line':{'from':${at}},'__class__':'nested.${name}Drawing'}`],
      ['an item of a nested class', (at) => `{'line':{'from':${good},'through':[${at}]},'__class__':'nested.${name}Drawing'}`],
      ['a member of an unregistered class', (at) => `{'wrapped':{'at':${at}},'__class__':'nested.${name}Deep'}`],
    ];

    it.each(shapes)('a nested dict is read by the rules of the class: %s', (where, shape) => {
      expect(() => read(shape(good))).not.toThrow();
      expect(() => read(shape("{'x':1.5,'y':2.5,'admin':True}"))).toThrow(/admin/);
      // without @ValidateNested nobody asks for the validators of an unregistered class
      if (name === 'UnregisteredPoint' && where.includes('unregistered')) return;
      expect(() => read(shape("{'x':'evil','y':2.5}"))).toThrow(/\bx\b/);
      expect(() => read(shape("{'x':1.5}"))).toThrow(/\by\b/);
    });

    it('a nested dict becomes an instance wherever the class expects one', () => {
      const literal = `'from':${good},'through':[${good}],'byName':{'a':${good}},'all':[${good}],'lastPoint':${good},'changed':${good}`;
      const made = read(line(literal)) as Line;
      expect(made.from).toEqual(point);
      expect(made.from).toBeInstanceOf(Point);
      expect(made.through).toEqual([point]);
      expect(made.through![0]).toBeInstanceOf(Point);
      expect(made.byName).toEqual(new Map([['a', point]]));
      expect(made.all).toEqual(new Set([point]));
      expect([made.last, made.changed]).toEqual([point, point]);
      expect(read(`{'wrapped':{'at':${good}},'__class__':'nested.${name}Deep'}`)).toEqual(
        Object.assign(new Deep(), { wrapped: Object.assign(new Wrapped(), { at: point }) }),
      );
    });
  },
);

describe('containers that the class does not expect', () => {
  class Step {
    @Max(100) c!: number;
  }
  class Plan {
    @ValidateNested({ each: true })
    @Type(() => Step)
    steps!: Step[];

    @IsOptional()
    @ValidateNested()
    @Type(() => Step)
    first?: Step;

    @IsOptional()
    @Type(() => Plan)
    @ValidateNested()
    below?: Plan;
  }
  PyroClass('nested.ContainerPlan')(Plan);
  class Untold {
    @ValidateNested()
    steps!: unknown;
  }
  PyroClass('nested.ContainerUntold')(Untold);

  it.each([
    ['a dict with other keys for a list', "'steps':{1:{'c':1e9,'evil':1}}"],
    ['a dict with other keys in a list', "'steps':[{1:{'c':1e9,'evil':1}}]"],
    ['a dict with other keys for an object', "'steps':[],'first':{1:{'c':1e9,'evil':1}}"],
    ['a dict with other keys in an unregistered class', "'steps':[],'below':{'steps':{1:{'c':1e9}}}"],
  ])('containers that the class does not expect are refused: %s', (_what, members) => {
    expect(() => read(`{${members},'__class__':'nested.ContainerPlan'}`)).toThrow(/is .*, which the class does not expect there/);
  });

  it.each(["[[{'c':1e9}]]", "{1:{'c':1e9}}", "{1:[{'c':1e9}]}"])(
    'containers of objects without a class are refused: %s',
    (steps) => {
      expect(() => read(`{'steps':${steps},'__class__':'nested.ContainerUntold'}`)).toThrow('no class is known for it');
    },
  );
});

describe('a member with @Type', () => {
  const typed = (name: string, decorate: (prototype: object, member: string) => void, options: ClassOptions = {}) => {
    class Owner {
      value: unknown;
    }
    decorate(Owner.prototype, 'value');
    PyroClass(name, { fields: ['value'], ...options })(Owner);
    return (literal: string): unknown => (read(`{'value':${literal},'__class__':'${name}'}`) as Owner).value;
  };

  it('a member with @Type is read as a list when no type was emitted and the value is a list', () => {
    const value = typed('nested.Untyped', Type(() => FieldsPoint) as never);
    const point = Object.assign(new FieldsPoint(), { x: 1, y: 2 });
    expect(value("[{'x':1.0,'y':2.0}]")).toEqual([point]);
    expect(value("{'x':1.0,'y':2.0}")).toEqual(point);
    expect(() => value("[{'x':'evil','y':2.0}]")).toThrow('x of nested.FieldsPoint is "evil"');
    expect(() => value('[5]')).toThrow('expected nested.FieldsPoint');
  });

  it('a member with @Type has the class that its discriminator names', () => {
    class Shape {}
    registerClass(Shape, { name: 'nested.Shape', fields: [] });
    class Circle extends Shape {
      r!: number;
    }
    registerClass(Circle, { name: 'nested.Circle', fields: { r: 'float' } });
    const subTypes = [{ name: 'circle', value: Circle }];
    const value = typed('nested.Shapes', Type(() => Shape, { discriminator: { property: 'kind', subTypes } }) as never);
    expect(value("[{'kind':'circle','r':1.5},{}]")).toEqual([Object.assign(new Circle(), { r: 1.5 }), new Shape()]);
    expect(value("{'kind':'circle','r':1.5}")).toBeInstanceOf(Circle);
    expect(() => value("{'kind':'circle','r':'evil'}")).toThrow('r of nested.Circle');
  });

  it('a member with @Type and @Exclude is left out', () => {
    const value = typed('nested.Excluded', (prototype, member) => {
      Type(() => FieldsPoint)(prototype, member);
      Exclude()(prototype, member);
    });
    expect(value("{'x':1.0,'y':2.0}")).toBeUndefined();
  });

  it('a member without @Type is not copied by class-transformer, and @Transform refuses arrays', () => {
    class Other {
      @Expose() meta: unknown;
      @Transform(({ value }: { value: unknown }) => value) changed: unknown;
    }
    PyroClass('nested.Other', { fields: ['meta?', 'changed?'] })(Other);
    const made = read("{'meta':{'a':[1,{'b':2}]},'changed':{'a':1},'__class__':'nested.Other'}") as Other;
    expect([made.meta, made.changed]).toEqual([{ a: [1, { b: 2 }] }, { a: 1 }]);
    const pixels = NdArray.from(new Float32Array(3));
    const written = serializer.dumps({ __class__: 'nested.Other', changed: [{ pixels }] });
    expect(() => serializer.loads(written)).toThrow('changed has an array, and class-transformer cannot give one to @Transform');
  });

  it('a @Transform without @Type gives the value of the member', () => {
    const change = Transform(({ value }: { value: { a: number } }) => Object.assign(new FieldsPoint(), { x: value.a, y: 0 }));
    const value = typed('nested.Changed', change as never, { fields: { value: FieldsPoint } as never });
    expect(value("{'a':5}")).toEqual(Object.assign(new FieldsPoint(), { x: 5, y: 0 }));
  });
});

it('the messages of validators of a nested class name all members at once', () => {
  class Step {
    @IsInt()
    minutes!: number;
  }
  @PyroClass('nested.Plan')
  class Plan {
    @IsString()
    name!: string;
    @ValidateNested()
    @Type(() => Step)
    step!: Step;
  }
  expect(Plan).toBeDefined();
  expect(() => read("{'name':5,'step':{'minutes':'x'},'__class__':'nested.Plan'}")).toThrow(
    'nested.Plan is refused: name must be a string; minutes must be an integer number',
  );
});
