import { overLimit } from './over-limit.js';
import { ProtocolError } from './errors.js';

/** Annotations of a message: data by id, four ASCII letters. */
export type Annotations = ReadonlyMap<string, Buffer>;

export const NO_ANNOTATIONS: Annotations = new Map<string, Buffer>();

/** Limits of the annotations of one message. */
export interface AnnotationLimits {
  maxAnnotations: number;
  /** Of the whole block: ids, lengths and data. */
  maxAnnotationsBytes: number;
}

/** Defaults of the limits of annotations. Programs send files in annotations, in pieces. */
export const ANNOTATION_DEFAULTS: AnnotationLimits = { maxAnnotations: 100, maxAnnotationsBytes: 16 * 1024 * 1024 };

/** Bytes of id and length before each chunk's data. */
const CHUNK_HEAD_BYTES = 8;

/**
 * Splits the annotation block of a message into its chunks.
 *
 * Each chunk: 4 ASCII letters, uint32 big-endian length in bytes, data.
 *
 * @param block exactly `header.annotationsBytes` bytes
 * @returns the chunks in wire order, as views on `block`; if an id repeats, the last chunk wins
 * @throws {ProtocolError} `BAD_ANNOTATIONS` when a chunk overruns the block or an id is not ASCII
 * @see Pyro5/protocol.py, `ReceivingMessage.add_payload`
 */
export function decodeAnnotations(block: Buffer): Annotations {
  if (block.length === 0) return NO_ANNOTATIONS;
  const annotations = new Map<string, Buffer>();
  let i = 0;
  while (i < block.length) {
    if (i + CHUNK_HEAD_BYTES > block.length) throw badAnnotations(`chunk at ${i} is cut off after ${block.length - i} bytes`);
    const bytes = block.readUInt32BE(i + 4);
    const end = i + CHUNK_HEAD_BYTES + bytes;
    if (end > block.length)
      throw badAnnotations(`chunk at ${i} announces ${bytes} bytes, ${block.length - i - CHUNK_HEAD_BYTES} are left`);
    const id = block.toString('latin1', i, i + 4);
    if (!isAscii(id)) throw badAnnotations(`chunk at ${i} has an id that is not ASCII`);
    annotations.set(id, block.subarray(i + CHUNK_HEAD_BYTES, end));
    i = end;
  }
  return annotations;
}

/** Copies annotations. The annotations of a message are views, which keep all bytes of the message. */
export function copiedAnnotations(annotations: Annotations): Annotations {
  if (annotations.size === 0) return NO_ANNOTATIONS;
  return new Map([...annotations].map(([id, data]) => [id, Buffer.from(data)]));
}

/** @throws {ProtocolError} `BAD_ANNOTATIONS` when a header announces more bytes of annotations than the limit */
export function checkAnnotationsBytes(bytes: number, { maxAnnotationsBytes }: AnnotationLimits): void {
  if (bytes > maxAnnotationsBytes)
    throw overLimit(
      'maxAnnotationsBytes',
      badAnnotations(`block too large (${bytes} bytes, maxAnnotationsBytes is ${maxAnnotationsBytes})`),
    );
}

/**
 * Counts the chunks of an annotation block, before they are read.
 *
 * @throws {ProtocolError} `BAD_ANNOTATIONS` when there are more than the limit
 */
export function checkAnnotationsCount(block: Buffer, { maxAnnotations }: AnnotationLimits): void {
  let count = 0;
  for (let at = 0; at + CHUNK_HEAD_BYTES <= block.length; at += CHUNK_HEAD_BYTES + block.readUInt32BE(at + 4)) {
    if (++count > maxAnnotations)
      throw overLimit(
        'maxAnnotations',
        badAnnotations(`block has more annotations than maxAnnotations (${maxAnnotations}) allows`),
      );
  }
}

/**
 * Checks annotations before they are written.
 *
 * @returns their size on the wire in bytes
 * @throws {ProtocolError} `BAD_ANNOTATIONS` when an id is not four ASCII characters, or the data are no bytes
 */
export function measureAnnotations(annotations: Annotations): number {
  let bytes = 0;
  for (const [id, data] of annotations) {
    if (id.length !== 4 || !isAscii(id)) throw badAnnotations(`identifier must be 4 ascii characters, not ${JSON.stringify(id)}`);
    if (!((data as unknown) instanceof Uint8Array)) throw badAnnotations(`data of "${id}" must be a Buffer`);
    bytes += CHUNK_HEAD_BYTES + data.byteLength;
  }
  return bytes;
}

/** Writes annotations that {@link measureAnnotations} has checked. @returns the offset after the last chunk */
export function writeAnnotations(target: Buffer, offset: number, annotations: Annotations): number {
  for (const [id, data] of annotations) {
    target.write(id, offset, 4, 'latin1');
    target.writeUInt32BE(data.byteLength, offset + 4);
    target.set(data, offset + CHUNK_HEAD_BYTES);
    offset += CHUNK_HEAD_BYTES + data.byteLength;
  }
  return offset;
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

function badAnnotations(what: string): ProtocolError {
  return new ProtocolError(`annotation ${what}`, { code: 'BAD_ANNOTATIONS' });
}
