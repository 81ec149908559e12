import type { Duplex } from 'node:stream';
import { outsideOfCalls } from '../calls/async-context.js';
import { lookBeforeCut } from '../calls/event-loop-look.js';
import { ReadProgress } from './read-progress.js';

/**
 * A peer that reads nothing for this time has stalled. Linux takes further bytes only when a third of its send buffer is free, and the
 * buffer of a fast connection has 4 MiB. So of a peer that reads 300 KiB in a second, progress is seen every 5 s.
 */
const STALLED_MS = 5_000;
/** Once all bytes of an ended connection have left, its peer has this time to close. */
const LINGER_MS = 2_000;
/** Longest time that the last bytes of an ended connection may take, however steadily the peer reads. */
const MAX_SENDING_MS = 60_000;
/** Time between two looks at the unsent bytes. */
const LOOK_MS = 50;

/** The last bytes of a connection: waits until they have left, and ends the socket after them. Its timers keep no process alive. */
export class LingeringClose {
  /** Kept when the peer has stalled: it gets no further 5 s. */
  private progress: ReadProgress | undefined;
  private waiting: ((isSent: boolean) => void)[] = [];
  private timer: NodeJS.Timeout | undefined;
  private isEnding = false;
  /** `performance.now()` when the ended socket is destroyed at the latest. */
  private endsAt = Infinity;

  /** @param stalledMs time without progress after which the peer has stalled */
  constructor(
    private readonly socket: Duplex,
    private readonly stalledMs = STALLED_MS,
  ) {}

  /**
   * Waits until the system has taken all bytes.
   *
   * @returns true when they have left, or the peer has gone; false as soon as the peer has read nothing for 5 s
   */
  whenSent(): Promise<boolean> {
    if (this.isSent) return Promise.resolve(true);
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      this.watch();
    });
  }

  /** Ends the socket after its last bytes. It is destroyed when the peer stalls, or does not close 2 s after the last byte. */
  begin(): void {
    const { socket } = this;
    this.isEnding = true;
    this.endWithin(MAX_SENDING_MS);
    socket.once('finish', () => this.endWithin(LINGER_MS));
    socket.end();
    this.watch();
  }

  /** Destroys the ended socket after this time, unless it is closed earlier. */
  endWithin(longestMs: number): void {
    this.endsAt = Math.min(this.endsAt, performance.now() + longestMs);
  }

  private get isSent(): boolean {
    return this.socket.writableLength === 0 || this.socket.destroyed;
  }

  private watch(): void {
    this.progress ??= new ReadProgress(this.socket);
    this.timer ??= outsideOfCalls(() => setInterval(() => this.look(), LOOK_MS).unref());
  }

  private look(): void {
    if (this.isSent) {
      this.settle(true);
      if (this.socket.destroyed || !this.isEnding) return this.stop();
    }
    // the event loop may have been blocked, and with it the writes
    if (this.isOver) lookBeforeCut(() => this.isOver && this.giveUp());
  }

  /** True when the peer has stalled, or has had its time. */
  private get isOver(): boolean {
    const now = performance.now();
    const { progress } = this;
    progress?.look(now);
    const isDone = this.isEnding ? this.socket.writableFinished : this.isSent;
    return now >= this.endsAt || (!isDone && progress !== undefined && now - progress.since >= this.stalledMs);
  }

  private giveUp(): void {
    this.settle(false);
    if (this.isEnding) this.socket.destroy();
    else this.pause();
  }

  private settle(isSent: boolean): void {
    const waiting = this.waiting.splice(0);
    for (const resolve of waiting) resolve(isSent);
  }

  private stop(): void {
    this.pause();
    this.progress = undefined;
  }

  private pause(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }
}
