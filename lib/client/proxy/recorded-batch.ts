import { ExceptionWrapper } from '../../serializers/objects/class-dicts.js';
import { type PyTuple, pyTuple } from '../../serpent/index.js';
import { tupleOf } from '../../serpent/values/values.js';
import { ProtocolError } from '../../protocol/errors.js';
import { explainAttribute } from '../call/attribute-hints.js';
import type { RemoteMetadata } from '../connection/remote-metadata.js';
import { isLocalName } from './local-names.js';
import { splitArguments } from '../call/outgoing-call.js';
import { RefusedChanges } from './refused-changes.js';
import { callFailure } from '../messages/reply-reader.js';

/** Options of a batch. */
export interface BatchOptions {
  /** Sends the batch without waiting for results. Default false. */
  oneway?: boolean;
  /** Gives the outcome of each call instead of throwing the first error. Default false. */
  settled?: boolean;
}

/**
 * Records the calls that `record` makes on the recorder. A later call on the recorder throws a TypeError.
 *
 * @throws {TypeError} when `record` is async
 */
export function recordBatch(record: (recorder: object) => unknown): PyTuple[] {
  const traps = new RecorderTraps();
  try {
    const recorded = record(new Proxy(Object.create(null) as object, traps));
    if (!(recorded instanceof Promise)) return traps.calls;
    // later calls on the recorder make the promise fail, which this error tells already
    recorded.catch(() => undefined);
  } finally {
    traps.hasEnded = true;
  }
  throw new TypeError('the function given to $batch must not be async: what it calls later would be lost');
}

/** Records a call for every name that is not local. */
class RecorderTraps extends RefusedChanges {
  readonly calls: PyTuple[] = [];
  hasEnded = false;

  override set(_target: object, key: string | symbol): never {
    throw new TypeError(`cannot assign to ${String(key)} in a batch: a batch has calls of methods only`);
  }

  get(_target: object, name: string | symbol): unknown {
    if (typeof name === 'symbol' || isLocalName(name)) return undefined;
    return (...given: unknown[]) => {
      if (this.hasEnded) throw new TypeError(`${name}() was called on the recorder of a batch that is made already`);
      const { args, kwargs } = splitArguments(given);
      this.calls.push(pyTuple(name, tupleOf(args), kwargs));
    };
  }
}

/**
 * Gives the outcomes of the calls of a batch, in order. After the first call that failed, none was run.
 *
 * @param calls number of calls in the batch
 * @throws {ProtocolError} when the reply holds no list, or not a result for each call up to the first that failed
 */
export function settledResults(reply: unknown, calls: number): PromiseSettledResult<unknown>[] {
  if (!Array.isArray(reply)) throw new ProtocolError('the reply to a batch is a list of results');
  const results = reply as unknown[];
  const failed = results.findIndex((value) => value instanceof ExceptionWrapper);
  const expected = failed < 0 ? calls : failed + 1;
  if (results.length !== expected || expected > calls) {
    const until = failed < 0 ? '' : `, of which call ${failed + 1} failed and ended the batch`;
    throw new ProtocolError(`the reply to a batch of ${calls} calls has ${results.length} results${until}`);
  }
  return results.map((value) =>
    value instanceof ExceptionWrapper
      ? { status: 'rejected', reason: callFailure(value.exception) }
      : { status: 'fulfilled', value },
  );
}

/**
 * Gives the results of the calls of a batch. Throws the same errors as {@link settledResults}.
 *
 * @throws {PyroRemoteError} of the call that failed
 */
export function plainResults(reply: unknown, calls: number): unknown[] {
  return settledResults(reply, calls).map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}

/** Adds to the error of the call that ended a batch that its name is an attribute. */
export function explainFailedEntry(reply: unknown, calls: readonly PyTuple[], metadata: RemoteMetadata | undefined): void {
  const failed = failedEntry(reply);
  const call = failed && calls[(reply as unknown[]).length - 1];
  if (call && metadata) explainAttribute(failed.exception, metadata, [call[0] as string]);
}

/** The exception of the call that ended a batch. Undefined when no call has failed. */
export function failedEntry(reply: unknown): ExceptionWrapper | undefined {
  const last: unknown = Array.isArray(reply) ? reply.at(-1) : undefined;
  return last instanceof ExceptionWrapper ? last : undefined;
}
