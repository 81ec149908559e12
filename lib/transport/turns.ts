import { AsyncResource } from 'node:async_hooks';

/** A connection on which bytes have arrived, or work that was put off by {@link Turns.delay}. */
export interface TurnTaker {
  /** Serves what has arrived, or does the work. */
  takeTurn(): void;
  /** {@link takeTurn} threw. The other takers are served all the same. */
  turnFailed(error: unknown): void;
}

/** Most connections that wait. With more, all of them are served before the next socket is read. */
const MAX_WAITING = 64;
/** Most received bytes that wait. */
const MAX_WAITING_BYTES = 1024 * 1024;
/**
 * So many bytes of one read do not wait: they may be the start of a large message, the rest of which is read into its place as soon as the
 * header was read. When they waited, an echo of 1 MiB over 4 connections took 6.1 instead of 1.5 ms of CPU.
 */
const FULL_READ_BYTES = 64 * 1024;
/** Longest time that connections are served before the event loop runs. */
const MAX_TURN_MS = 10;
/** Longest time that the requests of one connection, or the entries of one batch, run in a turn. A single request or entry may take longer. */
export const CONNECTION_TURN_MS = 5;

/** Replaces a connection that was closed while it waited. */
const NOBODY: TurnTaker = { takeTurn: () => undefined, turnFailed: () => undefined };

/**
 * Serves the connections on which bytes arrived in one turn of the event loop together, after the last read of the turn.
 *
 * First all reads, then all calls, then all writes take less time than the steps of one connection after the other. Each step finds its
 * code and data in the caches of the processor. A small call takes 10.3 instead of 10.8 µs (64 connections, Node 20).
 */
export class Turns {
  private readonly waiting: TurnTaker[] = [];
  /** Work that was put off. */
  private readonly delayed: TurnTaker[] = [];
  private waitingBytes = 0;
  private isScheduled = false;
  private isServing = false;
  /** True when the time of this turn of the event loop was used up. */
  private isOver = false;
  /** The connection that waited or was served last. */
  private last: TurnTaker | undefined;

  /**
   * The async context in which this object was made. Takers run in it, so that a taker sees neither the stores of another taker, nor of the
   * socket that was read last.
   */
  private readonly context = new AsyncResource('PyroTurns', { requireManualDestroy: true });

  /**
   * @param maxTurnMs connections that are not served after this time are served in the next turn of the event loop, before later
   * connections
   */
  constructor(private readonly maxTurnMs = MAX_TURN_MS) {}

  /** Bytes have arrived. The taker is served in this turn of the event loop, and at once when no other connection is busy. */
  wait(taker: TurnTaker, bytes: number): void {
    this.waiting.push(taker);
    if (taker === this.last && this.waiting.length === 1) return this.serve();
    this.last = taker;
    this.received(bytes);
  }

  /** More bytes arrive on a connection that waits. */
  received(bytes: number): void {
    this.waitingBytes += bytes;
    const waits = this.isOver || (bytes < FULL_READ_BYTES && this.waiting.length < MAX_WAITING);
    if (waits && this.waitingBytes <= MAX_WAITING_BYTES) this.schedule();
    else this.serve();
  }

  /**
   * Serves a taker in a later turn of the event loop, after the connections on which bytes have arrived. Each turn serves at least one such
   * taker, and more while there is time. So work that takes long keeps a small call waiting only once.
   */
  delay(taker: TurnTaker): void {
    this.delayed.push(taker);
    this.schedule();
  }

  /** Forgets a closed connection, so that it can be garbage-collected. */
  leave(taker: TurnTaker): void {
    if (this.last === taker) this.last = undefined;
    const index = this.waiting.lastIndexOf(taker);
    if (index !== -1) this.waiting[index] = NOBODY;
  }

  private serve(): void {
    if (!this.isServing) this.context.runInAsyncScope(serveWaiting, undefined, this);
  }

  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    setImmediate(serveTurn, this);
  }

  /** Called by the event loop. */
  onTurn(): void {
    this.isScheduled = this.isOver = false;
    const { delayed, maxTurnMs } = this;
    if (delayed.length === 0) return this.serve();
    const endAt = performance.now() + maxTurnMs;
    this.serve();
    this.context.runInAsyncScope(() => serveSome(delayed, delayed.length, endAt));
    if (delayed.length > 0) this.schedule();
  }

  /** Serves the connections that wait now. */
  serveWaiting(): void {
    const { waiting } = this;
    const { length } = waiting;
    if (length === 0) return;
    this.isServing = true;
    this.waitingBytes = 0;
    // the clock is not read for a taker that is alone
    serveSome(waiting, length, length > 1 ? performance.now() + this.maxTurnMs : 0);
    this.isServing = false;
    if (waiting.length === 0) return;
    this.isOver = true;
    this.schedule();
  }
}

/** Serves the first takers, at least one of them, until `endAt`, and removes them. */
function serveSome(takers: TurnTaker[], most: number, endAt: number): void {
  let served = 0;
  do {
    const taker = takers[served++]!;
    try {
      taker.takeTurn();
    } catch (error) {
      taker.turnFailed(error);
    }
  } while (served < most && performance.now() < endAt);
  takers.splice(0, served);
}

function serveTurn(turns: Turns): void {
  turns.onTurn();
}

function serveWaiting(turns: Turns): void {
  turns.serveWaiting();
}
