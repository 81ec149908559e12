import { ExceptionWrapper } from '../../serializers/objects/class-dicts.js';
import { type PyTuple, pyTuple } from '../../serpent/index.js';
import { ProtocolError } from '../../protocol/errors.js';
import { isLocalName } from './local-names.js';
import { partArguments } from '../options/keyword-arguments.js';
import { withCaller } from '../messages/reply-reader.js';

/** Name that a batch travels under. */
export const BATCH_METHOD = '<batch>';

/** How a batch is carried out. */
export interface BatchOptions {
  /** Wait for no results. Default false. */
  oneway?: boolean;
  /** Give what became of each call instead of failing with the first error. Default false. */
  settled?: boolean;
}

/**
 * Writes down the calls that are made on it.
 *
 * @throws {TypeError} when `record` is async
 */
export function recordBatch(record: (recorder: object) => unknown): PyTuple[] {
  const calls: PyTuple[] = [];
  const recorder = new Proxy(Object.create(null) as object, {
    get(_, name) {
      if (typeof name === 'symbol' || isLocalName(name)) return undefined;
      return (...given: unknown[]) => {
        const { args, kwargs } = partArguments(given);
        calls.push(pyTuple(name, pyTuple(...args), kwargs));
      };
    },
  });
  if (record(recorder) instanceof Promise)
    throw new TypeError('the function given to $batch must not be async: what it calls later would be lost');
  return calls;
}

/**
 * What became of the calls of a batch, in their order. Behind the first that failed, none was carried out.
 *
 * @throws {ProtocolError} when the reply holds no list
 */
export function settledResults(reply: unknown): PromiseSettledResult<unknown>[] {
  if (!Array.isArray(reply)) throw new ProtocolError('the reply to a batch is a list of results');
  return (reply as unknown[]).map((value) =>
    value instanceof ExceptionWrapper
      ? { status: 'rejected', reason: withCaller(value.exception) }
      : { status: 'fulfilled', value },
  );
}

/**
 * The results of the calls of a batch.
 *
 * @throws {PyroRemoteError} of the call that failed
 */
export function plainResults(reply: unknown): unknown[] {
  return settledResults(reply).map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}
