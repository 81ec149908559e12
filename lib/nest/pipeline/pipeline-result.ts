import { isObservable, type Observable } from 'rxjs';
import { asStream, WrappedIterator } from '../../objects/item-iterators.js';
import { toPythonError } from '../errors/python-error.js';
import { DEFAULT_STREAM_OPTIONS, type PyroStreamOptions } from '../metadata/member-metadata.js';
import type { CallRecord, PipelineArguments } from './call-record.js';
import type { Pipeline } from './pyro-context-creator.js';
import type { PyroContext } from '../context/pyro-context.js';
import { ObservableStream } from './observable-stream.js';

/**
 * The result of a call: an Observable is replaced by its last value, or by a stream of its items; other results stay.
 *
 * An Observable is a stream when the *method* returned it and has the `stream` option. The Observable of an interceptor around a
 * plain result is no stream.
 *
 * @param result the result of the pipeline
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

/**
 * The iterator of a result that travels item by item, undefined for other results. Its errors pass the exception filters, and
 * become Python's.
 *
 * @param onEnd called once, after the last item, an error, or `return()`
 */
export function streamOfResult(
  result: unknown,
  pipeline: Pipeline,
  args: PipelineArguments,
  onEnd?: () => Promise<void>,
): WrappedIterator | undefined {
  const stream = asStream(result);
  if (stream === undefined) return undefined;
  const recover = (error: unknown): ObservableStream =>
    new ObservableStream(pipeline.filter(error, args), DEFAULT_STREAM_OPTIONS);
  // the errors of an Observable passed the filters in the pipeline already
  const [, , { inContext: run }] = args;
  const hooks = result instanceof ObservableStream ? { onEnd } : { onEnd, recover, run };
  return new WrappedIterator(stream, { ...hooks, mapError: toPythonError });
}

/** The last value of an Observable; undefined when it has none. Fails when the client goes away. */
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
    // only an Observable that the method itself returned might run for ever
    record.whenReturned((mightRunForever) => {
      if (!mightRunForever || subscription.closed) return;
      ({ signal } = context);
      if (signal.aborted) giveUp();
      else signal.addEventListener('abort', giveUp, { once: true });
    });
  });
}

/** With interceptors the method runs when the Observable is subscribed to: only then it is known what the method returns. */
async function streamOrValue(
  source: Observable<unknown>,
  options: Required<PyroStreamOptions>,
  record: CallRecord,
  { signal }: PyroContext,
): Promise<unknown> {
  const stream = new ObservableStream(source, options);
  // nothing else closes the stream when the client goes away before the reply
  const giveUp = (): void => void stream.return();
  signal.addEventListener('abort', giveUp, { once: true });
  const isStream = await new Promise<boolean>((resolve) => {
    record.whenReturned(resolve);
    // an interceptor that answers in place of the method gives items, as the option says
    stream.whenBegun(() => resolve(true));
  });
  signal.removeEventListener('abort', giveUp);
  if (isStream && !(stream.hasFailedAtOnce && !record.hasReturned)) return stream;
  let last: unknown;
  for await (const item of stream) last = item;
  return last;
}
