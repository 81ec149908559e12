import { outsideOfCalls } from '../../calls/async-context.js';
import { lookBeforeCut } from '../../calls/event-loop-look.js';
import { TimeoutError } from '../../protocol/errors.js';
import { overLimit } from '../../protocol/over-limit.js';
import type { FrameConnection } from '../../transport/frame-connection.js';

/** The session that is ended. */
interface IdleSession {
  readonly connection: { readonly isGone: boolean };
  /** False once the session has ended, or is about to end. */
  readonly isServing: boolean;
  readonly requests: {
    /** True while a request runs or waits, other than late calls: their client was told that they took too long. */
    readonly hasUnanswered: boolean;
  };
}

/** Ends a session that gets no request for `idleTimeoutMs`. */
export class IdleTimeout {
  private timer: NodeJS.Timeout | undefined;
  /** `performance.now()` when the last request was answered, or when a late call has ended since. */
  private idleSince = 0;

  constructor(
    private readonly session: IdleSession,
    private readonly frames: FrameConnection,
    private readonly timeoutMs: number,
  ) {}

  /** The session is idle from now on. */
  restart(): void {
    this.idleSince = performance.now();
    this.timer ??= this.startTimer(this.timeoutMs);
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  private startTimer(ms: number): NodeJS.Timeout {
    return outsideOfCalls(() => setTimeout(() => this.endIfIdle(), ms).unref());
  }

  /** Looks at the time instead of starting the timer anew with each request. */
  private endIfIdle(): void {
    const leftMs = this.session.requests.hasUnanswered ? this.timeoutMs : this.idleSince + this.timeoutMs - performance.now();
    if (leftMs > 0) this.timer = this.startTimer(Math.ceil(leftMs));
    else lookBeforeCut(() => this.endUnlessUsed());
  }

  /** A request may have arrived meanwhile, or a part of one. */
  private endUnlessUsed(): void {
    const { session, frames, timeoutMs } = this;
    if (!session.isServing || session.connection.isGone) return;
    const isUsed = session.requests.hasUnanswered || frames.isReceiving || performance.now() - this.idleSince < timeoutMs;
    if (isUsed) this.timer = this.startTimer(timeoutMs);
    else frames.end(overLimit('idleTimeoutMs', new TimeoutError(`no request came for idleTimeoutMs (${timeoutMs} ms)`)));
  }
}
