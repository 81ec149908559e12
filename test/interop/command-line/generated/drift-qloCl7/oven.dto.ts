import { IsInt, IsOptional, IsString } from 'class-validator';
import { NdArray, PyroClass, registerClass, registerEnum } from 'nestjs-pyro';

/** A step of a programme. */
export class StepDto {
  celsius!: number;
  /** How long the step takes. */
  minutes!: number;
}

export class ProgrammeDto {
  name!: string;
  steps!: StepDto[];
  operator?: string | null;
  tags!: ReadonlySet<string>;
  describe(): string {
    return this.name;
  }
}

export enum Gas {
  Air = 'air',
  Argon = 'argon',
}

export enum Level {
  Low,
  High = 5,
}

export type Mode = 'auto' | 'manual' | 3;

export interface SearchOptions {
  limit: number;
  order?: 'up' | 'down';
}

/** A page of results. */
export interface Page<T> {
  items: T[];
  next: Page<T> | null;
}

/** `from` is no name in Python. */
export interface Range {
  from: number;
  to: number;
}

export type Seconds = number & { readonly unit: 'seconds' };

/** Its type arguments have no end. */
export interface Growing<T> {
  of: T;
  more?: Growing<Map<string, T[]>>;
}

registerEnum(Gas, 'lab.Gas');

/** A place in the oven. */
@PyroClass('lab.Point', { fields: { x: 'float', 'y?': 'float', 'gas?': Gas } })
export class Point {
  x!: number;
  /** How high. */
  y?: number;
  gas?: Gas;
}

@PyroClass('lab.Probe', { fields: { at: 'datetime', date: 'date', 'near?': ['lab.Point'], trace: NdArray } })
export class Probe extends Point {
  at!: Date;
  date!: string;
  near?: Point[];
  trace!: NdArray;
}

@PyroClass('lab.Reading')
export class Reading {
  @IsString()
  sensor!: string;
  @IsInt()
  value!: number;
  @IsOptional()
  when?: Date;
  unsent?: number;
}

export class Span {
  begin!: number;
  end!: number;
}
registerClass(Span, { name: 'lab.Span', fields: ['begin', 'end'], python: 'namedtuple' });
