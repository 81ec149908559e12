import { limitOf } from '../../protocol/over-limit.js';
import type { PyroConnection } from '../contract/connection.js';
import type { EventReporter } from './daemon-events.js';
import type { LimitName } from '../limits/limit.js';
import { LIMITS } from '../limits/limits.js';

/** Counts how often each limit of a daemon was reached, and emits the event `limitReached`. */
export class LimitCounters {
  readonly counts: Record<LimitName, number> = newCounters();
  private readonly counted = new WeakSet<object>();

  constructor(private readonly reporter: EventReporter) {}

  /** Counts an error of a reached limit. Ignores other errors, and errors that it has counted before. */
  note(error: unknown, connection: PyroConnection | undefined): void {
    const limit = limitOf(error);
    if (!isLimitName(limit) || this.counted.has(error as Error)) return;
    this.counted.add(error as Error);
    this.count(limit, error as Error, connection);
  }

  /** Counts a limit that was reached without an error. */
  count(limit: LimitName, error: Error | undefined, connection: PyroConnection | undefined): void {
    this.counts[limit]++;
    this.reporter.emit('limitReached', limit, error, connection);
  }
}

function newCounters(): Record<LimitName, number> {
  return Object.fromEntries(Object.keys(LIMITS).map((name) => [name, 0])) as Record<LimitName, number>;
}

function isLimitName(name: string | undefined): name is LimitName {
  return name !== undefined && Object.hasOwn(LIMITS, name);
}
