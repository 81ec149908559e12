import { MAGIC, PROTOCOL_VERSION, TAG } from '../constants.js';
import { MessageTooLargeError, ProtocolError } from '../errors.js';
import { overLimit } from '../over-limit.js';

/** The fixed part at the start of every message. */
export interface Header {
  /** Type of the message, see `MESSAGE_TYPES`. */
  type: number;
  /** Number of the serializer of the data, see `SERIALIZER_IDS`. */
  serializerId: number;
  /** Bits of `FLAGS`. */
  flags: number;
  /** 0 to 65,535. A reply has the number of its request. */
  seq: number;
  /** Size of the data after the annotations. */
  dataBytes: number;
  /** Size of the annotations after the header. */
  annotationsBytes: number;
}

/** Byte offset of each field. @see Pyro5/protocol.py, `_header_format` */
const at = {
  tag: 0,
  version: 4,
  type: 6,
  serializer: 7,
  flags: 8,
  seq: 10,
  data: 12,
  annotations: 16,
  reserved: 36,
  magic: 38,
};

/**
 * Checks the received part of a header. Tag and version are in the first 6 bytes.
 *
 * @throws {ProtocolError} `BAD_TAG`, `TLS` (the peer speaks TLS) or `BAD_VERSION`
 */
export function checkHeaderStart(bytes: Buffer, start: number, available: number): void {
  if (available >= 6 && uint32(bytes, start) === TAG && uint16(bytes, start + at.version) === PROTOCOL_VERSION) return;
  const tagged = Math.min(available, 4);
  for (let i = 0; i < tagged; i++) {
    if (bytes[start + i] !== ((TAG >>> (24 - 8 * i)) & 0xff)) {
      if (isTls(bytes, start, available)) {
        throw new ProtocolError(
          'the peer speaks TLS here, and we do not; give the option tls, or switch it off there (Pyro5: config.SSL = False)',
          { code: 'TLS' },
        );
      }
      const found = JSON.stringify(bytes.toString('latin1', start, start + tagged));
      throw new ProtocolError(`invalid data: a message begins with "PYRO", not with ${found}`, { code: 'BAD_TAG' });
    }
  }
  if (available < 6) return;
  const version = uint16(bytes, start + at.version);
  if (version !== PROTOCOL_VERSION) {
    throw new ProtocolError(`invalid protocol version: ${version}, expected ${PROTOCOL_VERSION} (Pyro5)`, {
      code: 'BAD_VERSION',
    });
  }
}

/** True for a TLS record of a handshake or an alert. */
function isTls(bytes: Buffer, start: number, available: number): boolean {
  return (bytes[start] === 0x16 || bytes[start] === 0x15) && (available < 2 || bytes[start + 1] === 3);
}

/** The largest size of a message, and the option that sets it. */
export interface SizeLimit {
  bytes: number;
  option: 'maxMessageBytes' | 'maxHandshakeBytes' | 'maxUnservedBytes' | 'maxInflationRatio';
}

/**
 * The smallest of the limits holds.
 *
 * @param maxHandshakeBytes limit before the end of the handshake
 * @param maxUnservedBytes limit of all messages that arrive at the same time
 */
export function sizeLimit(maxMessageBytes: number, maxHandshakeBytes = Infinity, maxUnservedBytes = Infinity): SizeLimit {
  const bytes = Math.min(maxMessageBytes, maxHandshakeBytes, maxUnservedBytes);
  if (bytes === maxMessageBytes) return { bytes, option: 'maxMessageBytes' };
  return { bytes, option: bytes === maxHandshakeBytes ? 'maxHandshakeBytes' : 'maxUnservedBytes' };
}

/**
 * Decodes a header whose start {@link checkHeaderStart} has accepted.
 *
 * @param bytes has at least 40 bytes after `start`
 * @param limit of data and annotations together
 * @throws {ProtocolError} `BAD_MAGIC`
 * @throws {MessageTooLargeError} when the header announces more than the limit
 */
export function decodeHeader(bytes: Buffer, start: number, limit: SizeLimit): Header {
  if (uint16(bytes, start + at.magic) !== MAGIC) {
    throw new ProtocolError('invalid magic number in message header', { code: 'BAD_MAGIC' });
  }
  const header: Header = {
    type: bytes[start + at.type]!,
    serializerId: bytes[start + at.serializer]!,
    flags: uint16(bytes, start + at.flags),
    seq: uint16(bytes, start + at.seq),
    dataBytes: uint32(bytes, start + at.data),
    annotationsBytes: uint32(bytes, start + at.annotations),
  };
  const total = header.dataBytes + header.annotationsBytes;
  if (total > limit.bytes) throw messageTooLarge(total, limit);
  return header;
}

/** The error of a message over its limit. The text names both sizes and the option. */
export function messageTooLarge(bytes: number, limit: SizeLimit): MessageTooLargeError {
  return overLimit(
    limit.option,
    new MessageTooLargeError(`message too large (${bytes} bytes, ${limit.option} is ${limit.bytes})`),
  );
}

/**
 * Writes a header. The bytes of its correlation id are the caller's.
 *
 * Bytes are set one by one, which takes a third of the time of Buffer's methods for numbers.
 */
export function writeHeader(
  target: Buffer,
  start: number,
  type: number,
  flags: number,
  { serializerId, seq }: Pick<Header, 'serializerId' | 'seq'>,
  dataBytes: number,
  annotationsBytes: number,
): void {
  writeUint32(target, start + at.tag, TAG);
  writeUint16(target, start + at.version, PROTOCOL_VERSION);
  target[start + at.type] = type;
  target[start + at.serializer] = serializerId;
  writeUint16(target, start + at.flags, flags);
  writeUint16(target, start + at.seq, seq);
  writeUint32(target, start + at.data, dataBytes);
  writeUint32(target, start + at.annotations, annotationsBytes);
  writeUint16(target, start + at.reserved, 0);
  writeUint16(target, start + at.magic, MAGIC);
}

function writeUint16(target: Buffer, index: number, value: number): void {
  target[index] = value >>> 8;
  target[index + 1] = value;
}

function writeUint32(target: Buffer, index: number, value: number): void {
  target[index] = value >>> 24;
  target[index + 1] = value >>> 16;
  target[index + 2] = value >>> 8;
  target[index + 3] = value;
}

function uint16(bytes: Buffer, index: number): number {
  return (bytes[index]! << 8) | bytes[index + 1]!;
}

function uint32(bytes: Buffer, index: number): number {
  return ((bytes[index]! << 24) | (bytes[index + 1]! << 16) | (bytes[index + 2]! << 8) | bytes[index + 3]!) >>> 0;
}
