import { DAEMON_METHODS, DAEMON_OBJECT_ID } from '../../protocol/constants.js';
import { asError } from '../../protocol/texts/safe-text.js';
import { isThenable } from '../../calls/thenable.js';
import type { CallFollower, CallObserver, ObservedCall } from '../contract/observer.js';
import type { EventReporter } from '../options/daemon-events.js';
import { presentableError } from './presentable-error.js';

/** Methods of `Pyro.Daemon` that belong to a stream. The stream is followed as a part of the call that returned it. */
const STREAM_METHODS: readonly string[] = [DAEMON_METHODS.nextItem, DAEMON_METHODS.closeStream];

/** The observers of the calls of one daemon. */
export class CallObservers {
  /** True when nobody observes. A call that nobody observes reads only this field. */
  isEmpty = true;
  private observers: readonly CallObserver[] = [];

  constructor(private readonly reporter: EventReporter) {}

  /** @returns a function that takes the observer away */
  add(observer: CallObserver): () => void {
    this.change([...this.observers.filter((other) => other !== observer), observer]);
    return () => this.change(this.observers.filter((other) => other !== observer));
  }

  private change(observers: readonly CallObserver[]): void {
    this.observers = observers;
    this.isEmpty = observers.length === 0;
  }

  /** Tells that a call begins. @param batch the followers of the batch, for an entry of it */
  start(call: ObservedCall, batch?: CallFollowers): CallFollowers | undefined {
    if (call.objectId === DAEMON_OBJECT_ID && STREAM_METHODS.includes(call.method)) return undefined;
    let followers: CallFollowers | undefined;
    for (const observer of this.observers) {
      try {
        const follower: unknown = observer.callStarted(call, batch?.of(observer));
        if (isThenable(follower)) this.reporter.rejection(withoutFollower(follower));
        else if (follower) followers = new CallFollowers(observer, follower as CallFollower, followers, this.reporter);
      } catch (error) {
        this.reporter.error(error);
      }
    }
    return followers;
  }
}

/** Waits for a promise that `callStarted` gave. @throws {TypeError} when the promise is of a follower */
async function withoutFollower(given: PromiseLike<unknown>): Promise<void> {
  if (await given) throw new TypeError('callStarted gave a promise of a follower; it must return the follower at once');
}

/** The followers of one call, as a linked list: mostly there is one. */
export class CallFollowers {
  private hasFailed = false;
  private hasEnded = false;

  constructor(
    private readonly observer: CallObserver,
    private readonly follower: CallFollower,
    /** The followers of the observers that were added before this one. */
    private readonly earlier: CallFollowers | undefined,
    private readonly reporter: EventReporter,
  ) {}

  of(observer: CallObserver): CallFollower | undefined {
    return observer === this.observer ? this.follower : this.earlier?.of(observer);
  }

  run<T>(body: () => T): T {
    const { follower, earlier } = this;
    const inner = earlier === undefined ? body : () => earlier.run(body);
    return follower.run === undefined ? inner() : follower.run(inner);
  }

  failed(thrown: unknown): void {
    if (this.hasFailed || this.hasEnded) return;
    this.hasFailed = true;
    const error = asError(thrown);
    const sent = presentableError(thrown);
    this.tell((follower) => follower.failed(error, sent));
  }

  streamOpened(): void {
    if (!this.hasEnded) this.tell((follower) => follower.streamOpened?.());
  }

  /** @param isRunning true when the method goes on after a timeout, or after an interceptor has given it up */
  ended(isRunning = false): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    this.tell((follower) => follower.ended(isRunning));
  }

  private tell(what: (follower: CallFollower) => unknown): void {
    this.earlier?.tell(what);
    try {
      this.reporter.rejection(what(this.follower));
    } catch (error) {
      this.reporter.error(error);
    }
  }
}
