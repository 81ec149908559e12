import { IsEnum, IsInt, IsOptional, IsString, Length, Min } from 'class-validator';
import { z } from 'zod';
import { PyroClass, registerClass, registerEnum } from '../../../lib/core.js';

/** Classes that the tests send: one of each kind that Python has, and all types of members. */
export enum Colour {
  Red = 'red',
  Green = 'green',
}
registerEnum(Colour, 'lab.Colour');

@PyroClass('lab.Point', { fields: { x: 'float', y: 'float', 'unit?': 'str' } })
export class Point {
  unit = 'mm';
  constructor(
    public x = 0,
    public y = 0,
  ) {}

  get norm(): number {
    return Math.hypot(this.x, this.y);
  }
}

@PyroClass('lab.Size', { fields: { width: 'int', height: 'int' }, python: 'namedtuple' })
export class Size {
  constructor(
    readonly width: number,
    readonly height: number,
  ) {}
}

/** A class whose members are known by decorators of class-validator. */
@PyroClass('lab.Reading', { python: 'pydantic' })
export class Reading {
  @IsString()
  @Length(1, 20)
  sensor!: string;

  @IsInt()
  @Min(0)
  value!: number;

  @IsOptional()
  @IsString()
  note?: string;
}

/** A class with a Standard Schema. */
export class Sample {
  readonly code!: string;
  readonly masses!: number[];
  readonly note?: string;
}
registerClass(Sample, {
  name: 'lab.Sample',
  fields: { code: 'str', masses: ['float'], 'note?': 'str' },
  schema: z.object({ code: z.string().regex(/^[A-Z]\d+$/), masses: z.array(z.number()), note: z.string().optional() }),
  python: 'attrs',
});

@PyroClass('lab.Line', { fields: { start: Point, end: 'lab.Point', 'through?': [Point], 'colour?': Colour } })
export class Line {
  start!: Point;
  end!: Point;
  through?: Point[];
  colour?: Colour;
}

@PyroClass('lab.Visit', {
  fields: {
    at: 'datetime',
    day: 'date',
    noon: 'time',
    took: 'timedelta',
    cost: 'Decimal',
    id: 'UUID',
    file: 'Path',
    count: 'int',
    isDone: 'bool',
    colours: [Colour],
    more: 'any',
  },
})
export class Visit {
  at!: Date;
  day!: string;
  noon!: string;
  took!: number;
  cost!: string;
  id!: string;
  file!: string;
  count!: number | bigint;
  isDone!: boolean;
  colours!: Colour[];
  more: unknown;
}

@PyroClass('lab.Point3', { fields: { z: 'float' } })
export class Point3 extends Point {
  z = 0;
}

@PyroClass('lab.DoorError', { fields: { door: 'str', 'at?': Point } })
export class DoorError extends Error {
  at?: Point;
  constructor(readonly door: string) {
    super(`door ${door} is stuck`);
  }
}

@PyroClass('lab.JammedDoor', { fields: { force: 'float' } })
export class JammedDoor extends DoorError {
  constructor(
    door: string,
    readonly force: number,
  ) {
    super(door);
  }
}

@PyroClass('__main__.ScriptError', { fields: ['line'] })
export class ScriptError extends Error {
  line?: number;
}

/** A class whose rules of class-validator tell a registered enum, and lists. */
@PyroClass('lab.Paint')
export class Paint {
  @IsEnum(Colour)
  colour!: Colour;

  @IsEnum(Colour, { each: true })
  others!: Colour[];

  @IsInt({ each: true })
  layers!: number[];

  @IsOptional()
  @IsEnum(Colour)
  base?: Colour;
}
