import { type Annotations, measureAnnotations, NO_ANNOTATIONS, writeAnnotations } from './annotations.js';
import { FLAGS, HEADER_BYTES } from './constants.js';
import { messageTooLarge, sizeLimit, writeHeader } from './header.js';

/** A message to write. */
export interface OutgoingMessage {
  type: number;
  serializerId: number;
  flags: number;
  seq: number;
  /** Already compressed when `flags` says so. */
  data: Buffer;
  annotations?: Annotations;
  /** 16 bytes; sets the correlation flag. */
  correlationId?: Buffer;
}

/** Data up to this size is copied after its header, because a copy costs less than a second write. Larger data is not copied. */
const COPY_LIMIT_BYTES = 16 * 1024;

/**
 * Encodes a message as one buffer, or as two buffers when the data is large.
 *
 * @throws {MessageTooLargeError} when annotations and data together are over `maxMessageBytes`
 * @throws {ProtocolError} `BAD_ANNOTATIONS`
 */
export function encodeMessage(message: OutgoingMessage, maxMessageBytes: number): Buffer[] {
  const annotations = message.annotations ?? NO_ANNOTATIONS;
  const annotationsBytes = annotations.size === 0 ? 0 : measureAnnotations(annotations);
  const dataBytes = message.data.length;
  if (annotationsBytes + dataBytes > maxMessageBytes)
    throw messageTooLarge(annotationsBytes + dataBytes, sizeLimit(maxMessageBytes));
  const headBytes = HEADER_BYTES + annotationsBytes;
  const copied = dataBytes <= COPY_LIMIT_BYTES;
  const head = Buffer.allocUnsafe(copied ? headBytes + dataBytes : headBytes);
  const { type, serializerId, seq, correlationId } = message;
  const flags = correlationId ? message.flags | FLAGS.correlationId : message.flags & ~FLAGS.correlationId;
  writeHeader(head, { type, serializerId, flags, seq, dataBytes, annotationsBytes }, correlationId);
  if (annotationsBytes > 0) writeAnnotations(head, HEADER_BYTES, annotations);
  if (!copied) return [head, message.data];
  message.data.copy(head, headBytes);
  return [head];
}

/** One message as it went over a connection. */
export interface WireMessage {
  direction: 'received' | 'sent';
  /** `host:port` or socket path of the peer. A daemon adds the number of the connection: `127.0.0.1:51234 #3`. */
  peer: string;
  /** One of MESSAGE_TYPES. */
  type: number;
  /** Bits of FLAGS. */
  flags: number;
  seq: number;
  serializerId: number;
  annotations: ReadonlyMap<string, Buffer>;
  /** Compressed when `flags` says so. Valid as long as you hold it; do not change it. */
  data: Buffer;
}

/** Is called with every message of a connection. Messages hold secrets, such as handshake data. */
export type WireLog = (message: WireMessage) => void;
