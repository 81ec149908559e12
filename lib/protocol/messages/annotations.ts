import { types } from 'node:util';
import { overLimit } from '../over-limit.js';
import { ProtocolError } from '../errors.js';
import { isLiteralObject, objectOfClassText } from '../literal-object.js';
import { optionText } from '../texts/safe-text.js';
import { ownCopy } from './own-bytes.js';

/** Annotations of a message: data by id, four ASCII letters. */
export type Annotations = ReadonlyMap<string, Buffer>;

/** Annotations: ids of four ASCII letters, and their bytes. */
export type AnnotationValues = ReadonlyMap<string, Uint8Array> | Readonly<Record<string, Uint8Array>>;

export const NO_ANNOTATIONS: Annotations = new Map<string, Buffer>();

/** Completes "annotations must be …". */
export const ANNOTATIONS_TAKE = 'a Map or a plain object of four ASCII letters to Buffers';

/** Adds annotations that an application gives. Ids and data are checked when they are written. */
export function addAnnotations(all: Map<string, Buffer>, given: AnnotationValues): void {
  for (const [id, data] of entriesOf(given)) all.set(id, bufferOf(data));
}

/**
 * Reads the annotations that a hook of an application gives. Undefined stands for no annotations.
 *
 * @param hook names the hook in the error
 * @throws {ProtocolError} `BAD_ANNOTATIONS` when they cannot be sent
 */
export function annotationsOfHook(given: AnnotationValues | undefined, hook: string): Annotations {
  // runs for every message
  if (given === undefined || given === NO_ANNOTATIONS) return NO_ANNOTATIONS;
  const fault = annotationsFault(given);
  if (fault !== undefined) {
    // nobody else handles a later rejection of the promise
    if (types.isPromise(given)) given.catch(() => undefined);
    const message = `${hook} gives ${fault}; it must give ${ANNOTATIONS_TAKE}, at once`;
    throw new ProtocolError(message, { code: 'BAD_ANNOTATIONS', sent: false });
  }
  const annotations = new Map<string, Buffer>();
  addAnnotations(annotations, given);
  return annotations;
}

/**
 * Describes a value that cannot be sent as annotations: `a promise`, `an object with the identifier "TOOLONG"`.
 *
 * @returns undefined when the value can be sent
 */
export function annotationsFault(given: unknown): string | undefined {
  if (!holdsAnnotations(given)) return kindOf(given);
  for (const [id, data] of entriesOf(given)) {
    if (!isIdentifier(id)) return `an object with the identifier ${typeof id === 'string' ? JSON.stringify(id) : optionText(id)}`;
    if (!isBytes(data)) return `an object whose data of "${id}" is ${optionText(data)}`;
  }
  return undefined;
}

/** True for Maps and plain objects, also of another realm. Other objects, such as a Set, would seem to have no annotations. */
function holdsAnnotations(given: unknown): given is AnnotationValues {
  if (typeof given !== 'object' || given === null) return false;
  return types.isMap(given) || isLiteralObject(given);
}

function entriesOf(given: AnnotationValues): Iterable<[string, Uint8Array]> {
  return types.isMap(given) ? (given as ReadonlyMap<string, Uint8Array>) : Object.entries(given);
}

function kindOf(given: unknown): string {
  if (types.isPromise(given)) return 'a promise';
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return optionText(given);
  return objectOfClassText(given);
}

/** Values that are no bytes stay as they are, so that {@link measureAnnotations} refuses them by their id. */
function bufferOf(data: Uint8Array): Buffer {
  if (Buffer.isBuffer(data) || !isBytes(data)) return data as Buffer;
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

/** The annotations that the code of a call sets for its reply. Bad ones are refused where they are set. */
export class ResponseAnnotations extends Map<string, Buffer> {
  /** @throws {TypeError} when the identifier is not four ASCII characters, or the data are no bytes */
  override set(id: string, data: Buffer): this {
    if (!isIdentifier(id))
      throw new TypeError(`responseAnnotations.set: the identifier is ${optionText(id)}; it must be four ASCII characters`);
    if (!isBytes(data))
      throw new TypeError(`responseAnnotations.set: the data of "${id}" is ${optionText(data)}; it must be a Buffer`);
    return super.set(id, data);
  }
}

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

/** Copies annotations, so that they do not keep their message. */
export function copiedAnnotations(annotations: Annotations): Annotations {
  if (annotations.size === 0) return NO_ANNOTATIONS;
  return new Map([...annotations].map(([id, data]) => [id, ownCopy(data)]));
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
    if (!isIdentifier(id)) throw badAnnotations(`identifier must be 4 ascii characters, not ${JSON.stringify(id)}`);
    if (!isBytes(data)) throw badAnnotations(`data of "${id}" must be a Buffer`);
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

function isIdentifier(id: unknown): boolean {
  return typeof id === 'string' && id.length === 4 && isAscii(id);
}

function isBytes(data: unknown): data is Uint8Array {
  return data instanceof Uint8Array;
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

function badAnnotations(what: string): ProtocolError {
  return new ProtocolError(`annotation ${what}`, { code: 'BAD_ANNOTATIONS' });
}
