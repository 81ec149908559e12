import type { BenchmarkOptions } from './benchmark.js';
import type { Figures } from './load/meter.js';

/** The times for which a contender runs before it is measured, and while it is measured. */
export interface Turn {
  warmUpMs: number;
  ms: number;
}

/** A program or function that does the same work as the other contenders. */
export interface Contender {
  name: string;
  /** Opens what it needs, warms up, measures, closes. */
  measure(turn: Turn): Promise<Figures>;
}

/** The rounds of a contest. */
export interface Rounds extends Turn {
  rounds: number;
}

const SMOKE: Rounds = { rounds: 1, warmUpMs: 0, ms: 5 };

/** The figures of the contenders of a contest, round by round. */
export class Contest {
  private readonly figures = new Map<string, Figures[]>();

  /** Runs all contenders in turn in each round, so that the load of the machine cancels out of the ratios. */
  static async hold(
    contenders: readonly Contender[],
    rounds: Rounds,
    { smoke }: Pick<BenchmarkOptions, 'smoke'>,
  ): Promise<Contest> {
    const contest = new Contest();
    const { rounds: count, ...turn } = smoke ? SMOKE : rounds;
    // a round that does not count: code that runs for the first time is not compiled yet
    if (!smoke) for (const contender of contenders) await contender.measure(turn);
    for (let round = 0; round < count; round++) {
      for (const contender of contenders) contest.add(contender.name, await contender.measure(turn));
    }
    return contest;
  }

  private add(name: string, figures: Figures): void {
    const known = this.figures.get(name);
    if (known === undefined) this.figures.set(name, [figures]);
    else known.push(figures);
  }

  get names(): string[] {
    return [...this.figures.keys()];
  }

  /** Median of the rounds; NaN when a round does not have the figure. */
  median(name: string, figure: keyof Figures): number {
    return median(this.of(name, figure));
  }

  /** Median of the ratios of the rounds, one contender to another. */
  ratio(name: string, other: string, figure: keyof Figures = 'rate'): number {
    const others = this.of(other, figure);
    return median(this.of(name, figure).map((value, round) => value / others[round]!));
  }

  private of(name: string, figure: keyof Figures): number[] {
    return this.figures.get(name)!.map((figures) => figures[figure] ?? NaN);
  }
}

/** A contender that does some work of this process again and again. Its rate is for a second of CPU: the same on a busy machine. */
export function repeated(name: string, work: () => unknown): Contender {
  const measure = ({ ms }: Turn): Promise<Figures> => {
    const end = performance.now() + ms;
    const before = process.cpuUsage();
    let times = 0;
    do {
      work();
      times++;
    } while (performance.now() < end);
    const { user, system } = process.cpuUsage(before);
    return Promise.resolve({ rate: times / ((user + system) / 1e6) });
  };
  return { name, measure };
}

export function median(figures: readonly number[]): number {
  return figures.toSorted((a, b) => a - b)[Math.floor(figures.length / 2)]!;
}
