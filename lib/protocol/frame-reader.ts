import { type Annotations, decodeAnnotations, NO_ANNOTATIONS } from './annotations.js';
import { HEADER_BYTES } from './constants.js';
import { ProtocolError } from './errors.js';
import { checkHeaderStart, correlationIdOf, decodeHeader, type Header, type SizeLimit } from './header.js';

/** One whole message. What it gives are views on its bytes, which are valid as long as they are held. */
export class Frame {
  readonly annotations: Annotations;

  /** @param bytes the message as it came, header included */
  constructor(
    readonly header: Header,
    private readonly bytes: Buffer,
  ) {
    const { annotationsBytes } = header;
    this.annotations =
      annotationsBytes === 0 ? NO_ANNOTATIONS : decodeAnnotations(bytes.subarray(HEADER_BYTES, HEADER_BYTES + annotationsBytes));
  }

  /** Still compressed, if the flags say so. */
  get data(): Buffer {
    return this.bytes.subarray(HEADER_BYTES + this.header.annotationsBytes);
  }

  /** 16 bytes; undefined when the message has none. */
  get correlationId(): Buffer | undefined {
    return correlationIdOf(this.header, this.bytes);
  }

  /** Bytes of the whole message. */
  get length(): number {
    return this.bytes.length;
  }
}

const NOTHING = Buffer.alloc(0);

/**
 * Cuts a byte stream into frames. Bytes are pushed in, frames are pulled out, so that who is busy pulls no more.
 *
 * A frame that one chunk holds is handed over without copying; what spans chunks is gathered in a block that at most
 * doubles, so neither a header's announcement nor a peer that sends single bytes makes it take more than twice what arrived.
 */
export class FrameReader {
  private block: Buffer = NOTHING;
  private start = 0;
  private end = 0;
  /** Blocks of our own have room behind `end`; a socket's chunk has not. */
  private owned = false;
  private header: Header | undefined;
  private failure: Error | undefined;

  constructor(
    /** Frames over it fail before their body is waited for. */
    public limit: SizeLimit,
    /** Message types that {@link next} lets through; others fail with `BAD_MESSAGE_TYPE` before their body is waited for. */
    public acceptedTypes: readonly number[],
  ) {}

  /** True between frames: a stream that ends now has ended cleanly. */
  get idle(): boolean {
    return this.start === this.end;
  }

  /** Bytes that are held and not yet handed out. */
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
   * The next whole frame, or undefined until more bytes are pushed.
   *
   * @throws {ProtocolError} on bytes that are no Pyro message; from then on every call throws the same error
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
      this.header = header;
    }
    const { annotationsBytes, dataBytes } = this.header;
    const total = HEADER_BYTES + annotationsBytes + dataBytes;
    if (available < total) return undefined;
    const isWhole = this.start === 0 && this.block.length === total;
    const frame = new Frame(this.header, isWhole ? this.block : this.block.subarray(this.start, this.start + total));
    this.header = undefined;
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
