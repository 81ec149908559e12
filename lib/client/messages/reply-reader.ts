import { decompress } from '../../protocol/compression.js';
import { FLAGS, STREAM_ANNOTATION } from '../../protocol/constants.js';
import { ProtocolError } from '../../protocol/errors.js';
import type { Frame } from '../../protocol/frame-reader.js';
import { sizeLimit } from '../../protocol/header.js';
import { PyroRemoteError, showRemoteTraceback } from '../../serializers/objects/exceptions.js';
import type { ReadContext, Serializer } from '../../serializers/contract/serializer.js';

/** The result of a call that opened an item stream. */
export class OpenedStream {
  constructor(readonly id: string) {}
}

/**
 * Reads the reply of a call.
 *
 * @returns the result of the call, or an {@link OpenedStream}
 * @throws {PyroRemoteError} when the call failed on the server
 * @throws {SerializeError} when the reply cannot be deserialized
 * @throws {ProtocolError} when the reply has contradicting flags, annotations or data
 */
export async function readReply(
  frame: Frame,
  serializer: Serializer,
  context: ReadContext,
  maxMessageBytes: number,
): Promise<unknown> {
  const { flags } = frame.header;
  if (flags & FLAGS.itemStream) {
    const id = frame.annotations.get(STREAM_ANNOTATION)?.toString('latin1');
    if (id) return new OpenedStream(id);
    throw new ProtocolError('result of call is an iterator, but the server is not configured to allow streaming');
  }
  const data = flags & FLAGS.compressed ? await decompress(frame.data, sizeLimit(maxMessageBytes)) : frame.data;
  const value = serializer.loads(data, context);
  if (!(flags & FLAGS.exception)) return value;
  if (value instanceof PyroRemoteError) throw withCaller(value);
  throw new ProtocolError('the reply says that the call failed, but holds no exception');
}

/** Gives an exception from a reply a stack that shows where this program made the call, and then the remote traceback. */
export function withCaller(error: unknown): unknown {
  if (!(error instanceof PyroRemoteError)) return error;
  Error.captureStackTrace(error, withCaller);
  showRemoteTraceback(error);
  return error;
}
