export interface BenchmarkOptions {
  /** Run each task just often enough to show that it works; the figures mean nothing. */
  smoke: boolean;
  /** Of a smoke run: fail when Nest is too slow beside a raw Node socket. */
  floor: boolean;
  /** Only cases whose name has this text. */
  case: string;
  /** Only servers (or other contenders) whose name has this text, and those that they are compared with. */
  server: string;
}

/** One line of a table: cells by the names of their columns. */
export type BenchmarkRow = Record<string, string | number>;

/** What a benchmark shows. */
export interface BenchmarkResult {
  rows: BenchmarkRow[];
  /** Why the run has failed, whatever the rows say. */
  failures?: string[];
}

/** What a `bench/*.bench.ts` exports as its default. Each runs in a process of its own. */
export type Benchmark = (options: BenchmarkOptions) => Promise<BenchmarkResult>;
