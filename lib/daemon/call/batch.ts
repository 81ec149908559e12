import { PyroError, TimeoutError } from '../../protocol/errors.js';
import { refusal } from '../../protocol/refusals.js';
import { PythonException } from '../../protocol/python-exception.js';
import { safeText } from '../../protocol/texts/safe-text.js';
import { kwargsOf } from '../../serializers/contract/call-shape.js';
import type { SerializedCall } from '../../serializers/contract/serializer.js';
import { runIsolated } from '../../calls/async-context.js';
import { LATER_TURN, type Steps } from '../../calls/steps.js';
import { asStream } from '../../objects/item-iterators.js';
import { CONNECTION_TURN_MS } from '../../transport/turns.js';
import type { PyroTarget } from '../contract/target.js';
import { disposeWithin } from '../object/disposal-limit.js';
import { BatchResults } from './batch-results.js';
import { BegunCall } from './begun-call.js';
import { reportFailure } from '../request/failure-report.js';
import { Call } from './call.js';
import type { ServedRequest } from '../request/served-request.js';
import { closeUnpulled } from './unpulled-stream.js';

/** Most entries of a batch that run in one turn. Entries that take long are fewer: see {@link CONNECTION_TURN_MS}. */
const ENTRIES_PER_TURN = 100;

/**
 * Runs the entries of a batch in order, up to the first that fails.
 *
 * @returns the results; the error of the entry that failed is the last one
 * @see Pyro5/server.py, `Daemon.handleRequest`
 */
export function* runBatch(
  request: ServedRequest,
  target: PyroTarget,
  { objectId, args: entries }: SerializedCall,
): Steps<unknown[]> {
  try {
    return yield* runEntries(request, target, objectId, entries);
  } finally {
    const disposal = request.batchInstance && disposeBatchInstance(request, request.batchInstance);
    if (disposal) yield disposal;
  }
}

/** Returns undefined when there is nothing to dispose. */
function disposeBatchInstance(
  { services, connection }: ServedRequest,
  instance: object | Promise<object>,
): Promise<unknown> | undefined {
  const dispose = (made: object): Promise<unknown> | undefined =>
    disposeWithin(made, (what, disposal) => services.cleanUps.wait(disposal(), what, connection));
  // the entries were told why the instance could not be made
  return instance instanceof Promise ? instance.then(dispose, () => undefined) : dispose(instance);
}

function* runEntries(request: ServedRequest, target: PyroTarget, objectId: string, entries: unknown[]): Steps<unknown[]> {
  const results = new BatchResults(request);
  let turn = new BatchTurn(0);
  for (const [index, entry] of entries.entries()) {
    if (turn.isOver(index)) {
      yield LATER_TURN;
      turn = new BatchTurn(index);
    }
    if (request.timedOut) break;
    const { method, args, kwargs } = readEntry(entry, index);
    const { observers } = request.services;
    const startedAt = performance.now();
    const follower = observers.isEmpty
      ? undefined
      : observers.start(new BegunCall(request, { objectId, method, args, kwargs }, startedAt), request.follower);
    request.entryFollower = follower;
    try {
      if (request.hasTooManyLateCalls) throw tooManyLateCalls(request);
      const call = new Call(request, objectId, method, kwargs);
      const run = (): unknown => call.run(target, args);
      const result = yield runIsolated(follower === undefined ? run : () => follower.run(run));
      const stream = asStream(result);
      if (stream) {
        yield closeUnpulled(request, method, stream);
        throw refusal(new PyroError(`"${method}" gives an item stream, which cannot be part of a batch`));
      }
      results.add(result);
    } catch (error) {
      const failure = results.addError(error) ?? error;
      reportFailure(failure, request, { objectId, method, args, kwargs }, startedAt);
      // the entry has stopped the batch, so observers see the batch fail, too
      request.follower?.failed(failure);
      break;
    } finally {
      request.entryFollower = undefined;
      // a log that is told may enter stores of its own, which the next entry must not read
      if (follower) runIsolated(() => follower.ended());
    }
  }
  // the results are written in one go
  if (!request.oneway && turn.isOver(entries.length)) yield LATER_TURN;
  return results.end();
}

/** Why the further entries do not run. The session counts the limit, and ends after the reply. */
function tooManyLateCalls({ services }: ServedRequest): TimeoutError {
  const { maxLateCalls } = services.options;
  const text = `this entry did not run: interceptors have given up more entries of the batch that still run than maxLateCalls (${maxLateCalls}); end them, or raise the limit`;
  return refusal(new TimeoutError(text));
}

/** Entries of a batch that run before other connections are served. */
class BatchTurn {
  private readonly endsAt = performance.now() + CONNECTION_TURN_MS;

  /** @param first index of the first entry of the turn */
  constructor(private readonly first: number) {}

  /** @param next index of the next entry */
  isOver(next: number): boolean {
    return next > this.first && (next - this.first >= ENTRIES_PER_TURN || performance.now() >= this.endsAt);
  }
}

/** @throws {PythonException} `ValueError`, as in Python */
function readEntry(entry: unknown, index: number): { method: string; args: unknown[]; kwargs: Record<string, unknown> } {
  if (Array.isArray(entry) && entry.length === 3) {
    const [method, args, kwargs] = entry as unknown[];
    if (typeof method === 'string' && Array.isArray(args)) return { method, args, kwargs: readKeywords(kwargs, index) };
  }
  throw badEntry(index);
}

function readKeywords(kwargs: unknown, index: number): Record<string, unknown> {
  try {
    return kwargsOf(kwargs);
  } catch (error) {
    throw badEntry(index, `: ${safeText(error)}`);
  }
}

function badEntry(index: number, why = ''): Error {
  return new PythonException('builtins.ValueError', [`entry ${index + 1} of the batch is not (method, args, kwargs)${why}`]);
}
