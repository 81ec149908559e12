import { decompress } from '../../protocol/compression.js';
import { FLAGS, STREAM_ANNOTATION } from '../../protocol/constants.js';
import { ProtocolError } from '../../protocol/errors.js';
import type { Frame } from '../../protocol/frame-reader.js';
import { sizeLimit } from '../../protocol/header.js';
import { PyroRemoteError } from '../../serializers/objects/exceptions.js';
import type { ReadContext, Serializer } from '../../serializers/contract/serializer.js';

/** A result that is an iterator over there. */
export class OpenedStream {
  constructor(readonly id: string) {}
}

/**
 * Reads the reply of a call.
 *
 * @returns its result, or an {@link OpenedStream}
 * @throws {PyroRemoteError} when the call failed over there
 * @throws {SerializeError} when it cannot be read, {@link ProtocolError} when it makes no sense
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

/** Its stack says where in this program the call was made, and then where over there it failed. */
export function withCaller(error: unknown): unknown {
  if (!(error instanceof PyroRemoteError)) return error;
  Error.captureStackTrace(error, withCaller);
  if (error.remoteTraceback.length > 0) error.stack += `\nRemote traceback:\n${error.remoteTraceback.join('')}`;
  return error;
}
