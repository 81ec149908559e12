import type { BenchmarkOptions, BenchmarkRow } from './benchmark.js';

const ROUNDS = 5;

/** How long one contender runs before it is measured, and while it is. */
export interface Turn {
  warmUpMs: number;
  ms: number;
}

/** One of those that do the same. */
export interface Contender {
  name: string;
  /** Opens what it needs, warms up, measures, closes; gives how often a second it did it. At least one time it does. */
  measure(turn: Turn): Promise<number>;
}

/**
 * Lets all do the same, in turn within each round. The ratio is the median of the rounds' ratios to the first contender: the
 * machine's mood cancels out of it.
 *
 * @param unit what is counted, `calls/s`
 */
export async function compete(
  task: string,
  unit: string,
  contenders: readonly Contender[],
  { smoke }: BenchmarkOptions,
): Promise<BenchmarkRow[]> {
  const figures = contenders.map((): number[] => []);
  for (let round = 0; round < (smoke ? 1 : ROUNDS); round++) {
    for (const [index, contender] of contenders.entries()) {
      figures[index]!.push(await contender.measure(smoke ? { warmUpMs: 0, ms: 20 } : { warmUpMs: 300, ms: 1_200 }));
    }
  }
  const [first] = figures;
  return contenders.map(({ name }, index) => {
    const own = figures[index]!;
    const ratio = median(own.map((figure, round) => figure / first![round]!));
    return { name: `${task}: ${name}`, value: median(own), unit, note: `${ratio.toFixed(2)} × ${contenders[0]!.name}` };
  });
}

function median(figures: readonly number[]): number {
  return figures.toSorted((a, b) => a - b)[Math.floor(figures.length / 2)]!;
}
