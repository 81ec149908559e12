/** The frames of Pyro's protocol, written by hand: the benchmark must not depend on the speed of the code that it measures. */
export const HEADER_BYTES = 40;
/** Offsets in the header. */
export const AT = {
  type: 6,
  serializer: 7,
  flags: 8,
  seq: 10,
  data: 12,
  annotations: 16,
  correlation: 20,
  reserved: 36,
  magic: 38,
};
export const TYPES = { connect: 1, connectOk: 2, invoke: 4, result: 5 };
export const FLAG_BITS = { exception: 1, oneway: 4, batch: 8, correlation: 64 };

export interface Frame {
  type: number;
  serializerId: number;
  flags?: number;
  data: Buffer;
}

export function frame({ type, serializerId, flags = 0, data }: Frame): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES + data.length);
  bytes.write('PYRO', 0, 'latin1');
  bytes.writeUInt16BE(502, 4);
  bytes[AT.type] = type;
  bytes[AT.serializer] = serializerId;
  bytes.writeUInt16BE(flags, AT.flags);
  bytes.writeUInt32BE(data.length, AT.data);
  bytes.writeUInt16BE(0x4dc5, AT.magic);
  data.copy(bytes, HEADER_BYTES);
  return bytes;
}

/** Size of the frame that begins at `start`; undefined when its header is not complete. */
export function frameSize(bytes: Buffer, start = 0): number | undefined {
  if (bytes.length < start + HEADER_BYTES) return undefined;
  return HEADER_BYTES + bytes.readUInt32BE(start + AT.annotations) + bytes.readUInt32BE(start + AT.data);
}
