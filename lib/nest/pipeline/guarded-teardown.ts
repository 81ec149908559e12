import { from, Observable, type ObservableInput, type Observer, Subscriber, UnsubscriptionError } from 'rxjs';

/** Gets the error of a teardown: of the function that an Observable returned, or of `finalize()`. */
export interface TeardownReporter {
  teardownFailed(error: unknown): void;
}

/**
 * A subscriber whose end never throws. The teardown of an Observable is code of the application. It runs in listeners of signals, in timers
 * and in callbacks of sockets, where an error would end the process.
 */
export class GuardedSubscriber<T> extends Subscriber<T> {
  constructor(
    destination: Observer<T>,
    private readonly reporter: TeardownReporter,
  ) {
    super(destination);
  }

  override unsubscribe(): void {
    this.guard(() => super.unsubscribe());
  }

  /** Runs the teardown at once when the subscriber is closed already. */
  override add(...teardown: Parameters<Subscriber<T>['add']>): void {
    this.guard(() => super.add(...teardown));
  }

  private guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      for (const failure of failuresOf(error)) this.reporter.teardownFailed(failure);
    }
  }
}

/** The same Observable, whose teardown never throws. Errors of the teardown go to the reporter. */
export function withGuardedTeardown<T>(input: ObservableInput<T>, reporter: TeardownReporter): Observable<T> {
  return new Observable((subscriber) => from(input).subscribe(new GuardedSubscriber(subscriber, reporter)));
}

/** The errors of all teardowns that failed. */
function failuresOf(error: unknown): unknown[] {
  return error instanceof UnsubscriptionError ? (error.errors as unknown[]).flatMap(failuresOf) : [error];
}
