import { TimeoutError } from '../../protocol/errors.js';
import { refusal } from '../../protocol/refusals.js';
import { overLimit } from '../../protocol/over-limit.js';
import type { RunningRequest } from '../contract/running-request.js';

/**
 * The requests of one session that run while later requests are served: oneway requests, replies that tell of a timeout, and late calls.
 * Late calls are over `callTimeoutMs`, or an interceptor has given them up, and their client was told.
 */
export class BackgroundRequests {
  /** Oneway requests and replies. Late calls are not among them. */
  count = 0;
  /** Oneway requests, and the promises of their ends. */
  private readonly oneway = new Map<RunningRequest, Promise<void>>();
  /** Late calls, by the promises of their ends. */
  private readonly late = new Map<Promise<void>, RunningRequest>();
  /** True once a late call was one that an interceptor had given up. */
  private hasGivenUp = false;

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

  /** A request is late. @param work of the request that runs in order; undefined for a oneway request */
  addLate(request: RunningRequest, work: Promise<void> | undefined): void {
    const end = work ?? this.oneway.get(request);
    // the call has ended while its client was told
    if (end === undefined) return;
    if (this.oneway.delete(request)) this.count--;
    this.late.set(end, request);
  }

  /** An interceptor has answered in place of a method that goes on. @param ended resolves when the method has ended */
  addGivenUp(request: RunningRequest, ended: Promise<void>): void {
    this.late.set(ended, request);
    this.hasGivenUp = true;
  }

  /** Why the session ends; undefined: the late calls are not too many. */
  refusal(maxLateCalls: number): Error | undefined {
    if (this.lateCalls <= maxLateCalls) return undefined;
    const given = this.hasGivenUp ? ', or given up by an interceptor,' : '';
    const text = `calls over callTimeoutMs${given} that still run: ${this.lateCalls} (maxLateCalls is ${maxLateCalls}); end them when context.signal aborts, or raise the limit`;
    return overLimit('maxLateCalls', refusal(new TimeoutError(text)));
  }
}
