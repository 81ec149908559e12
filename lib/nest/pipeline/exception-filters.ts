import { catchError, from, isObservable, mergeMap, type Observable, of } from 'rxjs';
import { answerOfFilter } from '../errors/python-error.js';
import type { RpcExceptionsHandler } from '../nest-internals.js';
import type { CallRecord } from './call-record.js';
import { withGuardedTeardown } from './guarded-teardown.js';

/** The exception filters around a method. An error that no filter takes stays as it is: Nest's default makes "Internal server error" of it. */
export class ExceptionFilters {
  private found: RpcExceptionsHandler | undefined;

  /** @param find finds the filters, at the first error */
  constructor(private readonly find: () => RpcExceptionsHandler) {}

  /**
   * The answer of the filter that takes the error.
   *
   * @throws the error when no filter takes it; the filter's own error when the filter fails
   */
  answer(thrown: unknown, record: CallRecord): Observable<unknown> {
    this.found ??= this.find();
    const handled: unknown = this.found.invokeCustomFilters(thrown as Error, record.host(null, null));
    if (!handled) throw thrown;
    // Nest would split a list or a text that a filter returns, and would not wait for a promise
    return from(Promise.resolve(handled)).pipe(
      mergeMap((answer) => (isObservable(answer) ? withGuardedTeardown(answer, record) : of(answer))),
      catchError((failure: unknown) => {
        throw answerOfFilter(failure);
      }),
    );
  }
}
