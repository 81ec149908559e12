import { Bench } from 'tinybench';

export interface BenchmarkOptions {
  /** Run each task just often enough to show that it works; the figures mean nothing. */
  smoke: boolean;
}

/** One line of the table. */
export interface BenchmarkRow {
  name: string;
  value: number;
  /** Of `value`: `calls/s`, `MB/s`, `µs`, … */
  unit: string;
  /** What else is worth knowing, e.g. how it compares. */
  note?: string;
}

/** What a `bench/*.bench.ts` exports as its default. Each runs in a process of its own. */
export type Benchmark = (options: BenchmarkOptions) => Promise<BenchmarkRow[]>;

/** A task of {@link measure}. */
export interface BenchmarkTask {
  name: string;
  run: () => unknown;
  /** Bytes that one run works on: the row is in MB/s then, else in runs/s. */
  bytes?: number;
}

const TIME_MS = 1_000;
const WARMUP_MS = 300;

/** Measures tasks one after the other, each warmed up first; the figure is the median. */
export async function measure(tasks: readonly BenchmarkTask[], { smoke }: BenchmarkOptions): Promise<BenchmarkRow[]> {
  const bench = new Bench({
    throws: true,
    time: smoke ? 0 : TIME_MS,
    iterations: smoke ? 1 : 16,
    warmup: !smoke,
    warmupTime: WARMUP_MS,
    retainSamples: true,
  });
  for (const { name, run } of tasks) bench.add(name, run);
  await bench.run();
  return tasks.map(({ name, bytes }) => {
    const result = bench.getTask(name)?.result;
    if (result === undefined || !('latency' in result)) throw new Error(`${name} was not measured`);
    const medianMs = result.latency.p50 ?? result.latency.mean;
    const note = `median ${(medianMs * 1_000).toPrecision(4)} µs`;
    if (bytes !== undefined) return { name, value: bytes / medianMs / 1_000, unit: 'MB/s', note };
    return { name, value: 1_000 / medianMs, unit: 'runs/s', note };
  });
}
