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
import { LargeMessage } from './large-message.js';

/** One complete message. Annotations and data are views on its bytes; they stay valid as long as you hold them. */
export class Frame {
  readonly annotations: Annotations;
  /** @internal The bytes that hold the message, and end with it. */
  readonly bytes: Buffer;
  /** @internal Where the message begins in {@link bytes}. */
  readonly start: number;

  /** @param start where the message begins in `bytes`, which end with it */
  constructor(
    readonly header: Header,
    bytes: Buffer,
    start: number,
  ) {
    this.bytes = bytes;
    this.start = start;
    const { annotationsBytes } = header;
    const at = start + HEADER_BYTES;
    this.annotations = annotationsBytes === 0 ? NO_ANNOTATIONS : decodeAnnotations(bytes.subarray(at, at + annotationsBytes));
  }

  /** Still compressed when the flags say so. */
  get data(): Buffer {
    return this.bytes.subarray(this.dataStart);
  }

  /** @internal Where the data begins in {@link bytes}. */
  get dataStart(): number {
    return this.start + HEADER_BYTES + this.header.annotationsBytes;
  }

  /** 16 bytes; undefined when the message has none. */
  get correlationId(): Buffer | undefined {
    if (!(this.header.flags & FLAGS.correlationId)) return undefined;
    const at = this.start + CORRELATION_ID_AT;
    return this.bytes.subarray(at, at + CORRELATION_ID_BYTES);
  }

  /** Size of the whole message in bytes. */
  get length(): number {
    return sizeOf(this.header);
  }
}

const NOTHING = Buffer.alloc(0);

/** Bytes of a frame that have arrived before it is collected as a list of chunks. */
const MIN_LARGE_BYTES = 64 * 1024;

/**
 * Splits a byte stream into frames. The caller pushes bytes in and pulls frames out, so a busy caller can stop pulling.
 *
 * A frame that lies in one chunk is not copied. A frame that spans chunks is collected in a block that at most doubles, and a large one as a
 * list of its chunks. So the reader never holds more than twice the received bytes, whatever size a header announces and however
 * small the chunks are.
 */
export class FrameReader {
  private block: Buffer = NOTHING;
  private start = 0;
  private end = 0;
  /** True when the block was allocated here, with room after `end`; false for a chunk of the socket. */
  private owned = false;
  private header: Header | undefined;
  /** The frame of `header`, when it is large. The block is empty then. */
  private large: LargeMessage | undefined;
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
    return this.start === this.end && this.large === undefined;
  }

  /** True while a frame has begun that {@link next} cannot give yet, because it is known how many bytes are missing. */
  get isFilling(): boolean {
    if (this.large !== undefined) return !this.large.isComplete;
    return this.header !== undefined && !this.hasUncounted && this.end - this.start < sizeOf(this.header);
  }

  /** Received bytes that are in no returned frame yet. */
  get bufferedBytes(): number {
    return this.large === undefined ? this.end - this.start : this.large.receivedBytes;
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0 || this.failure !== undefined) return;
    if (this.large !== undefined) return this.large.add(chunk);
    if (this.start === this.end) {
      this.block = chunk;
      this.start = 0;
      this.end = chunk.length;
      this.owned = false;
      return;
    }
    if (!this.owned || this.block.length - this.end < chunk.length) {
      if (this.startLarge()) return this.large!.add(chunk);
      this.grow(chunk.length);
    }
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
      this.large = undefined;
      this.start = this.end = 0;
      throw error;
    }
  }

  private read(): Frame | undefined {
    if (this.large !== undefined) return this.readLarge(this.large);
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
    const { annotationsBytes } = this.header;
    if (this.hasUncounted && available >= HEADER_BYTES + annotationsBytes) {
      const at = this.start + HEADER_BYTES;
      checkAnnotationsCount(this.block.subarray(at, at + annotationsBytes), this.annotationLimits);
      this.counted = true;
    }
    const total = sizeOf(this.header);
    if (available < total) return undefined;
    const { block } = this;
    const end = this.start + total;
    const frame = new Frame(this.header, end === block.length ? block : block.subarray(0, end), this.start);
    this.header = undefined;
    this.counted = false;
    this.start = end;
    if (this.start === this.end) {
      this.block = NOTHING;
      this.start = this.end = 0;
      this.owned = false;
    }
    return frame;
  }

  /** True when the annotations of the unfinished frame may be too many. */
  private get hasUncounted(): boolean {
    return this.header !== undefined && this.header.annotationsBytes > 0 && !this.counted;
  }

  private readLarge(large: LargeMessage): Frame | undefined {
    if (!large.isComplete) return undefined;
    const { message, rest } = large.finish();
    const frame = new Frame(this.header!, message, 0);
    this.header = this.large = undefined;
    this.counted = false;
    this.push(rest);
    return frame;
  }

  /** Goes on with a list of chunks, when enough has arrived of a frame that is much larger. */
  private startLarge(): boolean {
    const held = this.end - this.start;
    if (this.header === undefined || this.hasUncounted || held < MIN_LARGE_BYTES || sizeOf(this.header) < 2 * held) return false;
    this.large = new LargeMessage(sizeOf(this.header));
    this.large.add(this.block.subarray(this.start, this.end));
    this.block = NOTHING;
    this.start = this.end = 0;
    this.owned = false;
    return true;
  }

  private grow(extra: number): void {
    const held = this.end - this.start;
    const needed = held + extra;
    const announced = this.header ? sizeOf(this.header) : HEADER_BYTES;
    const block = Buffer.allocUnsafe(Math.max(needed, Math.min(announced, needed * 2), 256));
    this.block.copy(block, 0, this.start, this.end);
    this.block = block;
    this.start = 0;
    this.end = held;
    this.owned = true;
  }
}

/** Size of a whole message in bytes. */
function sizeOf({ annotationsBytes, dataBytes }: Header): number {
  return HEADER_BYTES + annotationsBytes + dataBytes;
}
