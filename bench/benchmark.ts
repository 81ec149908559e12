export interface BenchmarkOptions {
  /** Run each task just often enough to show that it works; the figures mean nothing. */
  smoke: boolean;
  /** In a smoke run: fail when Nest is too slow compared with a raw Node socket. */
  floor: boolean;
  /** Only cases whose name has this text. */
  case: string;
  /** Only servers (or other contenders) whose name has this text, and the servers that they are compared with. */
  server: string;
}

/** A line of a table: cells by the names of their columns. */
export type BenchmarkRow = Record<string, string | number>;

/** The result of a benchmark. */
export interface BenchmarkResult {
  rows: BenchmarkRow[];
  /** Reasons why the run has failed, in addition to the rows. */
  failures?: string[];
}

/** The default export of a `bench/*.bench.ts`. Each benchmark runs in a separate process. */
export type Benchmark = (options: BenchmarkOptions) => Promise<BenchmarkResult>;
