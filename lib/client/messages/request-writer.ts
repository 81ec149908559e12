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

/** A request to a daemon. The connection sets the sequence number. */
export interface RequestMessage extends OutgoingMessage {
  readonly serializer: Serializer;
  readonly correlationId: Buffer;
}

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
 * @returns a promise only when the request is compressed
 * @throws {SerializeError} when an argument cannot be written, or a blob is not the only argument
 * @throws {MessageTooLargeError} when the call is larger than `maxMessageBytes` before compression
 */
export function writeCall(
  call: Omit<SerializedCall, 'objectId'>,
  parts: RequestParts,
  serializers: ProxySerializers,
  { compression, maxMessageBytes }: RequestOptions,
): RequestMessage | Promise<RequestMessage> {
  const request = call.args.some(isBlob)
    ? blobRequest(call, call.args[0] as SerializedBlob, parts, serializers)
    : requestOf(call, parts, serializers);
  const { length } = request.data;
  // the daemon's limit counts the bytes after inflation
  if (length > maxMessageBytes) throw messageTooLarge(length, sizeLimit(maxMessageBytes));
  return compression && worthCompressing(length) ? compressed(request) : request;
}

function requestOf(
  { method, args, kwargs }: Omit<SerializedCall, 'objectId'>,
  { leases, objectId, flags, annotations, correlationId }: RequestParts,
  serializers: ProxySerializers,
): RequestMessage {
  const serializer = serializers.own;
  const data = serializers.writeCall({ objectId, method, args, kwargs }, leases);
  return { type: MESSAGE_TYPES.invoke, serializerId: serializer.id, serializer, flags, seq: 0, data, annotations, correlationId };
}

/** A SerializedBlob stands for the arguments: the request says in an annotation whose they are. */
function blobRequest(
  call: Omit<SerializedCall, 'objectId'>,
  blob: SerializedBlob,
  parts: RequestParts,
  serializers: ProxySerializers,
): RequestMessage {
  if (call.args.length > 1 || Object.keys(call.kwargs).length > 0) {
    throw new SerializeError('a SerializedBlob must be the only argument of its call');
  }
  const target = serializers.marshal.dumps([blob.infoToSend, parts.objectId, call.method]);
  const annotations = new Map([...parts.annotations, [BLOB_ANNOTATION, target]]);
  const flags = parts.flags | FLAGS.keepSerialized;
  if (blob.received === undefined) {
    return requestOf({ ...call, args: blob.deserialized() }, { ...parts, flags, annotations }, serializers);
  }
  const { data, serializer: given } = blob.received;
  const serializer = serializers.withId(given.id) ?? given;
  const { correlationId } = parts;
  return { type: MESSAGE_TYPES.invoke, serializerId: serializer.id, serializer, flags, seq: 0, data, annotations, correlationId };
}

async function compressed(request: RequestMessage): Promise<RequestMessage> {
  return { ...request, data: await compress(request.data), flags: request.flags | FLAGS.compressed };
}

function isBlob(value: unknown): value is SerializedBlob {
  return typeof value === 'object' && value instanceof SerializedBlob;
}
