import { HEADER_BYTES, MAGIC, PROTOCOL_VERSION, TAG } from './constants.js';
import { MessageTooLargeError, ProtocolError } from './errors.js';

/** The fixed part every message begins with. */
export interface Header {
  type: number;
  serializerId: number;
  flags: number;
  /** 0 to 65,535; a reply carries that of its request. */
  seq: number;
  dataBytes: number;
  annotationsBytes: number;
  /** 16 bytes, a view on the message. All zero when the message has none. */
  correlationId: Buffer;
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
  correlation: 20,
  magic: 38,
};

/**
 * Checks as much of a header as has arrived: tag and version are known from the first 6 bytes.
 *
 * @throws {ProtocolError} `BAD_TAG`, `TLS` (the peer speaks that) or `BAD_VERSION`
 */
export function checkHeaderStart(bytes: Buffer, start: number, available: number): void {
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
  const version = bytes.readUInt16BE(start + at.version);
  if (version !== PROTOCOL_VERSION) {
    throw new ProtocolError(`invalid protocol version: ${version}, expected ${PROTOCOL_VERSION} (Pyro5)`, {
      code: 'BAD_VERSION',
    });
  }
}

/** A TLS record of a handshake or an alert. */
function isTls(bytes: Buffer, start: number, available: number): boolean {
  return (bytes[start] === 0x16 || bytes[start] === 0x15) && (available < 2 || bytes[start + 1] === 3);
}

/**
 * Decodes a header whose start {@link checkHeaderStart} has accepted.
 *
 * @param bytes holds at least 40 bytes from `start` on
 * @param maxMessageBytes limit on data and annotations together
 * @throws {ProtocolError} `BAD_MAGIC`
 * @throws {MessageTooLargeError} before anything of the body is waited for
 */
export function decodeHeader(bytes: Buffer, start: number, maxMessageBytes: number): Header {
  if (bytes.readUInt16BE(start + at.magic) !== MAGIC) {
    throw new ProtocolError('invalid magic number in message header', { code: 'BAD_MAGIC' });
  }
  const header: Header = {
    type: bytes[start + at.type]!,
    serializerId: bytes[start + at.serializer]!,
    flags: bytes.readUInt16BE(start + at.flags),
    seq: bytes.readUInt16BE(start + at.seq),
    dataBytes: bytes.readUInt32BE(start + at.data),
    annotationsBytes: bytes.readUInt32BE(start + at.annotations),
    correlationId: bytes.subarray(start + at.correlation, start + at.correlation + 16),
  };
  const total = header.dataBytes + header.annotationsBytes;
  if (total > maxMessageBytes) throw messageTooLarge(total, maxMessageBytes);
  return header;
}

/** The error of a message over `maxMessageBytes`; it names both sizes and the option. */
export function messageTooLarge(bytes: number, maxMessageBytes: number): MessageTooLargeError {
  return new MessageTooLargeError(`message too large (${bytes} bytes, maxMessageBytes is ${maxMessageBytes})`);
}

/** Writes a header into the first 40 bytes of `target`. `correlationId` absent: zeros. */
export function writeHeader(target: Buffer, header: Omit<Header, 'correlationId'> & { correlationId?: Buffer }): void {
  target.writeUInt32BE(TAG, at.tag);
  target.writeUInt16BE(PROTOCOL_VERSION, at.version);
  target[at.type] = header.type;
  target[at.serializer] = header.serializerId;
  target.writeUInt16BE(header.flags, at.flags);
  target.writeUInt16BE(header.seq, at.seq);
  target.writeUInt32BE(header.dataBytes, at.data);
  target.writeUInt32BE(header.annotationsBytes, at.annotations);
  if (header.correlationId) header.correlationId.copy(target, at.correlation, 0, 16);
  else target.fill(0, at.correlation, at.correlation + 16);
  target.writeUInt16BE(0, HEADER_BYTES - 4);
  target.writeUInt16BE(MAGIC, at.magic);
}
