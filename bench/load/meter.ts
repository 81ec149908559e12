import { cpuMicrosOf } from '../process-cpu.js';

/** The figures of a contender in one round. Times are in µs. */
export interface Figures {
  /** Calls, items or connections a second. */
  rate: number;
  /** CPU of the process under test for one call, item or connection. Undefined where the system does not tell. */
  cpu?: number;
  /** Part of one core that the process under test used. Far below 1, the server has waited, and could do more. */
  server?: number;
  /** Part of one core that the load generator used. Near 1, the generator is the bottleneck. */
  generator?: number;
  p50?: number;
  p99?: number;
}

/** Counts replies between `start` and `stop`. */
export class Meter {
  private calls = 0;
  private readonly latencies: number[] = [];
  private begun = 0;
  private ownCpu = process.cpuUsage();
  private cpuBefore: number | undefined;

  /** @param pid the process under test */
  constructor(private readonly pid: number) {}

  start(): void {
    this.calls = 0;
    this.latencies.length = 0;
    this.cpuBefore = cpuMicrosOf(this.pid);
    this.ownCpu = process.cpuUsage();
    this.begun = performance.now();
  }

  /** @param latencyMs from the request to its reply */
  add(calls: number, latencyMs: number): void {
    this.calls += calls;
    this.latencies.push(latencyMs);
  }

  get isEmpty(): boolean {
    return this.calls === 0;
  }

  stop(): Figures {
    const ms = performance.now() - this.begun;
    const own = process.cpuUsage(this.ownCpu);
    const cpuAfter = cpuMicrosOf(this.pid);
    const cpu = cpuAfter === undefined || this.cpuBefore === undefined ? undefined : cpuAfter - this.cpuBefore;
    const sorted = Float64Array.from(this.latencies).sort();
    const percentile = (part: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]! * 1_000;
    return {
      rate: this.calls / (ms / 1_000),
      cpu: cpu && cpu / this.calls,
      server: cpu && cpu / 1_000 / ms,
      generator: (own.user + own.system) / 1_000 / ms,
      p50: percentile(0.5),
      p99: percentile(0.99),
    };
  }
}
