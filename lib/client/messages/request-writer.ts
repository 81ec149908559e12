import type { CorrelationIdSource } from '../../calls/correlation-id.js';
import { type Annotations, measureAnnotations } from '../../protocol/annotations.js';
import { compress, worthCompressing } from '../../protocol/compression.js';
import { BLOB_ANNOTATION, FLAGS, MESSAGE_TYPES } from '../../protocol/constants.js';
import { SerializeError } from '../../protocol/errors.js';
import { messageTooLarge, sizeLimit } from '../../protocol/header.js';
import { SerializedBlob } from '../../serializers/contract/serialized-blob.js';
import type { SerializedCall, Serializer } from '../../serializers/contract/serializer.js';
import type { AutoproxyLeases } from './autoproxy-leases.js';
import type { ProxySerializers } from './proxy-serializers.js';
import { CallRequest, type OutgoingRequest, WrittenRequest } from './outgoing-request.js';

/**
 * Annotations up to this size are copied into the send buffer: mostly the trace of a call. A request outside of the send buffer takes 2 µs
 * more.
 */
const MAX_COPIED_ANNOTATIONS_BYTES = 1024;

/** Options for writing the calls of a proxy. */
export interface RequestOptions {
  compression: boolean;
  maxMessageBytes: number;
}

/** The parts of a request besides method and arguments. */
export interface RequestParts {
  /** Leases of the connection that the request is sent over. */
  leases: AutoproxyLeases;
  flags: number;
  annotations: Annotations;
  correlationIds: CorrelationIdSource;
}

/**
 * Makes the request of a call.
 *
 * A SerializedBlob that was received is sent unchanged, in the serializer that it came in.
 *
 * @returns a promise only when the request is compressed
 * @throws {ProtocolError} `BAD_ANNOTATIONS`
 * @throws {SerializeError} when an argument cannot be written, or a blob is not the only argument
 * @throws {MessageTooLargeError} when the call is larger than `maxMessageBytes` before compression
 */
export function requestOf(
  call: SerializedCall,
  parts: RequestParts,
  serializers: ProxySerializers,
  options: RequestOptions,
): OutgoingRequest | Promise<OutgoingRequest> {
  if (call.args.some(isBlob)) return blobRequest(call, parts, serializers, options);
  const { leases, flags, annotations, correlationIds } = parts;
  const annotationsBytes = annotations.size === 0 ? 0 : measureAnnotations(annotations);
  if (annotationsBytes <= MAX_COPIED_ANNOTATIONS_BYTES && !options.compression) {
    return new CallRequest(call, leases, serializers, flags, correlationIds, annotations, annotationsBytes);
  }
  return writtenRequest(serializers.writeCall(call, leases), serializers.own, parts, options);
}

/** Makes the request of a SerializedBlob, which replaces the arguments. An annotation names the object and method of the blob. */
function blobRequest(
  { objectId, method, args, kwargs }: SerializedCall,
  parts: RequestParts,
  serializers: ProxySerializers,
  options: RequestOptions,
): OutgoingRequest | Promise<OutgoingRequest> {
  if (args.length > 1 || Object.keys(kwargs).length > 0) {
    throw new SerializeError('a SerializedBlob must be the only argument of its call');
  }
  const blob = args[0] as SerializedBlob;
  const target = serializers.marshal.dumps([blob.infoToSend, objectId, method]);
  const annotations = new Map([...parts.annotations, [BLOB_ANNOTATION, target]]);
  const blobParts = { ...parts, annotations, flags: parts.flags | FLAGS.keepSerialized };
  if (blob.received === undefined) {
    const data = serializers.writeCall({ objectId, method, args: blob.deserialized(), kwargs }, parts.leases);
    return writtenRequest(data, serializers.own, blobParts, options);
  }
  const { data, serializer } = blob.received;
  return writtenRequest(data, serializers.withId(serializer.id) ?? serializer, blobParts, options);
}

function writtenRequest(
  data: Buffer,
  serializer: Serializer,
  parts: RequestParts,
  { compression, maxMessageBytes }: RequestOptions,
): OutgoingRequest | Promise<OutgoingRequest> {
  // the daemon's limit counts the bytes after inflation
  if (data.length > maxMessageBytes) throw messageTooLarge(data.length, sizeLimit(maxMessageBytes));
  if (compression && worthCompressing(data.length)) return compressedRequest(data, serializer, parts);
  return new WrittenRequest(MESSAGE_TYPES.invoke, data, parts.annotations, serializer, parts.flags, parts.correlationIds);
}

async function compressedRequest(
  data: Buffer,
  serializer: Serializer,
  { annotations, flags, correlationIds }: RequestParts,
): Promise<OutgoingRequest> {
  const compressed = await compress(data);
  return new WrittenRequest(MESSAGE_TYPES.invoke, compressed, annotations, serializer, flags | FLAGS.compressed, correlationIds);
}

function isBlob(value: unknown): value is SerializedBlob {
  return typeof value === 'object' && value instanceof SerializedBlob;
}
