import { DAEMON_OBJECT_ID } from '../../protocol/constants.js';
import { asError } from '../../protocol/safe-text.js';
import type { CallFollower, CallObserver, ObservedCall } from '../contract/observer.js';
import type { EventReporter } from '../options/daemon-events.js';
import { presentableError } from './presentable-error.js';

/** Methods of `Pyro.Daemon` that belong to a stream. The stream is followed as a part of the call that returned it. */
const STREAM_METHODS = ['get_next_stream_item', 'close_stream'];

/** The observers of the calls of one daemon. */
export class CallObservers {
  /** True when nobody observes: the only thing that a call looks at then. */
  isEmpty = true;
  private readonly observers = new Set<CallObserver>();

  constructor(private readonly reporter: EventReporter) {}

  /** @returns a function that takes the observer away */
  add(observer: CallObserver): () => void {
    this.observers.add(observer);
    this.isEmpty = false;
    return () => {
      this.observers.delete(observer);
      this.isEmpty = this.observers.size === 0;
    };
  }

  /** Tells that a call begins. @param batch the followers of the batch, for an entry of it */
  start(call: ObservedCall, batch?: CallFollowers): CallFollowers | undefined {
    if (call.objectId === DAEMON_OBJECT_ID && STREAM_METHODS.includes(call.method)) return undefined;
    const followers = new Map<CallObserver, CallFollower>();
    for (const observer of this.observers) {
      try {
        const follower = observer.callStarted(call, batch?.of(observer));
        if (follower) followers.set(observer, follower);
      } catch (error) {
        this.reporter.error(error);
      }
    }
    return followers.size === 0 ? undefined : new CallFollowers(followers, this.reporter);
  }
}

/** All who follow one call. */
export class CallFollowers {
  private hasFailed = false;
  private hasEnded = false;

  constructor(
    private readonly followers: ReadonlyMap<CallObserver, CallFollower>,
    private readonly reporter: EventReporter,
  ) {}

  of(observer: CallObserver): CallFollower | undefined {
    return this.followers.get(observer);
  }

  run<T>(body: () => T): T {
    let run = body;
    for (const follower of this.followers.values()) {
      const inner = run;
      if (follower.run) run = () => follower.run!(inner);
    }
    return run();
  }

  failed(thrown: unknown): void {
    if (this.hasFailed || this.hasEnded) return;
    this.hasFailed = true;
    this.tell((follower) => follower.failed(asError(thrown), presentableError(thrown)));
  }

  ended(): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    this.tell((follower) => follower.ended());
  }

  private tell(what: (follower: CallFollower) => void): void {
    for (const follower of this.followers.values()) {
      try {
        what(follower);
      } catch (error) {
        this.reporter.error(error);
      }
    }
  }
}
