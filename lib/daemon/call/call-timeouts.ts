import { captureContext, runIsolated } from '../../calls/async-context.js';
import { overLimit } from '../../protocol/over-limit.js';
import { peerText } from '../../protocol/texts/peer-text.js';
import { PythonException } from '../../protocol/python-exception.js';
import { lookBeforeCut } from '../../calls/event-loop-look.js';
import type { ServedRequest } from '../request/served-request.js';

/** Answers the calls of a daemon that run longer than `callTimeoutMs`. One timer serves all calls. */
export class CallTimeouts {
  /** The calls that run, the longest first. */
  private readonly running = new Set<ServedRequest>();
  private isWaiting = false;
  /** The context of the daemon. Without it a timeout would run in the async context of the call that started the timer. */
  private readonly inContext = captureContext();

  /** @param timeoutMs 0: no call is watched */
  constructor(private readonly timeoutMs: number) {}

  start(request: ServedRequest): void {
    if (this.timeoutMs === 0) return;
    this.running.add(request);
    this.wait(this.timeoutMs);
  }

  /** The call has ended. */
  stop(request: ServedRequest): void {
    if (this.timeoutMs > 0) this.running.delete(request);
  }

  private wait(ms: number): void {
    if (this.isWaiting) return;
    this.isWaiting = true;
    // the answer that a method waits for may lie in the kernel
    this.inContext(() => setTimeout(() => lookBeforeCut(() => this.expire()), Math.max(1, ms)).unref());
  }

  private expire(): void {
    this.isWaiting = false;
    const now = performance.now();
    for (const request of this.running) {
      const leftMs = request.startedAt + this.timeoutMs - now;
      if (leftMs > 0) return this.wait(leftMs);
      this.running.delete(request);
      const text = `${peerText(request.call!.method)} took longer than callTimeoutMs (${this.timeoutMs} ms)`;
      runIsolated(() => request.timeOut(overLimit('callTimeoutMs', new PythonException('builtins.TimeoutError', [text]))));
    }
  }
}
