import type { ByteWriter } from '../../serpent/writing/byte-writer.js';
import { type Annotations, measureAnnotations, NO_ANNOTATIONS, writeAnnotations } from './annotations.js';
import { CORRELATION_ID_AT, CORRELATION_ID_BYTES, FLAGS, HEADER_BYTES } from '../constants.js';
import { messageTooLarge, sizeLimit, writeHeader } from './header.js';

/** The request that a message answers. Its reply repeats these values. */
export interface ReplyAddress {
  readonly serializerId: number;
  readonly seq: number;
  /** The correlation id: 16 bytes of `idBlock`, from `idAt` on. */
  readonly idBlock: Buffer;
  readonly idAt: number;
}

/** A message to write. */
export interface OutgoingMessage {
  /** Type of the message, see `MESSAGE_TYPES`. */
  type: number;
  /** Number of the serializer of the data, see `SERIALIZER_IDS`. */
  serializerId: number;
  /** Bits of `FLAGS`. */
  flags: number;
  /** 0 to 65,535. A reply has the number of its request. */
  seq: number;
  /** Already compressed when `flags` says so. */
  data: Buffer;
  /** Four letters to bytes. Default: none. */
  annotations?: Annotations;
  /** 16 bytes; sets the correlation flag. */
  correlationId?: Buffer;
}

/** Data up to this size is copied after its header, because a copy costs less than a second write. Larger data is not copied. */
const COPY_LIMIT_BYTES = 16 * 1024;

/** True for a message whose data is copied after its header. */
export function isSmall({ data }: OutgoingMessage): boolean {
  return data.length <= COPY_LIMIT_BYTES;
}

/**
 * Encodes a message as one buffer, or as two buffers when the data is large.
 *
 * @throws {MessageTooLargeError} when annotations and data together are over `maxMessageBytes`
 * @throws {ProtocolError} `BAD_ANNOTATIONS`
 */
export function encodeMessage(message: OutgoingMessage, maxMessageBytes: number): Buffer[] {
  const annotationsBytes = measureMessage(message, maxMessageBytes);
  if (!isSmall(message)) return [encodeHead(message, annotationsBytes), message.data];
  const headBytes = HEADER_BYTES + annotationsBytes;
  const bytes = Buffer.allocUnsafe(headBytes + message.data.length);
  writeHead(bytes, 0, message, annotationsBytes);
  message.data.copy(bytes, headBytes);
  return [bytes];
}

/**
 * Checks a message before it is written.
 *
 * @returns the size of its annotations on the wire in bytes
 * @throws {MessageTooLargeError} when annotations and data together are over `maxMessageBytes`
 * @throws {ProtocolError} `BAD_ANNOTATIONS`
 */
export function measureMessage({ annotations = NO_ANNOTATIONS, data }: OutgoingMessage, maxMessageBytes: number): number {
  const annotationsBytes = annotations.size === 0 ? 0 : measureAnnotations(annotations);
  const bytes = annotationsBytes + data.length;
  if (bytes > maxMessageBytes) throw messageTooLarge(bytes, sizeLimit(maxMessageBytes));
  return annotationsBytes;
}

/** Appends a message that {@link measureMessage} has checked. */
export function appendMessage(out: ByteWriter, message: OutgoingMessage, annotationsBytes: number): void {
  const at = out.skip(HEADER_BYTES + annotationsBytes);
  writeHead(out.buffer, at, message, annotationsBytes);
  out.raw(message.data);
}

/** The header and the annotations of a message that {@link measureMessage} has checked. */
export function encodeHead(message: OutgoingMessage, annotationsBytes: number): Buffer {
  const head = Buffer.allocUnsafe(HEADER_BYTES + annotationsBytes);
  writeHead(head, 0, message, annotationsBytes);
  return head;
}

function writeHead(target: Buffer, at: number, message: OutgoingMessage, annotationsBytes: number): void {
  const { correlationId, annotations, data } = message;
  const flags = correlationId ? message.flags | FLAGS.correlationId : message.flags & ~FLAGS.correlationId;
  writeHeader(target, at, message.type, flags, message, data.length, annotationsBytes);
  if (correlationId) target.set(correlationId, at + CORRELATION_ID_AT);
  else target.fill(0, at + CORRELATION_ID_AT, at + CORRELATION_ID_AT + CORRELATION_ID_BYTES);
  if (annotationsBytes > 0) writeAnnotations(target, at + HEADER_BYTES, annotations!);
}

/** A message that was sent or received. */
export interface WireMessage {
  /** From the view of this program. */
  direction: 'received' | 'sent';
  /** `host:port` or socket path of the peer. A daemon adds the number of the connection: `127.0.0.1:51234 #3`. */
  peer: string;
  /** A value of MESSAGE_TYPES. */
  type: number;
  /** Bits of FLAGS. */
  flags: number;
  /** 0 to 65,535. A reply has the number of its request. */
  seq: number;
  /** Number of the serializer, see `SERIALIZER_IDS`. */
  serializerId: number;
  /** Annotations of the message: four letters to bytes. */
  annotations: ReadonlyMap<string, Buffer>;
  /** Compressed when `flags` says so. Valid as long as you hold it; do not change it. */
  data: Buffer;
}

/** Called with every message of a connection. Messages hold secrets, such as handshake data. */
export type WireLog = (message: WireMessage) => void;
