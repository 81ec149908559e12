import type { SerializedCall } from '../../serializers/contract/serializer.js';
import type { Authorization } from '../contract/authorization.js';
import type { PyroTarget } from '../contract/target.js';
import type { ObjectRegistry } from '../object/registry.js';
import type { CallErrorInfo, EventReporter } from '../options/daemon-events.js';
import type { LimitCounters } from '../options/limit-counters.js';
import { principalOf } from '../connection/authorizations.js';
import type { SessionConnection } from '../connection/session-connection.js';
import type { CallFollowers } from './call-observers.js';
import { presentableError } from './presentable-error.js';
import { EndOfStream, type StreamingCall } from '../streams/item-stream.js';

/** The parts of a request that its failures name. */
interface FailedRequest {
  readonly services: { readonly objects: ObjectRegistry; readonly reporter: EventReporter; readonly limits: LimitCounters };
  readonly connection: SessionConnection;
  readonly oneway: boolean;
  readonly correlationId: string;
  readonly authorization: Authorization;
  /** `performance.now()` when the call began; 0 when the request cannot be read. */
  readonly startedAt: number;
  /** The call that returned the stream whose next item the request asked for. */
  readonly pulledCall?: StreamingCall | undefined;
  readonly follower: CallFollowers | undefined;
  readonly entryFollower: CallFollowers | undefined;
  /** True when its client was told of another failure before. */
  readonly timedOut: boolean;
}

/** In place of an object id or a method that could not be read. */
export const UNKNOWN = '<unknown>';

/**
 * Emits the events of a call that failed. The end of a stream is no failure.
 *
 * @param startedAt `performance.now()` when the call began
 */
export function reportFailure(
  error: unknown,
  request: FailedRequest,
  call: Partial<SerializedCall>,
  startedAt = request.startedAt,
): void {
  if (isEndOfStream(error)) return;
  const { objects, reporter, limits } = request.services;
  const { objectId = UNKNOWN, method = UNKNOWN } = call;
  const { connection, oneway, timedOut } = request;
  limits.note(error, connection);
  if (!timedOut) noteFailure(error, request, objectId, method);
  const info = infoOf(request, { ...call, objectId, method }, startedAt);
  // no client is told of the error of a oneway call, nor of an error after a timeout; errors of callback methods are told here, too
  if (oneway || timedOut || isCallback(objects.get(objectId), method)) reporter.emit('callError', error, info);
  // the timeout of this call was reported when its client was told
  if (!timedOut) reporter.emit('callFailed', error, info);
}

/** Emits the event of a failure for which nobody waits: the call has its answer, or its client has gone. */
export function reportUnheardFailure(
  error: unknown,
  request: FailedRequest,
  call: Partial<SerializedCall> & Pick<SerializedCall, 'objectId' | 'method'>,
): void {
  request.services.reporter.emit('callError', error, infoOf(request, call, request.startedAt));
}

function infoOf(
  { connection, correlationId, authorization, pulledCall }: FailedRequest,
  { objectId, method, args = [], kwargs = {} }: Partial<SerializedCall> & Pick<SerializedCall, 'objectId' | 'method'>,
  startedAt: number,
): CallErrorInfo {
  return {
    connection,
    objectId,
    method,
    args,
    kwargs,
    correlationId,
    ...principalOf(pulledCall?.request.authorization ?? authorization),
    ...(startedAt > 0 && { durationMs: performance.now() - startedAt }),
    ...(pulledCall && { stream: streamOf(pulledCall) }),
  };
}

function streamOf({ objectId, method, correlationId }: StreamingCall): NonNullable<CallErrorInfo['stream']> {
  return { objectId, method, correlationId };
}

/** Counts a failure for the connection and the object. For an item of a stream, the object is the owner of the stream. */
function noteFailure(error: unknown, request: FailedRequest, objectId: string, method: string): void {
  const { connection, correlationId, pulledCall } = request;
  const { objects, reporter } = request.services;
  const { remoteAddress } = connection;
  const failed = pulledCall === undefined ? { objectId, method, correlationId } : streamOf(pulledCall);
  connection.failures++;
  (request.entryFollower ?? request.follower)?.failed(error);
  const usage = objects.usageOf(failed.objectId);
  if (usage) usage.failures++;
  reporter.failures.add(presentableError(error), { kind: 'call', ...failed, remoteAddress });
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
