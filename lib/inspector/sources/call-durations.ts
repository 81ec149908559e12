import type { CallFollower, CallObserver, ObservedCall } from '../../daemon/contract/observer.js';
import type { CallDurations } from '../contract/contract.js';

/** Most objects whose durations are kept: a daemon may register new objects for ever. The object that was called longest ago goes first. */
const MAX_OBJECTS = 1_000;

/** Adds up the durations of the calls of each object of a daemon. A call that returns a stream counts until the stream is open. */
export class DurationRecorder implements CallObserver {
  private readonly total: CallDurations = { calls: 0, totalMs: 0 };
  /** The object that was called last is last. */
  private readonly byObject = new Map<string, CallDurations>();

  callStarted(call: ObservedCall, batch: CallFollower | undefined): CallFollower | undefined {
    // the entries of a batch are calls of the same object, within its time
    if (batch !== undefined || !call.isKnown) return undefined;
    let isCounted = false;
    const count = (): void => {
      if (!isCounted) this.add(call.objectId, performance.now() - call.startedAt);
      isCounted = true;
    };
    return { failed: () => undefined, streamOpened: count, ended: count };
  }

  /** The durations so far, of all objects together, of those that have gone too. */
  ofAll(): CallDurations {
    return { ...this.total };
  }

  /** The durations so far, of each of the given objects that was called. */
  of(objectIds: readonly string[]): Record<string, CallDurations> {
    const called = objectIds.filter((objectId) => this.byObject.has(objectId));
    return Object.fromEntries(called.map((objectId) => [objectId, { ...this.byObject.get(objectId)! }]));
  }

  private add(objectId: string, ms: number): void {
    const durations = this.byObject.get(objectId) ?? { calls: 0, totalMs: 0 };
    this.byObject.delete(objectId);
    this.byObject.set(objectId, durations);
    for (const [oldest] of this.byObject) {
      if (this.byObject.size <= MAX_OBJECTS) break;
      this.byObject.delete(oldest);
    }
    for (const sum of [durations, this.total]) {
      sum.calls += 1;
      sum.totalMs += ms;
    }
  }
}
