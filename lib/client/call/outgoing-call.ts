import type { Annotations } from '../../protocol/annotations.js';
import { compress, worthCompressing } from '../../protocol/compression.js';
import { BLOB_ANNOTATION, FLAGS, MESSAGE_TYPES } from '../../protocol/constants.js';
import { SerializeError } from '../../protocol/errors.js';
import { messageTooLarge, sizeLimit } from '../../protocol/header.js';
import { SerializedBlob } from '../../serializers/contract/serialized-blob.js';
import type { Serializer } from '../../serializers/contract/serializer.js';
import type { ClientConnection, Request } from '../connection/client-connection.js';
import type { ConnectionLeases } from '../messages/connection-leases.js';
import type { ProxySerializers } from '../messages/proxy-serializers.js';

/** A call to send. */
export interface OutgoingCall {
  /** Undefined: the proxy's own object. */
  objectId?: string;
  method: string;
  args: unknown[];
  kwargs: Record<string, unknown>;
  /** FLAGS.batch, or 0. */
  flags: number;
  /** Connection that it must go over, as long as that is there; then the one that it went over. */
  connection?: ClientConnection;
}

/** What all calls of a proxy are written with. */
export interface CallWriterOptions {
  compression: boolean;
  maxMessageBytes: number;
}

/** What goes around a call. */
export interface Envelope {
  /** Of the connection that the call goes over. */
  leases: ConnectionLeases;
  objectId: string;
  flags: number;
  annotations: Annotations;
  correlationId: Buffer;
}

/**
 * Writes a call.
 *
 * A SerializedBlob that was received is passed on as it came, with the serializer it came in.
 *
 * @throws {SerializeError} when something in it cannot be written, or a blob is not the only argument
 * @throws {MessageTooLargeError} when it is over `maxMessageBytes` before compression
 */
export async function writeCall(
  call: OutgoingCall,
  { leases, objectId, flags, annotations, correlationId }: Envelope,
  serializers: ProxySerializers,
  { compression, maxMessageBytes }: CallWriterOptions,
): Promise<{ request: Request; serializer: Serializer }> {
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
    annotations = new Map([...annotations, [BLOB_ANNOTATION, serializers.marshal.dumps([blob.info, objectId, call.method])]]);
    if (blob.received) {
      ({ data } = blob.received);
      serializer = serializers.withId(blob.received.serializer.id) ?? blob.received.serializer;
    } else {
      const whole = { objectId, method: call.method, args: blob.deserialized(), kwargs: {} };
      data = serializers.writeOver(leases, () => serializer.dumpsCall(whole));
    }
  }
  // the limit holds for what comes out at the other end, too
  if (data.length > maxMessageBytes) throw messageTooLarge(data.length, sizeLimit(maxMessageBytes));
  if (compression && worthCompressing(data.length)) {
    data = await compress(data);
    flags |= FLAGS.compressed;
  }
  const request = { type: MESSAGE_TYPES.invoke, serializerId: serializer.id, flags, data, annotations, correlationId };
  return { request, serializer };
}
