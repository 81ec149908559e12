import type { Observable } from 'rxjs';
import { CallStream } from '../../daemon/object/call-stream.js';
import { asStream } from '../../objects/item-iterators.js';
import { toPythonError } from '../errors/python-error.js';
import { DEFAULT_STREAM_OPTIONS, type PyroStreamOptions } from '../metadata/member-metadata.js';
import { Abandonment } from './abandonment.js';
import type { CallRecord } from './call-record.js';
import type { ExceptionFilters } from './exception-filters.js';
import { GuardedSubscriber } from './guarded-teardown.js';
import { ObservableStream } from './observable-stream.js';

/**
 * The result of a call whose pipeline gave an Observable: its last value, or a stream of its items.
 *
 * An Observable is a stream when the *method* returned it and has the `stream` option. The Observable of an interceptor around a
 * plain result is no stream.
 */
export function settleObservable(
  source: Observable<unknown>,
  stream: Required<PyroStreamOptions> | undefined,
  record: CallRecord,
): Promise<unknown> {
  return stream ? streamOrValue(source, stream, record) : lastValue(source, record);
}

/**
 * The iterator of a result that travels item by item, undefined for other results. Its errors pass the exception filters, and
 * become Python's. The call ends with its last item.
 */
export function streamOfResult(result: unknown, record: CallRecord, filters: ExceptionFilters): CallStream | undefined {
  const stream = asStream(result);
  if (stream === undefined) return undefined;
  record.becomeStream();
  const recover = (error: unknown): ObservableStream =>
    new ObservableStream(filters.answer(error, record), DEFAULT_STREAM_OPTIONS, record);
  const { inContext: run } = record;
  const onEnd = async (): Promise<void> => {
    await record.end();
    record.answered();
  };
  // the errors of an Observable passed the filters in the pipeline already
  const hooks = result instanceof ObservableStream ? { onEnd } : { onEnd, recover, run };
  return new CallStream(stream, { ...hooks, mapError: toPythonError });
}

/** The result of a call after an error: the answer of an exception filter. @throws the error when no filter takes it */
export function recovered(
  error: unknown,
  filters: ExceptionFilters,
  stream: Required<PyroStreamOptions> | undefined,
  record: CallRecord,
): Promise<unknown> {
  const answer = settleObservable(filters.answer(error, record), stream, record);
  return answer.then((result) => streamOfResult(result, record, filters) ?? result);
}

/** The last value of an Observable; undefined when it has none. Fails when nobody waits for the value any more. */
function lastValue(source: Observable<unknown>, record: CallRecord): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let last: unknown;
    const settle = (then: () => void): void => {
      abandonment?.cancel();
      then();
    };
    let abandonment: Abandonment | undefined;
    const subscription = source.subscribe(
      new GuardedSubscriber(
        {
          next: (value) => (last = value),
          error: (error: unknown) => settle(() => reject(error as Error)),
          complete: () => settle(() => resolve(last)),
        },
        record,
      ),
    );
    if (!subscription.closed) abandonment = new Abandonment(record, () => subscription.unsubscribe(), reject);
  });
}

/** Subscribes to the Observable of interceptors. The method runs with the subscription, so only then the kind of its result is known. */
async function streamOrValue(
  source: Observable<unknown>,
  options: Required<PyroStreamOptions>,
  record: CallRecord,
): Promise<unknown> {
  const stream = new ObservableStream(source, options, record);
  const { promise: abandoned, reject } = rejectable();
  // nothing else closes the stream when the client goes away before the reply
  const abandonment = new Abandonment(record, () => void stream.return(), reject);
  try {
    const isStream = await new Promise<boolean>((resolve) => {
      record.whenReturned(resolve);
      // an interceptor that answers in place of the method gives items, as the option says
      stream.whenBegun(() => resolve(true));
    });
    if (isStream && !(stream.hasFailedAtOnce && !record.hasReturned)) return abandonment.isBegun ? await abandoned : stream;
    let last: unknown;
    for await (const item of stream) last = item;
    return abandonment.isBegun ? await abandoned : last;
  } finally {
    abandonment.cancel();
  }
}

/** A promise that is only rejected. Nobody need wait for it. */
function rejectable(): { promise: Promise<never>; reject: (reason: Error) => void } {
  let reject!: (reason: Error) => void;
  const promise = new Promise<never>((_resolve, rejectPromise) => (reject = rejectPromise));
  promise.catch(() => undefined);
  return { promise, reject };
}
