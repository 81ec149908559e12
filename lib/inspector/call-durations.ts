import type { CallFollower, CallObserver, ObservedCall } from '../daemon/contract/observer.js';
import type { CallDurations } from './contract.js';

/** Most objects whose durations are kept: a daemon may register new objects for ever. */
const MAX_OBJECTS = 1_000;

/** Adds up the durations of the calls of each object of a daemon. A call that returns a stream counts until the stream is open. */
export class DurationRecorder implements CallObserver {
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

  /** The durations so far. */
  all(): Record<string, CallDurations> {
    return Object.fromEntries(this.byObject);
  }

  private add(objectId: string, ms: number): void {
    let durations = this.byObject.get(objectId);
    if (durations === undefined) {
      if (this.byObject.size >= MAX_OBJECTS) return;
      this.byObject.set(objectId, (durations = { calls: 0, totalMs: 0 }));
    }
    durations.calls += 1;
    durations.totalMs += ms;
  }
}
