import type { Annotations } from '../../protocol/annotations.js';
import { compress, worthCompressing } from '../../protocol/compression.js';
import { BLOB_ANNOTATION, FLAGS, MESSAGE_TYPES } from '../../protocol/constants.js';
import { SerializeError } from '../../protocol/errors.js';
import { messageTooLarge, sizeLimit } from '../../protocol/header.js';
import type { OutgoingMessage } from '../../protocol/message.js';
import { SerializedBlob } from '../../serializers/contract/serialized-blob.js';
import type { SerializedCall, Serializer } from '../../serializers/contract/serializer.js';
import type { AutoproxyLeases } from './autoproxy-leases.js';
import type { ProxySerializers } from './proxy-serializers.js';

/** A request to a daemon. The connection adds the sequence number. */
export type RequestMessage = Omit<OutgoingMessage, 'seq'> & { correlationId: Buffer };

/** Options for writing the calls of a proxy. */
export interface RequestOptions {
  compression: boolean;
  maxMessageBytes: number;
}

/** The parts of a request besides method and arguments. */
export interface RequestParts {
  /** Leases of the connection that the request is sent over. */
  leases: AutoproxyLeases;
  objectId: string;
  flags: number;
  annotations: Annotations;
  correlationId: Buffer;
}

/**
 * Writes a call as a request.
 *
 * A SerializedBlob that was received is sent unchanged, in the serializer that it came in.
 *
 * @returns the request, and the serializer that reads its reply
 * @throws {SerializeError} when an argument cannot be written, or a blob is not the only argument
 * @throws {MessageTooLargeError} when the call is larger than `maxMessageBytes` before compression
 */
export async function writeCall(
  call: Omit<SerializedCall, 'objectId'>,
  { leases, objectId, flags, annotations, correlationId }: RequestParts,
  serializers: ProxySerializers,
  { compression, maxMessageBytes }: RequestOptions,
): Promise<{ request: RequestMessage; serializer: Serializer }> {
  let serializer = serializers.own;
  let data: Buffer;
  const blob = call.args.find((arg): arg is SerializedBlob => arg instanceof SerializedBlob);
  if (blob === undefined) {
    data = serializers.writeOver(leases, () => serializer.dumpsCall({ ...call, objectId }));
  } else {
    if (call.args.length > 1 || Object.keys(call.kwargs).length > 0) {
      throw new SerializeError('a SerializedBlob must be the only argument of its call');
    }
    flags |= FLAGS.keepSerialized;
    annotations = new Map([
      ...annotations,
      [BLOB_ANNOTATION, serializers.marshal.dumps([blob.infoToSend, objectId, call.method])],
    ]);
    if (blob.received) {
      ({ data } = blob.received);
      serializer = serializers.withId(blob.received.serializer.id) ?? blob.received.serializer;
    } else {
      const whole = { objectId, method: call.method, args: blob.deserialized(), kwargs: {} };
      data = serializers.writeOver(leases, () => serializer.dumpsCall(whole));
    }
  }
  // the daemon's limit counts the bytes after inflation
  if (data.length > maxMessageBytes) throw messageTooLarge(data.length, sizeLimit(maxMessageBytes));
  if (compression && worthCompressing(data.length)) {
    data = await compress(data);
    flags |= FLAGS.compressed;
  }
  const request = { type: MESSAGE_TYPES.invoke, serializerId: serializer.id, flags, data, annotations, correlationId };
  return { request, serializer };
}
