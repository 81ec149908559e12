import { DefaultValuePipe, ParseEnumPipe } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { PyroContext, PyroController, PyroKwargs, PyroMethod, PyroProperty, type RemoteObject } from 'nestjs-pyro';
import { from, type Observable, of } from 'rxjs';
import {
  Gas,
  type Growing,
  Level,
  type Mode,
  type Page,
  Point,
  type Probe,
  ProgrammeDto,
  type Range,
  type Reading,
  type SearchOptions,
  type Seconds,
  type Span,
  type StepDto,
} from './oven.dto.js';

const RENAMED = 'flush_gas';

interface Listener {
  heard(text: string): void;
}

abstract class Device<T> {
  /** Tells the state of the device. */
  @PyroMethod()
  state(): T {
    throw new Error('not here');
  }

  @PyroMethod()
  hidden(): void {}
}

/** A tray in the oven. */
@PyroController({ instanceMode: 'single' })
export class Tray {
  @PyroMethod()
  pull(): void {}
}

/**
 * An oven of the lab.
 *
 * It says """hot""" and C:\hot.
 */
@PyroController('lab.oven', { naming: 'snake_case' })
export class Oven extends Device<{ isHot: boolean; temperature: number }> {
  private level = 1;

  constructor(private readonly tray: Tray) {
    super();
  }

  override hidden(): void {}

  /** The gain, from 1 to 10. */
  @PyroProperty()
  get gain(): number {
    return this.level;
  }
  set gain(level: number) {
    this.level = level;
  }

  @PyroProperty({ name: 'serial' })
  get serialNumber(): string {
    return 'A1';
  }

  /**
   * Loads a programme.
   *
   * @param programme what the oven does
   * @param slotNumber where it is kept
   */
  @PyroMethod()
  async loadProgramme(programme: ProgrammeDto, slotNumber = 1): Promise<Page<StepDto>> {
    return Promise.resolve({ items: programme.steps.slice(slotNumber), next: null });
  }

  @PyroMethod()
  search(text: string, @PyroKwargs() options: SearchOptions): string[] {
    return [text, String(options.limit)];
  }

  @PyroMethod()
  label(@PyroKwargs() values: Record<string, number | string>): void {
    void values;
  }

  @PyroMethod({ name: RENAMED, params: ['slot', 'gas?'] })
  flush(
    @Ctx() _context: PyroContext,
    @Payload('slot') slot: number,
    @Payload('gas', new DefaultValuePipe(Gas.Air), new ParseEnumPipe(Gas)) gas: Gas,
  ): [number, Gas] {
    return [slot, gas];
  }

  @PyroMethod({ oneway: true })
  note(...lines: string[]): void {
    void lines;
  }

  @PyroMethod()
  *frames(count: number | null, scale?: number, pause = 1 as Seconds): Generator<Buffer> {
    for (let index = 0; index < (count ?? 3); index++) yield Buffer.alloc((scale ?? 1) * pause);
  }

  @PyroMethod({ stream: true })
  temperatures(range: Range): Observable<number> {
    return from([range.from, range.to]);
  }

  @PyroMethod()
  latest(): Observable<{ at: string; celsius: number } | undefined> {
    return of(undefined);
  }

  @PyroMethod()
  set(mode: Mode, level: Level, at: Date, data: Uint8Array, [first]: [number, string]): Map<number, boolean> {
    void [mode, level, at, data];
    return new Map([[first, true]]);
  }

  @PyroMethod()
  openTray(listener: RemoteObject<Listener>): Tray {
    void listener;
    return this.tray;
  }

  @PyroMethod()
  big(): bigint | Float64Array {
    return 2n;
  }

  tune(name: string): string;
  tune(level: number, name: string): number;
  @PyroMethod()
  tune(first: string | number, name = ''): string | number {
    return typeof first === 'string' ? first : first + name.length;
  }

  @PyroMethod()
  move(to: Point): Point {
    return to;
  }

  @PyroMethod()
  probe(probe: Probe, readings: Reading[]): Span {
    return { begin: probe.x, end: readings.length };
  }

  @PyroMethod()
  grown(value: Growing<string>): void {
    void value;
  }

  notExposed(): void {}
}
