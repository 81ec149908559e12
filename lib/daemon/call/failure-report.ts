import type { SerializedCall } from '../../serializers/contract/serializer.js';
import type { PyroTarget } from '../contract/target.js';
import type { ObjectRegistry } from '../object/registry.js';
import type { CallErrorInfo, EventReporter } from '../options/daemon-events.js';
import type { LimitCounters } from '../options/limit-counters.js';
import type { SessionConnection } from '../connection/session-connection.js';
import type { CallFollowers } from './call-observers.js';
import { presentableError } from './presentable-error.js';
import { EndOfStream } from './item-stream.js';

/** The parts of a request that its failures name. */
interface FailedRequest {
  readonly services: { readonly objects: ObjectRegistry; readonly reporter: EventReporter; readonly limits: LimitCounters };
  readonly connection: SessionConnection;
  readonly oneway: boolean;
  readonly correlationId: string;
  /** The stream whose next item the request asked for. */
  readonly pulledStream?: CallErrorInfo['stream'];
  readonly follower: CallFollowers | undefined;
  readonly entryFollower: CallFollowers | undefined;
  /** True when its client was told of another failure before. */
  readonly timedOut: boolean;
}

/** In place of an object id or a method that could not be read. */
export const UNKNOWN = '<unknown>';

/** Emits the events of a call that failed. The end of a stream is no failure. */
export function reportFailure(error: unknown, request: FailedRequest, call: Partial<SerializedCall>): void {
  if (isEndOfStream(error)) return;
  const { objects, reporter, limits } = request.services;
  const { objectId = UNKNOWN, method = UNKNOWN, args = [], kwargs = {} } = call;
  const { connection, oneway, correlationId, pulledStream: stream, timedOut } = request;
  limits.note(error, connection);
  if (!timedOut) noteFailure(error, request, objectId, method);
  const info: CallErrorInfo = { connection, objectId, method, args, kwargs, correlationId, ...(stream && { stream }) };
  // no client is told of the error of a oneway call, nor of an error after a timeout; errors of callback methods are told here, too
  if (oneway || timedOut || isCallback(objects.get(objectId), method)) reporter.emit('callError', error, info);
  // the timeout of this call was reported when its client was told
  if (!timedOut) reporter.emit('callFailed', error, info);
}

/** Counts a failure for the connection and the object. For an item of a stream, the object is the owner of the stream. */
function noteFailure(error: unknown, request: FailedRequest, objectId: string, method: string): void {
  const { connection, correlationId, pulledStream } = request;
  const { objects, reporter } = request.services;
  const { remoteAddress } = connection;
  const failed = pulledStream ?? { objectId, method };
  connection.failures++;
  (request.entryFollower ?? request.follower)?.failed(error);
  const usage = objects.usageOf(failed.objectId);
  if (usage) usage.failures++;
  reporter.failures.add(presentableError(error), { kind: 'call', ...failed, remoteAddress, correlationId });
}

function isEndOfStream(error: unknown): boolean {
  try {
    return error instanceof EndOfStream;
  } catch {
    // `instanceof` throws for a revoked Proxy
    return false;
  }
}

function isCallback(target: PyroTarget | undefined, method: string): boolean {
  try {
    return target?.isCallback(method) === true;
  } catch {
    // a weakly registered object was collected: the caller was told
    return false;
  }
}
