import {
  ANNOTATION_DEFAULTS,
  type AnnotationLimits,
  type Annotations,
  checkAnnotationsBytes,
  checkAnnotationsCount,
  decodeAnnotations,
  NO_ANNOTATIONS,
} from './annotations.js';
import { CORRELATION_ID_AT, CORRELATION_ID_BYTES, FLAGS, HEADER_BYTES } from './constants.js';
import { ProtocolError } from './errors.js';
import { checkHeaderStart, decodeHeader, type Header, type SizeLimit } from './header.js';

/** One complete message. Annotations and data are views on its bytes; they stay valid as long as you hold them. */
export class Frame {
  readonly annotations: Annotations;

  /** @param start where the message begins in `bytes` */
  constructor(
    readonly header: Header,
    readonly bytes: Buffer,
    readonly start: number,
  ) {
    const { annotationsBytes } = header;
    const at = start + HEADER_BYTES;
    this.annotations = annotationsBytes === 0 ? NO_ANNOTATIONS : decodeAnnotations(bytes.subarray(at, at + annotationsBytes));
  }

  /** Still compressed when the flags say so. */
  get data(): Buffer {
    const { annotationsBytes, dataBytes } = this.header;
    const at = this.start + HEADER_BYTES + annotationsBytes;
    return this.bytes.subarray(at, at + dataBytes);
  }

  /** 16 bytes; undefined when the message has none. */
  get correlationId(): Buffer | undefined {
    if (!(this.header.flags & FLAGS.correlationId)) return undefined;
    const at = this.start + CORRELATION_ID_AT;
    return this.bytes.subarray(at, at + CORRELATION_ID_BYTES);
  }

  /** Size of the whole message in bytes. */
  get length(): number {
    return HEADER_BYTES + this.header.annotationsBytes + this.header.dataBytes;
  }
}

const NOTHING = Buffer.alloc(0);

/**
 * Splits a byte stream into frames. The caller pushes bytes in and pulls frames out, so a busy caller can stop pulling.
 *
 * A frame that lies in one chunk is not copied. A frame that spans chunks is collected in a block that at most doubles. So the
 * reader never holds more than twice the received bytes, whatever size a header announces and however small the chunks are.
 */
export class FrameReader {
  private block: Buffer = NOTHING;
  private start = 0;
  private end = 0;
  /** True when the block was allocated here, with room after `end`; false for a chunk of the socket. */
  private owned = false;
  private header: Header | undefined;
  /** True when the annotations of the unfinished frame were counted. */
  private counted = false;
  private failure: Error | undefined;

  constructor(
    /** A larger frame fails when its header is read. */
    public limit: SizeLimit,
    /** Accepted message types. A frame of another type fails with `BAD_MESSAGE_TYPE` when its header is read. */
    public acceptedTypes: readonly number[],
    private readonly annotationLimits: AnnotationLimits = ANNOTATION_DEFAULTS,
  ) {}

  /** True between two frames. A stream that ends now has ended cleanly. */
  get idle(): boolean {
    return this.start === this.end;
  }

  /** Received bytes that are in no returned frame yet. */
  get bufferedBytes(): number {
    return this.end - this.start;
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0 || this.failure !== undefined) return;
    if (this.start === this.end) {
      this.block = chunk;
      this.start = 0;
      this.end = chunk.length;
      this.owned = false;
      return;
    }
    if (!this.owned || this.block.length - this.end < chunk.length) this.grow(chunk.length);
    chunk.copy(this.block, this.end);
    this.end += chunk.length;
  }

  /**
   * The next complete frame; undefined when more bytes are needed.
   *
   * @throws {ProtocolError} when the bytes are no Pyro message; from then on every call throws the same error
   */
  next(): Frame | undefined {
    if (this.failure !== undefined) throw this.failure;
    try {
      return this.read();
    } catch (error) {
      this.failure = error as Error;
      this.block = NOTHING;
      this.start = this.end = 0;
      throw error;
    }
  }

  private read(): Frame | undefined {
    const available = this.end - this.start;
    if (this.header === undefined) {
      if (available === 0) return undefined;
      checkHeaderStart(this.block, this.start, available);
      if (available < HEADER_BYTES) return undefined;
      const header = decodeHeader(this.block, this.start, this.limit);
      if (!this.acceptedTypes.includes(header.type)) {
        const text = `invalid msg type ${header.type} received (expected: ${this.acceptedTypes.join(',')})`;
        throw new ProtocolError(text, { code: 'BAD_MESSAGE_TYPE' });
      }
      checkAnnotationsBytes(header.annotationsBytes, this.annotationLimits);
      this.header = header;
    }
    const { annotationsBytes, dataBytes } = this.header;
    if (annotationsBytes > 0 && !this.counted && available >= HEADER_BYTES + annotationsBytes) {
      const at = this.start + HEADER_BYTES;
      checkAnnotationsCount(this.block.subarray(at, at + annotationsBytes), this.annotationLimits);
      this.counted = true;
    }
    const total = HEADER_BYTES + annotationsBytes + dataBytes;
    if (available < total) return undefined;
    const frame = new Frame(this.header, this.block, this.start);
    this.header = undefined;
    this.counted = false;
    this.start += total;
    if (this.start === this.end) {
      this.block = NOTHING;
      this.start = this.end = 0;
      this.owned = false;
    }
    return frame;
  }

  private grow(extra: number): void {
    const held = this.end - this.start;
    const needed = held + extra;
    const announced = this.header ? HEADER_BYTES + this.header.annotationsBytes + this.header.dataBytes : HEADER_BYTES;
    const block = Buffer.allocUnsafe(Math.max(needed, Math.min(announced, needed * 2), 256));
    this.block.copy(block, 0, this.start, this.end);
    this.block = block;
    this.start = 0;
    this.end = held;
    this.owned = true;
  }
}
