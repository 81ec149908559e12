import { types } from 'node:util';
import { FLAGS, STREAM_ANNOTATION } from '../../protocol/constants.js';
import {
  CommunicationError,
  ConnectionClosedError,
  MessageTooLargeError,
  NamingError,
  ProtocolError,
  PyroError,
  SecurityError,
  SerializeError,
  TimeoutError,
} from '../../protocol/errors.js';
import type { Frame } from '../../protocol/messages/frame-reader.js';
import type { Inflation } from '../../protocol/messages/inflation.js';
import { noteFailedCall } from '../../protocol/refusals.js';
import { shortText } from '../../protocol/short-text.js';
import { convertedTraceback } from '../../serializers/objects/converted-failures.js';
import { PyroRemoteError } from '../../serializers/objects/exceptions.js';
import { showRemoteTraceback } from '../../serializers/objects/remote-traceback.js';
import type { ReadContext, Serializer } from '../../serializers/contract/serializer.js';
import { noteRejection, rejectionReason } from './rejections.js';

/** The result of a call that opened an item stream. */
export class OpenedStream {
  constructor(readonly id: string) {}
}

/**
 * Reads the reply of a call.
 *
 * @param context of this read alone
 * @returns the result of the call, or an {@link OpenedStream}; a promise of them only when the reply is compressed
 * @throws {PyroRemoteError} when the call failed on the server; the error that a converter made of the exception, if its class has one
 * @throws {SerializeError} when the reply cannot be deserialized
 * @throws {ProtocolError} when the reply has contradicting flags, annotations or data
 */
export function readReply(frame: Frame, serializer: Serializer, context: ReadContext, inflation: Inflation): unknown {
  const { flags } = frame.header;
  if (flags & FLAGS.itemStream) {
    const id = frame.annotations.get(STREAM_ANNOTATION)?.toString('latin1');
    if (id) return new OpenedStream(id);
    throw new ProtocolError('result of call is an iterator, but the server is not configured to allow streaming');
  }
  if (flags & FLAGS.compressed) {
    return inflation.open(frame, (data, wireBytes) => {
      context.wireBytes = wireBytes;
      return readValue(data, flags, serializer, context);
    });
  }
  const value = readValue(frame.data, flags, serializer, context);
  frame.release();
  return value;
}

function readValue(data: Buffer, flags: number, serializer: Serializer, context: ReadContext): unknown {
  const value = valueOf(data, serializer, context);
  if (!(flags & FLAGS.exception)) return value;
  throw callFailure(value);
}

/**
 * The error of a call that failed on the server, with a stack that shows where this program made the call, and the remote traceback.
 *
 * @param exception the exception as it was read. Of a class with a converter it is whatever `fromDict` made
 * @returns a ProtocolError when it is no error: `throw` of another value has no stack, and Python cannot raise one
 */
export function callFailure(exception: unknown): unknown {
  if (exception instanceof PyroRemoteError) return withCaller(exception);
  if (exception instanceof Error || types.isNativeError(exception)) return convertedWithCaller(exception);
  const text = `the reply says that the call failed, but holds no exception: ${shortText(exception)}`;
  return new ProtocolError(`${text}; for the class of an exception, the fromDict of registerClass must give an Error`);
}

/** As {@link withCaller}, for an error that a converter made. */
function convertedWithCaller(error: Error): Error {
  try {
    Error.captureStackTrace(error, callFailure);
    const shown = { stack: error.stack, remoteTraceback: convertedTraceback(error), toString: () => String(error) };
    showRemoteTraceback(shown as PyroRemoteError);
    error.stack = shown.stack!;
  } catch {
    // a frozen error stays as it is
  }
  return error;
}

function valueOf(data: Buffer, serializer: Serializer, context: ReadContext): unknown {
  try {
    return serializer.loads(data, context);
  } catch (error) {
    // a method that made this call refuses nothing
    if (error instanceof SecurityError) noteFailedCall(error);
    throw error;
  }
}

/**
 * Gives an error that was made elsewhere a stack that shows where this program made the call. The remote traceback follows, if the
 * error has one.
 */
export function withCaller(error: unknown): unknown {
  if (!(error instanceof PyroError)) return error;
  Error.captureStackTrace(error, withCaller);
  if (error instanceof PyroRemoteError) showRemoteTraceback(error);
  return error;
}

/** Classes of errors of which a copy can be made. */
const COPIED = [
  CommunicationError,
  ConnectionClosedError,
  MessageTooLargeError,
  NamingError,
  ProtocolError,
  SecurityError,
  SerializeError,
  TimeoutError,
];

/**
 * The error of a connection that could not be opened, for one of the calls that waited for the connection: a copy, whose stack also shows
 * where this program made the call. Errors of other classes stay as they are.
 */
export function errorOfCaller(error: unknown): unknown {
  const Class = COPIED.find(({ prototype }) => Object.getPrototypeOf(error) === prototype);
  if (Class === undefined) return error;
  const shared = error as PyroError;
  const copy = noteRejection(Object.assign(new Class(shared.message, shared), shared), rejectionReason(shared));
  Error.captureStackTrace(copy, errorOfCaller);
  copy.stack = `${shared.stack}${copy.stack!.slice(String(copy).length)}`;
  return copy;
}
