import { from, isObservable, mergeAll, Observable, type ObservableInput, type Subscriber } from 'rxjs';
import type { RunInContext } from '../../calls/async-context.js';
import { asStream } from '../../objects/item-iterators.js';
import { type TeardownReporter, withGuardedTeardown } from './guarded-teardown.js';

/** The part of a pipeline that an interceptor or a pre-request hook wraps. */
export interface PipelineRest {
  /** Begins a run of the rest: calls the next interceptor, or asks the guards. */
  begin(): BegunRest;
}

/** A run of the rest of a pipeline that has begun. */
export interface BegunRest {
  /**
   * Goes on with the run, unless the reader is closed.
   *
   * @returns a result, an Observable of results, an {@link InterceptorAnswer}, or a promise of one of them
   */
  finish(reader: ResultReader | undefined): unknown;
}

/** The subscriber that gets the result. An interceptor closes it, for example by `timeout()`. */
export interface ResultReader {
  readonly closed: boolean;
}

/** Follows the runs of the rest of a pipeline that Observables wait for. */
export interface RestObserver extends TeardownReporter {
  /** A run begins: of interceptors, guards, pipes or the method. @param reader the subscriber that gets its result */
  restBegun(reader: ResultReader): void;
  /** The run has ended. Its result is not delivered yet. */
  restEnded(reader: ResultReader): void;
  /** The run has failed, and nobody reads its result any more. */
  restFailed(error: unknown): void;
}

/** The value that an interceptor returned: an Observable of results, or anything that rxjs makes one of. */
export class InterceptorAnswer {
  /** The answer as an Observable. As in Nest it fails with a TypeError when the interceptor returned undefined. */
  readonly inner: Observable<unknown>;

  constructor(input: ObservableInput<unknown>, reporter: TeardownReporter) {
    this.inner = withGuardedTeardown(input, reporter);
  }

  /** The Observable that Nest makes of the answer: completes after the teardown of the answer. */
  get observable(): Observable<unknown> {
    return from([this.inner]).pipe(mergeAll());
  }
}

/**
 * The rest of a pipeline as an Observable: Nest gives it to an interceptor by `next.handle()`, and to a pre-request hook by `next()`. The
 * rest runs once for each subscriber.
 *
 * The rest begins with the subscription and goes on in a later microtask, as in Nest. So an Observable that an interceptor merges with it
 * emits first, even when the method is synchronous. Most interceptors return the Observable as they got it. Then nobody can see when it
 * emits, and the rest runs at once, without rxjs and promises (see {@link isPassedOn}).
 */
export class DeferredRest {
  readonly observable: Observable<unknown>;
  private wasSubscribed = false;

  /**
   * @param inContext runs the rest in its own async context
   * @param observer gets the error of a teardown that fails while an error is passed on, too
   * @param isMerged true for `next.handle()`: completes after the teardown of its source. Interceptors see this by `finalize()`
   */
  constructor(
    private readonly rest: PipelineRest,
    private readonly inContext: RunInContext,
    private readonly observer: RestObserver,
    isMerged: boolean,
  ) {
    this.observable = new Observable((subscriber) => {
      this.wasSubscribed = true;
      if (!isMerged) return void this.emit(subscriber, deliver);
      const results = new Observable<ObservableInput<unknown>>((outer) => void this.emit(outer, deliverMerged));
      return results.pipe(mergeAll()).subscribe(subscriber);
    });
  }

  /** True when `answer` is the Observable itself, and nobody has subscribed to it. */
  isPassedOn(answer: unknown): boolean {
    return answer === this.observable && !this.wasSubscribed;
  }

  /** Runs the rest at once, unless the reader is closed. */
  run(reader: ResultReader | undefined): unknown {
    return reader?.closed ? undefined : this.inContext(() => this.rest.begin().finish(reader));
  }

  private async emit<T>(
    subscriber: Subscriber<T>,
    deliverTo: (result: unknown, subscriber: Subscriber<T>) => void,
  ): Promise<void> {
    let result: unknown;
    this.observer.restBegun(subscriber);
    try {
      const begun = this.begin();
      await Promise.resolve();
      result = await this.inContext(() => begun.finish(subscriber));
      // nobody reads the result, and a generator may hold resources
      if (subscriber.closed) await asStream(result)?.return?.();
    } catch (error) {
      this.observer.restEnded(subscriber);
      // rxjs would drop the error without a word
      if (subscriber.closed) return this.observer.restFailed(error);
      return this.fail(subscriber, error);
    }
    this.observer.restEnded(subscriber);
    if (subscriber.closed) return;
    try {
      deliverTo(result, subscriber);
    } catch (error) {
      this.fail(subscriber, error);
    }
  }

  /** Passes an error on. This may run a teardown of the application, and nobody waits for {@link emit}. */
  private fail(subscriber: Subscriber<unknown>, error: unknown): void {
    try {
      subscriber.error(error);
    } catch (failure) {
      this.observer.teardownFailed(failure);
    }
  }

  /** Begins a run. An error at the beginning is thrown by `finish`: nothing is emitted with the subscription. */
  private begin(): BegunRest {
    try {
      return this.inContext(() => this.rest.begin());
    } catch (error) {
      return {
        finish: () => {
          throw error;
        },
      };
    }
  }
}

function deliver(result: unknown, subscriber: Subscriber<unknown>): void {
  if (result instanceof InterceptorAnswer) result.observable.subscribe(subscriber);
  else if (isObservable(result)) from(result).subscribe(subscriber);
  else {
    subscriber.next(result);
    subscriber.complete();
  }
}

/** Delivers a result to `mergeAll()`. The Observable of a method emits after `outer` has completed, as in Nest. */
function deliverMerged(result: unknown, outer: Subscriber<ObservableInput<unknown>>): void {
  let inner: Subscriber<unknown> | undefined;
  if (result instanceof InterceptorAnswer) outer.next(result.inner);
  else if (isObservable(result)) outer.next(new Observable((subscriber) => void (inner = subscriber)));
  else outer.next([result]);
  outer.complete();
  if (inner) from(result as Observable<unknown>).subscribe(inner);
}
