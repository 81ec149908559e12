import { outsideOfCalls } from './async-context.js';

/** Longest time of a timer of Node. With a longer time, the timer fires at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** A time limit, for a {@link Watchdog}. */
export interface TimeLimit {
  /** Length of the limit. */
  readonly timeoutMs: number;
  /** End of the limit, in milliseconds of `performance.now()`. The watchdog may move it once, see {@link Watchdog}. */
  endsAt: number;
  /** True when the watchdog has found the time over for the first time. */
  isLate: boolean;
  /** Called when the time is over. */
  expire(): void;
}

/**
 * Watches any number of time limits with one timer.
 *
 * A timer for each limit would take 1 µs of a call; the watchdog takes 0.1 µs.
 *
 * Timers run before sockets are read. So when the event loop was blocked beyond a limit, the watchdog first lets the loop read what has
 * arrived meanwhile. Then it extends the limit by the delay of the loop, at most by the length of the limit. So a blocked event loop does
 * not cut an answer that was on its way, or the further steps of connecting.
 */
export class Watchdog {
  private readonly watched = new Set<TimeLimit>();
  private timer: NodeJS.Timeout | undefined;
  /** Time of the timer. The timer is not stopped with each limit, so it may fire with nothing to do. */
  private firesAt = Infinity;

  /** @param keepsProcessAlive true: limits keep the process alive */
  constructor(private readonly keepsProcessAlive = false) {}

  /** Watches a limit until {@link forget} or its end. */
  watch(limit: TimeLimit): void {
    this.watched.add(limit);
    if (limit.endsAt < this.firesAt) this.fireAt(limit.endsAt);
  }

  forget(limit: TimeLimit): void {
    this.watched.delete(limit);
    if (this.keepsProcessAlive && this.watched.size === 0) this.stop();
  }

  private fireAt(time: number): void {
    clearTimeout(this.timer);
    this.firesAt = time;
    // a limit may be the sum of two options, and longer than a timer: then the timer fires early, and is started anew
    const waitMs = Math.min(MAX_TIMER_MS, Math.ceil(time - performance.now()));
    this.timer = outsideOfCalls(() => setTimeout(() => afterArrivals(() => this.look()), waitMs));
    if (!this.keepsProcessAlive) this.timer.unref();
  }

  private stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.firesAt = Infinity;
  }

  private look(): void {
    const now = performance.now();
    const over: TimeLimit[] = [];
    let next = Infinity;
    for (const limit of this.watched) {
      const lateMs = now - limit.endsAt;
      if (lateMs >= 0 && limit.isLate) {
        over.push(limit);
        continue;
      }
      if (lateMs >= 0) {
        limit.isLate = true;
        limit.endsAt = now + Math.min(lateMs, limit.timeoutMs);
      }
      next = Math.min(next, limit.endsAt);
    }
    this.stop();
    if (next < Infinity) this.fireAt(next);
    for (const limit of over) {
      this.watched.delete(limit);
      // in a microtask, so that the error of one limit does not keep the other limits from ending
      queueMicrotask(() => limit.expire());
    }
  }
}

/**
 * Calls `body` after the event loop has read the bytes that have arrived until now.
 *
 * The first turn of the loop reads the sockets. The connections that were read in one turn are served at the end of this turn.
 */
function afterArrivals(body: () => void): void {
  setImmediate(() => setImmediate(body));
}
