import 'reflect-metadata';
import { Exclude, Expose, Type } from 'class-transformer';
import { IsDate, IsEnum, IsInt, IsOptional, IsString, Min, registerDecorator, ValidateIf, ValidateNested } from 'class-validator';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  type ClassOptions,
  ClassRegistry,
  enumMember,
  PyFloat,
  PyroClass,
  pyTuple,
  registerClass,
  registerEnum,
  SERIALIZER_IDS,
} from '../../../lib/core.js';
import type { SerializerOptions } from '../../../lib/serializers/contract/serializer.js';
import { createSerializers } from '../../../lib/serializers/serializers.js';

const serpent = (options: Partial<SerializerOptions> = {}) => createSerializers(options).get(SERIALIZER_IDS.serpent)!;
/** Reads a Python literal. */
const read = (literal: string, options: Partial<SerializerOptions> = {}): unknown =>
  serpent(options).loads(Buffer.from(`# serpent utf-8 python3.2\n${literal}`));
/** The Python literal of a value. */
const written = (value: unknown): string => serpent().dumps(value).toString().split('\n')[1]!;

class Point {
  constructor(
    public x: number,
    public y: number,
  ) {
    if (x === undefined) throw new Error('the constructor ran');
  }

  norm(): number {
    return Math.hypot(this.x, this.y);
  }
}
registerClass(Point, { name: 'unit.Point', fields: ['x', 'y'] });

class Box {
  readonly #secret = 7;
  label = 'none';
  inner?: Point;

  get secret(): number {
    return this.#secret;
  }
}
registerClass(Box, { name: 'unit.Box', fields: { 'label?': 'str', 'inner?': Point } });

describe('instances', () => {
  it('instances of registered classes are written as class dicts, with the fields in their order', () => {
    expect(written(Object.assign(new Point(1, 2), { cache: 5 }))).toBe("{'x':1,'y':2,'__class__':'unit.Point'}");
    expect(written({ list: [new Point(1, 2)] })).toBe("{'list':[{'x':1,'y':2,'__class__':'unit.Point'}]}");
  });

  it('instances of registered classes are made without a constructor that takes parameters', () => {
    const point = read("{'x':3,'y':4,'__class__':'unit.Point'}") as Point;
    expect(point).toBeInstanceOf(Point);
    expect(point.norm()).toBe(5);
  });

  it('instances of registered classes are made by a constructor that takes none: it gives defaults and #private fields', () => {
    const box = read("{'inner':None,'__class__':'unit.Box'}") as Box;
    expect([box.label, box.inner, box.secret]).toEqual(['none', undefined, 7]);
    expect(read("{'inner':{'x':1,'y':2},'__class__':'unit.Box'}")).toMatchObject({ inner: new Point(1, 2) });
  });

  it('instances of registered classes hold natural values also in faithful mode', () => {
    const dict = "{'x':1.5,'y':(1.0,{'a':2.0}),'__class__':'unit.Point'}";
    expect(read(dict, { values: 'faithful' })).toEqual(Object.assign(new Point(1.5, 0), { y: [1, { a: 2 }] }));
  });

  it('a wrong class dict is an error that names the class and the member', () => {
    const refused: [string, string][] = [
      ["{'x':1,'__class__':'unit.Point'}", 'unit.Point has no y'],
      ["{'x':1,'y':2,'z':3,'__class__':'unit.Point'}", 'unit.Point has no member z; it has x, y'],
      ["{'x':1,'y':2,'norm':3,'__class__':'unit.Point'}", 'unit.Point has no member norm'],
      ["{'x':1,'y':2,'constructor':{},'__class__':'unit.Point'}", 'unit.Point has no member constructor'],
      ["{'x':1,'y':2,'toString':{},'__class__':'unit.Point'}", 'unit.Point has no member toString'],
      ["{'x':1,'y':2,'__proto__':{},'__class__':'unit.Point'}", 'the dict key "__proto__"'],
      ["{'label':5,'__class__':'unit.Box'}", 'label of unit.Box is 5; it must be a str'],
      ["{'inner':[1,2],'__class__':'unit.Box'}", 'expected unit.Point, not [1, 2]'],
      ["{'inner':{'x':1,'y':2,'__class__':'unit.Box'},'__class__':'unit.Box'}", 'unit.Box has no member x, y'],
      ["{'inner':{'label':'a','__class__':'unit.Box'},'__class__':'unit.Box'}", 'expected unit.Point, not [Box]'],
      ["{'inner':{'x':1,'y':2,'__class__':'unknown.Point'},'__class__':'unit.Box'}", 'expected unit.Point, not unknown.Point'],
      ["{'x':1,'y':2,'__class__':'unknown.Point'}", 'unsupported serialized class: unknown.Point'],
    ];
    for (const [literal, message] of refused) {
      expect(() => read(literal), literal).toThrow(message);
    }
    expect(() => read("{'x':1,'y':2,'__proto__':{},'__class__':'unit.Point'}", { values: 'faithful' })).toThrow('unit.Point');
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it('instances of registered classes count in the memory that values may take', () => {
    const points = `[${"{'x':1,'y':2,'__class__':'unit.Point'},".repeat(1000)}]`;
    const dicts = points.replaceAll('__class__', '__klass__');
    expect(() => read(dicts, { maxValueBytes: 150_000 })).not.toThrow();
    expect(() => read(points, { maxValueBytes: 150_000 })).toThrow('maxValueBytes');
  });
});

it('a class without members travels, and sends none', () => {
  class Token {
    cache = 5;
  }
  registerClass(Token, { name: 'unit.Token', fields: [] });
  expect(written(new Token())).toBe("{'__class__':'unit.Token'}");
  expect(read("{'__class__':'unit.Token'}")).toBeInstanceOf(Token);
});

describe('registering', () => {
  const fresh = (): new () => object => class Fresh {};

  it('registerClass refuses a name that another class has, invalid names, and classes whose members are not known', () => {
    expect(() => registerClass(fresh(), { name: 'unit.Point', fields: [] })).toThrow('is registered for another class');
    for (const name of ['Point', '', 'a b.Point', 'lab.', '1.x'])
      expect(() => PyroClass(name, { fields: ['x'] })(fresh()), name).toThrow('is no name of a Python class');
    expect(() => PyroClass('unit.Fresh')(fresh())).toThrow('the members of Fresh are not known; give fields');
    const classes = new ClassRegistry();
    expect(() => registerClass(Point, { name: 'unit.Point', fields: ['x'], toDict: () => ({}) } as never, classes)).toThrow(
      'one way is enough',
    );
  });

  it('registerClass refuses wrong options', () => {
    const wrong = (options: object) => () => PyroClass('unit.Wrong', options as ClassOptions)(fresh());
    expect(wrong({ schema: 5 })).toThrow('schema is 5; it must be a Standard Schema');
    expect(wrong({ python: 'struct' })).toThrow('dataclass, namedtuple, pydantic or attrs');
    expect(wrong({ feilds: [] })).toThrow('did you mean fields?');
    expect(wrong({ fields: { x: 'flaot' } })).toThrow('unit.Wrong.x is the text "flaot"; a type is one of');
    expect(wrong({ fields: { x: undefined } })).toThrow('used before it is defined');
    expect(wrong({ fields: ['toString'] })).toThrow('unit.Wrong.toString: a member cannot have this name');
  });

  it('@PyroClass works as a function, and as a decorator of the standard', () => {
    const classes = new ClassRegistry();
    class Plain {
      a = 1;
    }
    const options = { fields: { a: 'int' }, registry: classes } as const;
    expect(PyroClass('unit.Plain', options)(Plain)).toBe(Plain);
    const context = { kind: 'class', name: 'Plain' } as unknown as ClassDecoratorContext<typeof Plain>;
    expect(PyroClass('unit.Plain', options)(Plain, context)).toBe(Plain);
    expect(read("{'a':5,'__class__':'unit.Plain'}", { classes })).toEqual(Object.assign(new Plain(), { a: 5 }));
    expect(() => read("{'a':5,'__class__':'unit.Plain'}")).toThrow('unsupported serialized class');
  });

  it('classes may name each other by their Python names', () => {
    class Node {
      next?: Node;
      items: Node[] = [];
    }
    registerClass(Node, { name: 'unit.Node', fields: { 'next?': 'unit.Node', items: ['unit.Node'] } });
    const node = read("{'next':{'items':[]},'items':[{'items':[]}],'__class__':'unit.Node'}") as Node;
    expect([node.next, node.items[0]]).toEqual([new Node(), new Node()]);
    class Lost {}
    registerClass(Lost, { name: 'unit.Lost', fields: { at: 'unit.Nowhere' } as never });
    expect(() => read("{'at':{},'__class__':'unit.Lost'}")).toThrow('unit.Nowhere is no registered class');
  });

  it('a registered class gets the fields of the class that it extends', () => {
    class Point3 extends Point {
      z?: number;
    }
    registerClass(Point3, { name: 'unit.Point3', fields: ['z'] });
    const point = read("{'x':1,'y':2,'z':3,'__class__':'unit.Point3'}");
    expect(point).toBeInstanceOf(Point3);
    expect(written(point)).toBe("{'x':1,'y':2,'z':3,'__class__':'unit.Point3'}");
    class Unregistered extends Point3 {}
    expect(written(new Unregistered(1, 2))).toBe("{'x':1,'y':2,'__class__':'unit.Point3'}");
  });
});

describe('types of members', () => {
  let count = 0;
  const holding = (type: unknown) => {
    class Holder {
      value: unknown;
    }
    const name = `unit.Holder${++count}`;
    registerClass(Holder, { name, fields: { value: type as string } });
    return {
      read: (literal: string) => (read(`{'value':${literal},'__class__':'${name}'}`) as Holder).value,
      written: (value: unknown) => /^\{'value':(.*),'__class__'/.exec(written(Object.assign(new Holder(), { value })))![1],
    };
  };

  it.each([
    ['int', '5', 5, '5'],
    ['int', String(2n ** 70n), 2n ** 70n, String(2n ** 70n)],
    ['float', '2.0', 2, '2.0'],
    ['number', '2', 2, '2'],
    ['bool', 'True', true, 'True'],
    ['bytes', "{'data':'AQI=','encoding':'base64'}", Buffer.from([1, 2]), "{'data': 'AQI=', 'encoding': 'base64'}"],
    ['datetime', "'2026-01-31T10:20:30+02:00'", new Date('2026-01-31T08:20:30Z'), "'2026-01-31T08:20:30+00:00'"],
    ['date', "'2026-01-31'", '2026-01-31', "'2026-01-31'"],
    ['time', "'10:20:30.500000'", '10:20:30.500000', "'10:20:30.500000'"],
    ['timedelta', '60', 60, '60.0'],
    ['Decimal', "'-1.10E+3'", '-1.10E+3', "'-1.10E+3'"],
    ['UUID', "'00000000-0000-0000-0000-00000000000a'", '00000000-0000-0000-0000-00000000000a', undefined],
    ['Path', "'/a'", '/a', "'/a'"],
    [['float'], '[1.0]', [1], '[1.0]'],
    [[Point], "[{'x':1,'y':2}]", [new Point(1, 2)], "[{'x':1,'y':2,'__class__':'unit.Point'}]"],
  ])('a member of type %s reads %s, and is written again', (type, literal, value, again) => {
    const holder = holding(type);
    expect(holder.read(literal)).toEqual(value);
    expect(holder.written(value)).toBe(again ?? literal);
  });

  it.each([
    ['int', '5.5'],
    ['float', "'5'"],
    ['bool', '1'],
    ['bytes', "'x'"],
    ['datetime', "'2026-01-31'"],
    ['datetime', "'2026-13-31T10:20:30'"],
    ['date', "'31.1.2026'"],
    ['time', "'noon'"],
    ['timedelta', "'1'"],
    ['Decimal', "'one'"],
    ['Decimal', '1.5'],
    ['UUID', "'5'"],
    ['Path', '5'],
    ['str', 'None'],
    [['int'], '5'],
    [['int'], '[1,None]'],
    [{ A: 'a' }, "'b'"],
  ])('a member of type %s refuses %s', (type, literal) => {
    expect(() => holding(type).read(literal)).toThrow(/of unit.Holder\d+ is/);
  });

  it('a plain object is written as the class of its member', () => {
    expect(holding(Point).written({ x: 1, y: 2, more: 3 })).toBe("{'x':1,'y':2,'__class__':'unit.Point'}");
  });

  it('a namedtuple is accepted as a list of its members', () => {
    class Size {
      width?: number;
      height?: number;
    }
    registerClass(Size, { name: 'unit.Size', fields: ['width', 'height'], python: 'namedtuple' });
    expect(holding(Size).read('(1, 2)')).toEqual(Object.assign(new Size(), { width: 1, height: 2 }));
    expect(() => holding(Size).read('(1,)')).toThrow('expected unit.Size, not [1]');
    expect(() => holding(Point).read('(1, 2)')).toThrow('expected unit.Point, not [1, 2]');
  });

  it('members of a registered enum come as its values, and go as members of the Enum', () => {
    enum Colour {
      Red = 'red',
      Green = 'green',
    }
    const holder = holding([Colour]);
    expect(holder.written([Colour.Red])).toBe("['red']");
    registerEnum(Colour, 'unit.Colour');
    expect(holder.read("[{'value':'green','__class__':'unit.Colour'},'red']")).toEqual([Colour.Green, Colour.Red]);
    expect(holder.written([Colour.Red])).toBe("[{'value':'red','__class__':'unit.Colour'}]");
    expect(read("{'value':'red','__class__':'unit.Colour'}")).toBe('red');
    expect(written(enumMember(Colour, Colour.Red))).toBe("{'value':'red','__class__':'unit.Colour'}");
    expect(() => read("{'value':'blue','__class__':'unit.Colour'}")).toThrow('blue is no value of unit.Colour: red, green');
    enum Level {
      Low,
      High,
    }
    expect(holding(Level).read('1')).toBe(Level.High);
    expect(() => holding(Level).read("'Low'")).toThrow('one of 0, 1');
    expect(() => enumMember(Level, Level.Low)).toThrow('the enum is not registered');
  });

  it('a float is written as a float in every member of that type', () => {
    expect(written(pyTuple(new PyFloat(1)))).toBe('(1.0,)');
    expect(holding('float').written(1)).toBe('1.0');
  });
});

class Step {
  @IsInt()
  @Min(1)
  minutes!: number;
}

@PyroClass('unit.Plan')
class Plan {
  @IsString()
  name!: string;

  @ValidateNested({ each: true })
  @Type(() => Step)
  steps!: Step[];

  @IsOptional()
  @IsDate()
  @Type(() => Date)
  start?: Date;

  @IsOptional()
  @Exclude({ toPlainOnly: true })
  @IsString()
  secret?: string;

  @Expose({ name: 'ownerName' })
  @IsOptional()
  owner?: string;
}

describe('a class with decorators of class-validator and class-transformer', () => {
  it('an instance of a class with validators is made by class-transformer and validated', () => {
    const plan = read(
      "{'name':'a','steps':[{'minutes':5}],'start':'2026-01-31T10:20:30+00:00','ownerName':'me','__class__':'unit.Plan'}",
    ) as Plan;
    expect(plan).toBeInstanceOf(Plan);
    expect(plan.steps[0]).toBeInstanceOf(Step);
    expect(plan).toMatchObject({ start: new Date('2026-01-31T10:20:30Z'), owner: 'me' });
    expect(written(Object.assign(plan, { secret: 'x', start: undefined }))).toBe(
      "{'name':'a','steps':[{'minutes':5}],'ownerName':'me','__class__':'unit.Plan'}",
    );
  });

  it('an instance of a class with validators is refused with the messages of class-validator', () => {
    expect(() => read("{'name':5,'steps':[{'minutes':0}],'__class__':'unit.Plan'}")).toThrow(
      'unit.Plan is refused: name must be a string; minutes must not be less than 1',
    );
    expect(() => read("{'name':'a','steps':[],'other':1,'__class__':'unit.Plan'}")).toThrow('unit.Plan has no member other');
  });

  it('a class with validators takes the types that TypeScript emitted: a nested class needs no @Type', () => {
    @PyroClass('unit.Outer')
    class Outer {
      @IsOptional()
      inner?: Point;

      @IsInt()
      count!: number;
    }
    expect(read("{'inner':{'x':1,'y':2},'count':1,'__class__':'unit.Outer'}")).toEqual(
      Object.assign(new Outer(), { inner: new Point(1, 2), count: 1 }),
    );
    expect(() => read("{'count':1.5,'__class__':'unit.Outer'}")).toThrow('count must be an integer number');
  });

  it('a member with @IsEnum travels as a member of the registered Enum, and class-validator refuses other values', () => {
    enum Shade {
      Light = 'light',
      Dark = 'dark',
    }
    registerEnum(Shade, 'unit.Shade');
    enum Local {
      A = 'a',
    }
    @PyroClass('unit.Wall', { fields: ['shade', 'shades', 'local', 'sizes', 'side'] })
    class Wall {
      @IsEnum(Shade) shade: Shade | undefined;
      @IsEnum(Shade, { each: true }) shades: Shade[] = [];
      @IsEnum(Local) local = Local.A;
      @IsInt({ each: true }) sizes: number[] = [];
      @ValidateIf(({ sizes }: Wall) => sizes.length > 1) @IsEnum(Shade) side: unknown;
    }
    const dark = "{'value':'dark','__class__':'unit.Shade'}";
    const text = `{'shade':${dark},'shades':[${dark}],'local':'a','sizes':[1],'side':${dark},'__class__':'unit.Wall'}`;
    const wall = read(text) as Wall;
    expect(wall).toMatchObject({ shade: 'dark', shades: ['dark'], local: 'a', sizes: [1], side: 'dark' });
    expect(written(wall)).toBe(text);
    const given = (shade: string, sizes: string): string =>
      `{'shade':${shade},'shades':['light'],'local':'a','sizes':${sizes},'side':'none','__class__':'unit.Wall'}`;
    expect(read(given("'light'", '[1]'))).toMatchObject({ shade: 'light', side: 'none' });
    expect(() => read(given("'red'", '[1]'))).toThrow(
      'unit.Wall is refused: shade must be one of the following values: light, dark',
    );
    expect(() => read(given("'dark'", '[1, 2.5]'))).toThrow(
      'unit.Wall is refused: each value in sizes must be an integer number; side must be one of the following values: light, dark',
    );
  });

  it('a class is refused when validators of a nested class would not run', () => {
    @PyroClass('unit.Untyped')
    class Untyped {
      @ValidateNested({ each: true })
      steps!: Step[];
    }
    expect(() => read("{'steps':[{'minutes':0}],'__class__':'unit.Untyped'}")).toThrow(
      'unit.Untyped.steps has @ValidateNested, but no class is known for it',
    );
    expect(read("{'steps':[],'__class__':'unit.Untyped'}")).toEqual(Object.assign(new Untyped(), { steps: [] }));
  });

  it('a class is refused when a validator is asynchronous, since nothing could wait for it', () => {
    class Slow {
      value!: string;
    }
    registerDecorator({
      target: Slow,
      propertyName: 'value',
      options: {},
      async: true,
      validator: { validate: () => Promise.resolve(false) },
    } as never);
    PyroClass('unit.Slow')(Slow);
    expect(() => read("{'value':'a','__class__':'unit.Slow'}")).toThrow('Slow has an asynchronous validator');
  });
});

describe('a class with a schema', () => {
  class Sample {
    readonly code!: string;
    readonly mass!: number;
  }
  registerClass(Sample, {
    name: 'unit.Sample',
    schema: z.object({ code: z.string().toUpperCase(), mass: z.number().default(1) }),
  });

  it('an instance of a class with a schema gets the output of the schema', () => {
    const sample = read("{'code':'a','more':1,'__class__':'unit.Sample'}");
    expect(sample).toEqual(Object.assign(new Sample(), { code: 'A', mass: 1 }));
    expect(written(sample)).toBe("{'code':'A','mass':1,'__class__':'unit.Sample'}");
  });

  it('an instance of a class with a schema is refused with the issues of the schema', () => {
    expect(() => read("{'code':5,'__class__':'unit.Sample'}")).toThrow(
      'unit.Sample is refused: code: Invalid input: expected string, received number',
    );
  });

  it('a class refuses an asynchronous schema, since nothing could wait for it', () => {
    class Slow {}
    registerClass(Slow, { name: 'unit.SlowSchema', schema: z.object({}).refine(() => Promise.resolve(true)) });
    expect(() => read("{'__class__':'unit.SlowSchema'}")).toThrow(/asynchronous|Promise/);
    class Lazy {}
    // oxlint-disable-next-line unicorn/no-thenable -- a promise of another library
    const validate = (): unknown => ({ then: () => undefined });
    registerClass(Lazy, { name: 'unit.LazySchema', schema: { '~standard': { version: 1, vendor: 'unit', validate } } as never });
    expect(() => read("{'__class__':'unit.LazySchema'}")).toThrow('asynchronous');
  });

  it('an instance of a class with a schema gets no member that would hide a member of every object', () => {
    class Loose {}
    registerClass(Loose, { name: 'unit.Loose', schema: z.looseObject({}) });
    expect(() => read("{'toString':1,'__class__':'unit.Loose'}")).toThrow('unit.Loose has no member toString');
  });
});

describe('dates: Date', () => {
  const when = new Date('2026-01-31T10:20:30.500Z');

  it("dates: 'Date' reads texts of datetimes as Dates, wherever they stand in values", () => {
    const literal =
      "[{'at':'2026-01-31T10:20:30.500000+00:00'},('2026-01-31 10:20:30.500Z',),'2026-01-31','at 2026-01-31T10:20:30']";
    expect(read(literal, { dates: 'Date' })).toEqual([{ at: when }, [when], '2026-01-31', 'at 2026-01-31T10:20:30']);
    expect(read(literal, { dates: 'Date', values: 'faithful' })).toMatchObject([new Map([['at', when]]), {}, '2026-01-31', {}]);
    expect(read("'2026-01-31T10:20:30.500000+00:00'")).toBe('2026-01-31T10:20:30.500000+00:00');
  });

  it("dates: 'Date' reads arguments of calls so, but not the names", () => {
    const name = '2026-01-31T10:20:30.500000+00:00';
    const serializer = serpent({ dates: 'Date' });
    const call = serializer.loadsCall(serializer.dumpsCall({ objectId: name, method: name, args: [when], kwargs: { k: when } }));
    expect(call).toEqual({ objectId: name, method: name, args: [when], kwargs: { k: when } });
  });

  it("dates: 'Date' takes a time without a zone as local", () => {
    expect(read("'2026-01-31T10:20:30'", { dates: 'Date' })).toEqual(new Date(2026, 0, 31, 10, 20, 30));
  });
});
