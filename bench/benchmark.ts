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
