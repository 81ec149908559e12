import { PyroClass } from 'nestjs-pyro';

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

@PyroClass('lab.Point', { fields: { x: 'float' } })
export class Point {
  x!: number;
}
