import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { endsWithin } from '../../calls/deadline.js';
import { warn } from '../../reports/warning.js';

/** The connections of one proxy. They never refer to the proxy. */
interface ProxyPool {
  /** The number of connections to a location that no call uses. */
  idleTo(location: string): number;
  /** Closes the connections that no call uses. Called when the proxy was garbage-collected. */
  abandon(): void;
}

/** Longest wait until V8 calls the callbacks of a FinalizationRegistry after a run of the garbage collector. */
const MAX_CALLBACKS_MS = 1_000;

/**
 * After a run that closed no connection, the next run waits this many times as long as the garbage collector took, so that it takes 5 %
 * of the time.
 */
const PAUSE_AFTER_VAIN_RUN = 20;
/** Longest such wait, also where the garbage collector takes longer than 150 ms. An attempt to connect to a full server lasts about as long. */
const MAX_PAUSE_MS = 3_000;

/**
 * The connections of proxies that the program has dropped without a release.
 *
 * Python counts references, so a dropped proxy of Python closes its connection at once. Here the garbage collector finds dropped proxies,
 * and V8 runs it when memory is short, not when a server has no thread left. So a full server is a reason to run it, too.
 */
class DroppedProxies {
  private readonly collected = new FinalizationRegistry<() => void>((end) => end());
  /** The pools that have connections. */
  private readonly connected = new Set<ProxyPool>();
  private running: Promise<void> | undefined;
  private pausedUntil = 0;
  private lastRoom = { location: '', madeAt: 0 };
  private hasWarned = false;

  /** Closes the connections of a pool when `owner` was garbage-collected. */
  closeAfter(owner: object, pool: ProxyPool): void {
    this.collected.register(owner, () => pool.abandon());
  }

  /** The pool has a connection. */
  hasConnected(pool: ProxyPool): void {
    this.connected.add(pool);
  }

  /** The pool has no connection any more. */
  hasDisconnected(pool: ProxyPool): void {
    this.connected.delete(pool);
  }

  /** The number of connections of this process to a location that no call uses. Their proxies may be dropped, or may be used again. */
  idleTo(location: string): number {
    let idle = 0;
    for (const pool of this.connected) idle += pool.idleTo(location);
    return idle;
  }

  /**
   * Closes the connections to a location whose proxies were dropped. Idle connections of other proxies stay open: they may be sessions.
   *
   * @param since begin of the attempt to connect that the location has refused, by `performance.now()`
   * @returns true when connections were closed since then
   */
  async closeThoseTo(location: string, since: number): Promise<boolean> {
    const before = this.idleTo(location);
    if (before > 0) {
      // further attempts to connect share the run
      await (this.running ??= this.run().finally(() => (this.running = undefined)));
      const closed = before - this.idleTo(location);
      if (closed > 0) {
        this.lastRoom = { location, madeAt: performance.now() };
        this.warnOf(closed, location);
      }
    }
    return this.lastRoom.location === location && this.lastRoom.madeAt >= since;
  }

  private async run(): Promise<void> {
    const pauseMs = this.pausedUntil - performance.now();
    if (pauseMs > 0) await sleep(pauseMs);
    const { size } = this.connected;
    let collectedMs = await this.collect();
    // a dropped stream keeps its proxy until the callback of the stream has closed the remote iterator
    if (this.connected.size === size) collectedMs += await this.collect();
    const wasVain = this.connected.size >= size;
    this.pausedUntil = wasVain ? performance.now() + Math.min(PAUSE_AFTER_VAIN_RUN * collectedMs, MAX_PAUSE_MS) : 0;
  }

  /**
   * Runs the garbage collector. Resolves when the callbacks of the objects that it has found were called.
   *
   * @returns milliseconds that the garbage collector took
   */
  private async collect(): Promise<number> {
    const swept = new Promise<void>((resolve) => this.collected.register({}, resolve));
    const begun = performance.now();
    const isCollected = await collectGarbage();
    const collectedMs = performance.now() - begun;
    if (!isCollected) return collectedMs;
    await endsWithin(swept, MAX_CALLBACKS_MS);
    // other callbacks may come after the callback of `swept`
    await nextTurn();
    return collectedMs;
  }

  private warnOf(closed: number, location: string): void {
    if (this.hasWarned) return;
    this.hasWarned = true;
    warn(
      `${location} was full. The garbage collector was run, and ${closed} of its connections, whose proxies this program has dropped, ` +
        'are closed now. Release proxies that are not needed: await using, or $release()',
      'PYRO_DROPPED_PROXIES',
    );
  }
}

export const droppedProxies = new DroppedProxies();

/** Runs the garbage collector. @returns false when this process may not: without inspector, or under the permission model of Node */
async function collectGarbage(): Promise<boolean> {
  try {
    const { Session } = await import('node:inspector/promises');
    const session = new Session();
    session.connect();
    try {
      await session.post('HeapProfiler.collectGarbage');
    } finally {
      session.disconnect();
    }
    return true;
  } catch {
    return false;
  }
}
