import {
  ANNOTATION_DEFAULTS,
  type AnnotationLimits,
  type Annotations,
  checkAnnotationsBytes,
  checkAnnotationsCount,
  decodeAnnotations,
  NO_ANNOTATIONS,
} from './annotations.js';
import { CORRELATION_ID_AT, CORRELATION_ID_BYTES, FLAGS, HEADER_BYTES } from '../constants.js';
import { ProtocolError } from '../errors.js';
import { checkHeaderStart, decodeHeader, type Header, type SizeLimit } from './header.js';
import { LargeBlocks, MIN_LARGE_BYTES } from './large-blocks.js';

/** A complete message. Annotations and data are views on its bytes; they stay valid until {@link release}. */
export class Frame {
  /** The annotations of the message, views on its bytes; empty when it has none. */
  readonly annotations: Annotations;
  /** @internal The bytes that hold the message, and end with it. */
  readonly bytes: Buffer;
  /** @internal Offset of the message in {@link bytes}. */
  readonly start: number;

  /**
   * @param start offset of the message in `bytes`. The message ends with `bytes`
   * @param giveBack takes the memory of `bytes` back; undefined: it is left to the garbage collector
   */
  constructor(
    /** The decoded header. */
    readonly header: Header,
    bytes: Buffer,
    start: number,
    private giveBack?: () => void,
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

  /** @internal Offset of the data in {@link bytes}. */
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

  /**
   * Gives the bytes back for another message, unless {@link keep} was called. Nobody may read the data any more.
   *
   * @param hasViews false when nobody reads the annotations any more, which are views on the bytes
   */
  release(hasViews = this.header.annotationsBytes > 0): void {
    if (!hasViews) this.giveBack?.();
    this.keep();
  }

  /** Keeps the bytes valid: {@link release} does nothing then. */
  keep(): void {
    this.giveBack = undefined;
  }
}

const NOTHING = Buffer.alloc(0);

/**
 * Splits a byte stream into frames. The caller pushes bytes in and pulls frames out, so a busy caller can stop pulling.
 *
 * A frame that lies in one chunk is not copied. A frame that spans chunks is collected in a block that at most doubles. So the reader never
 * allocates more than twice the received bytes, whatever size a header announces and however small the chunks are. Only a block that was
 * used before may be larger.
 */
export class FrameReader {
  private block: Buffer = NOTHING;
  private start = 0;
  private end = 0;
  /** True when the block was allocated here, with room after `end`; false for a chunk of the socket. */
  private owned = false;
  /** True when the block is one of `blocks`. It holds one large frame then, and nothing after it. */
  private pooled = false;
  private header: Header | undefined;
  /** Bytes of the stream after the large frame in the block. */
  private following: Buffer | undefined;
  /** True when the annotations of the unfinished frame were counted. */
  private counted = false;
  private failure: Error | undefined;

  constructor(
    /** A larger frame fails when its header is read. */
    public limit: SizeLimit,
    /** Accepted message types. A frame of another type fails with `BAD_MESSAGE_TYPE` when its header is read. */
    public acceptedTypes: readonly number[],
    private readonly annotationLimits: AnnotationLimits = ANNOTATION_DEFAULTS,
    private readonly blocks = new LargeBlocks(),
  ) {}

  /** True between two frames. A stream that ends now has ended cleanly. */
  get idle(): boolean {
    return this.start === this.end;
  }

  /** True while a frame is unfinished and its size is known: {@link next} needs more bytes. */
  get isFilling(): boolean {
    return this.header !== undefined && !this.hasUncounted && this.end - this.start < sizeOf(this.header);
  }

  /** Size of the unfinished frame; 0 while it is not known. */
  get announcedBytes(): number {
    return this.header === undefined ? 0 : sizeOf(this.header);
  }

  /** Received bytes that are in no returned frame yet. */
  get bufferedBytes(): number {
    return this.end - this.start + (this.following?.length ?? 0);
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
    if (this.fillsLarge) return this.fill(chunk);
    this.append(chunk);
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
      this.empty();
      this.following = undefined;
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
    const { annotationsBytes } = this.header;
    if (this.hasUncounted && available >= HEADER_BYTES + annotationsBytes) {
      const at = this.start + HEADER_BYTES;
      checkAnnotationsCount(this.block.subarray(at, at + annotationsBytes), this.annotationLimits);
      this.counted = true;
    }
    const total = sizeOf(this.header);
    if (available < total) return undefined;
    const { block, blocks } = this;
    const end = this.start + total;
    const bytes = end === block.length ? block : block.subarray(0, end);
    const frame = new Frame(this.header, bytes, this.start, this.pooled ? () => blocks.give(block) : undefined);
    this.header = undefined;
    this.counted = false;
    this.start = end;
    if (this.start === this.end) this.empty();
    return frame;
  }

  private empty(): void {
    const { following } = this;
    this.block = following ?? NOTHING;
    this.start = 0;
    this.end = this.block.length;
    this.owned = this.pooled = false;
    this.following = undefined;
  }

  /** True when the annotations of the unfinished frame may be too many. */
  private get hasUncounted(): boolean {
    return this.header !== undefined && this.header.annotationsBytes > 0 && !this.counted;
  }

  /** True while a large frame is unfinished or not read yet. {@link push} copies all bytes of a chunk then. */
  get fillsLarge(): boolean {
    if (this.header === undefined || this.hasUncounted) return false;
    return this.end - this.start >= MIN_LARGE_BYTES && sizeOf(this.header) >= this.end - this.start;
  }

  /**
   * The place in the block for the next bytes of an unfinished large frame, at most up to its end. Bytes that are read into this place, and
   * then pushed, are not copied. Undefined: nothing is known of the next bytes.
   */
  get room(): Buffer | undefined {
    if (!this.fillsLarge) return undefined;
    const missing = sizeOf(this.header!) - (this.end - this.start);
    if (missing === 0) return undefined;
    if (!this.owned || this.end === this.block.length) this.grow(1);
    return this.block.subarray(this.end, this.end + missing);
  }

  /** Appends bytes to a large frame. Bytes after the frame do not go into its block. */
  private fill(chunk: Buffer): void {
    const missing = sizeOf(this.header!) - (this.end - this.start);
    const part = chunk.length > missing ? chunk.subarray(0, missing) : chunk;
    if (part.length > 0) this.append(part);
    if (part === chunk) return;
    this.following = Buffer.concat([this.following ?? NOTHING, chunk.subarray(part.length)]);
  }

  private append(chunk: Buffer): void {
    if (!this.owned || this.block.length - this.end < chunk.length) this.grow(chunk.length);
    if (!this.isInPlace(chunk)) chunk.copy(this.block, this.end);
    this.end += chunk.length;
  }

  /** True for bytes that were read into {@link room}. */
  private isInPlace(chunk: Buffer): boolean {
    return chunk.buffer === this.block.buffer && chunk.byteOffset === this.block.byteOffset + this.end;
  }

  private grow(extra: number): void {
    const held = this.end - this.start;
    const needed = held + extra;
    // bytes may wait before their header is read
    const announced = this.header ? sizeOf(this.header) : held < HEADER_BYTES ? HEADER_BYTES : Infinity;
    const size = Math.max(needed, Math.min(announced, needed * 2), 256);
    const isLarge = this.fillsLarge;
    // a block that was used before takes no memory: it may be as large as the frame
    const block = isLarge ? (this.blocks.takeUnused(announced) ?? this.blocks.take(size)) : Buffer.allocUnsafe(size);
    this.block.copy(block, 0, this.start, this.end);
    if (this.pooled) this.blocks.give(this.block);
    this.block = block;
    this.start = 0;
    this.end = held;
    this.owned = true;
    this.pooled = isLarge;
  }
}

/** Size of a whole message in bytes. */
function sizeOf({ annotationsBytes, dataBytes }: Header): number {
  return HEADER_BYTES + annotationsBytes + dataBytes;
}
