import { outsideOfCalls } from '../calls/async-context.js';
import { lookBeforeCut } from '../calls/event-loop-look.js';
import { TimeoutError } from '../protocol/errors.js';
import { overLimit } from '../protocol/over-limit.js';

export interface FrameTimeouts {
  /** The connection fails when no byte of an unfinished frame arrives in this time; 0: never. */
  frameTimeoutMs: number;
  /** The connection fails when one frame takes longer in all; 0: never. */
  messageTimeoutMs?: number;
}

/** The connection that is cut. */
interface TimedConnection {
  /** Bytes of the unfinished frame. */
  readonly arrivedBytes: number;
  /** True when bytes have arrived that are not served yet. */
  readonly waitsForTurn: boolean;
  destroy(error: Error): void;
}

/** Cuts a connection whose unfinished frame arrives too slowly. */
export class FrameTimer {
  private timer: NodeJS.Timeout | undefined;
  /** `performance.now()` when the unfinished frame began; 0: there is none. */
  private since = 0;
  /** The frame has stalled; set until bytes arrive. */
  private hasStalled = false;

  constructor(
    private readonly connection: TimedConnection,
    private readonly timeouts: FrameTimeouts,
  ) {}

  /** Bytes of an unfinished frame have arrived, or the socket is read again. */
  restart(): void {
    this.hasStalled = false;
    const { frameTimeoutMs, messageTimeoutMs = 0 } = this.timeouts;
    const pauseMs = frameTimeoutMs || messageTimeoutMs;
    if (pauseMs === 0) return;
    if (this.timer) this.timer.refresh();
    else this.timer = outsideOfCalls(() => setTimeout(() => this.onStalled(), pauseMs).unref());
    this.watchMessage();
  }

  /** The frame is complete. The next one may have begun. */
  frameEnded(): void {
    this.since = 0;
  }

  /** No frame is unfinished, or the socket is not read. */
  stop(): void {
    this.hasStalled = false;
    this.since = 0;
    if (this.timer === undefined) return;
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  /** Cuts frames that arrive too slowly in all: a frame of which a byte arrives now and then never stalls. */
  private watchMessage(): void {
    const { messageTimeoutMs = 0 } = this.timeouts;
    if (this.since === 0) this.since = performance.now();
    if (messageTimeoutMs === 0 || performance.now() - this.since <= messageTimeoutMs) return;
    const { since } = this;
    lookBeforeCut(() => {
      if (this.since === since) this.cutSlow();
    });
  }

  private cutSlow(): void {
    const text = `a message took longer than messageTimeoutMs (${this.timeouts.messageTimeoutMs} ms); ${this.connection.arrivedBytes} bytes of it have arrived`;
    this.connection.destroy(overLimit('messageTimeoutMs', new TimeoutError(text)));
  }

  private onStalled(): void {
    this.hasStalled = true;
    lookBeforeCut(() => {
      if (!this.hasStalled || this.connection.waitsForTurn) return;
      const { frameTimeoutMs } = this.timeouts;
      if (frameTimeoutMs === 0) return this.cutSlow();
      const text = `a message stalled after ${this.connection.arrivedBytes} bytes for frameTimeoutMs (${frameTimeoutMs} ms)`;
      this.connection.destroy(overLimit('frameTimeoutMs', new TimeoutError(text)));
    });
  }
}
