// Written by `nestjs-pyro types`: run it again instead of changing this file.
import type { KeywordArguments, PyComplex } from 'nestjs-pyro';

/** A camera of the lab. *\/ It ends no comment. */
export interface Camera {
  /** The gain, from 1 to 10. */
  gain: number;
  readonly model: unknown;
  configure(settings: Record<string, Value>): Value;
  /**
   * Takes a \picture.
   *
   * Args:
   *     seconds: how long
   */
  expose(seconds: number, binning: number | bigint, roi: Roi | null, keywords: KeywordArguments<{ roi?: Roi | null; gas?: Gas; level: Level }>): Frame;
  frames(count?: number | bigint | null): AsyncIterable<Frame>;
  lines(...texts: string[] | [...string[], KeywordArguments<{ [options: string]: unknown }>]): Record<string, number | null>[];
  mode(mode: 'auto' | "man'ual" | 3, function_: unknown, in_: readonly PyComplex[]): Map<number, Set<string>>;
  /** Oneway: nobody waits for its end. */
  note(text: string): void;
  numbers(keywords?: KeywordArguments<{ start?: number | bigint }>): AsyncIterable<unknown>;
  serial(): string;
  version(): number[];
}

export interface Device {
  serial(): string;
}

export interface Lamp {
  switch(on: boolean): boolean;
}

export type Box = [Point, number];

/**
 * One picture.
 *
 * Its data is raw.
 */
export interface Frame {
  data: Buffer;
  meta: Meta;
  next: Frame | null;
  shape: [number, number];
}

export type Gas = 'air' | 'argon';

export type Level = 0 | 5;

/** What a frame says of itself. */
export interface Meta {
  seconds?: number;
  taken?: string;
}

export type Point = [number, number];

export type Roi = Box | Point;

export type Value = null | number | string | Value[] | { [key: string]: Value };
