import { isObservable, type Observable } from 'rxjs';
import type { CallRecord } from './call-record.js';
import type { PyroContext } from '../context/pyro-context.js';
import type { PyroStreamOptions } from '../metadata/member-metadata.js';
import { ObservableStream } from './observable-stream.js';

/**
 * What a call answers: the pipeline's result, or what became of it where it is an Observable.
 *
 * A stream is an Observable which the *method* returned, and which is marked as one; an interceptor's Observable around
 * a plain result is none. Iterators are left to the daemon.
 */
export function settleResult(
  result: unknown,
  stream: Required<PyroStreamOptions> | undefined,
  record: CallRecord,
  context: PyroContext,
): unknown {
  if (!isObservable(result)) return result;
  return stream ? streamOrValue(result, stream, record, context) : lastValue(result, record, context);
}

/** The last value of an Observable; undefined without one. Given up when the client goes away. */
function lastValue(source: Observable<unknown>, record: CallRecord, context: PyroContext): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let last: unknown;
    let signal: AbortSignal | undefined;
    const giveUp = (): void => {
      subscription.unsubscribe();
      reject(signal!.reason as Error);
    };
    const settle = (then: () => void): void => {
      signal?.removeEventListener('abort', giveUp);
      then();
    };
    const subscription = source.subscribe({
      next: (value) => (last = value),
      error: (error: unknown) => settle(() => reject(error as Error)),
      complete: () => settle(() => resolve(last)),
    });
    // a method's own Observable may never end; a plain result behind interceptors does with the method
    record.whenReturned((mayNotEnd) => {
      if (!mayNotEnd || subscription.closed) return;
      ({ signal } = context);
      if (signal.aborted) giveUp();
      else signal.addEventListener('abort', giveUp, { once: true });
    });
  });
}

/** Subscribing runs the method when there are interceptors: only then is it known what it returns. */
async function streamOrValue(
  source: Observable<unknown>,
  options: Required<PyroStreamOptions>,
  record: CallRecord,
  { signal }: PyroContext,
): Promise<unknown> {
  const stream = new ObservableStream(source, options);
  // when the client goes away first, there is nobody to close the stream
  const giveUp = (): void => void stream.return();
  signal.addEventListener('abort', giveUp, { once: true });
  const isStream = await new Promise<boolean>((resolve) => {
    record.whenReturned(resolve);
    // an interceptor answered in the method's place: with items, as the mark says
    stream.whenBegun(() => resolve(true));
  });
  signal.removeEventListener('abort', giveUp);
  if (isStream && !(stream.hasFailedAtOnce && !record.hasReturned)) return stream;
  let last: unknown;
  for await (const item of stream) last = item;
  return last;
}
