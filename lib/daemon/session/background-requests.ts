import { TimeoutError } from '../../protocol/errors.js';
import { refusal } from '../../protocol/refusals.js';
import { overLimit } from '../../protocol/over-limit.js';
import type { RunningRequest } from '../contract/running-request.js';

/**
 * The requests of one session that run while later requests are served: oneway requests, replies that tell of a timeout, and late calls.
 * A late call goes on after its answer: it is over `callTimeoutMs`, or an interceptor has answered before its method has ended.
 */
export class BackgroundRequests {
  /** Oneway requests and replies. Late calls are not among them. */
  count = 0;
  /** Oneway requests, and the promises of their ends. */
  private readonly oneway = new Map<RunningRequest, Promise<void>>();
  /** Late calls, by the promises of their ends. */
  private readonly late = new Map<Promise<void>, RunningRequest>();
  /** True once an interceptor has answered a late call. */
  private hasAnswered = false;

  get lateCalls(): number {
    return this.late.size;
  }

  /** Oneway requests and late calls. */
  all(): RunningRequest[] {
    return [...this.oneway.keys(), ...this.late.values()];
  }

  /** @param request undefined for a reply */
  add(work: Promise<void>, request: RunningRequest | undefined): void {
    this.count++;
    if (request !== undefined) this.oneway.set(request, work);
  }

  end(work: Promise<void>, request: RunningRequest | undefined): void {
    if (this.endLate(work)) return;
    this.count--;
    if (request !== undefined) this.oneway.delete(request);
  }

  /** A call has ended. @returns false when it is not late */
  endLate(work: Promise<void>): boolean {
    return this.late.delete(work);
  }

  /** A request is late, since it has timed out. @param work of the request that runs in order; undefined for a oneway request */
  addTimedOut(request: RunningRequest, work: Promise<void> | undefined): void {
    const end = work ?? this.oneway.get(request);
    // the call has ended while its client was told
    if (end === undefined) return;
    if (this.oneway.delete(request)) this.count--;
    this.late.set(end, request);
  }

  /** A call is late, since an interceptor has answered it. @param ended resolves when the call has ended */
  addAnswered(request: RunningRequest, ended: Promise<void>): void {
    this.late.set(ended, request);
    this.hasAnswered = true;
  }

  /** Why the session ends; undefined: the late calls are not too many. */
  refusal(maxLateCalls: number): Error | undefined {
    if (this.lateCalls <= maxLateCalls) return undefined;
    const given = this.hasAnswered ? ', or given up by an interceptor,' : '';
    const text = `calls over callTimeoutMs${given} that still run: ${this.lateCalls} (maxLateCalls is ${maxLateCalls}); end them when context.signal aborts, or raise the limit`;
    return overLimit('maxLateCalls', refusal(new TimeoutError(text)));
  }
}
