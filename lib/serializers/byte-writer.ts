import { SerializeError } from '../protocol/errors.js';

/** A growing buffer with a limit. */
export class ByteWriter {
  private buffer = Buffer.allocUnsafe(512);
  private used = 0;

  constructor(private readonly maxBytes: number) {}

  /** Room for `bytes` more; returns where they begin. @throws {SerializeError} over `maxMessageBytes` */
  reserve(bytes: number): number {
    const start = this.used;
    const needed = start + bytes;
    if (needed > this.maxBytes) throw new SerializeError(`value takes more than maxMessageBytes (${this.maxBytes}) to write`);
    if (needed > this.buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.buffer.length * 2));
      this.buffer.copy(grown, 0, 0, start);
      this.buffer = grown;
    }
    this.used = needed;
    return start;
  }

  byte(value: number): void {
    const at = this.reserve(1);
    this.buffer[at] = value;
  }

  int32(value: number): void {
    const at = this.reserve(4);
    this.buffer.writeInt32LE(value, at);
  }

  uint16(value: number): void {
    const at = this.reserve(2);
    this.buffer.writeUInt16LE(value, at);
  }

  double(value: number): void {
    const at = this.reserve(8);
    this.buffer.writeDoubleLE(value, at);
  }

  raw(bytes: Uint8Array): void {
    const at = this.reserve(bytes.length);
    this.buffer.set(bytes, at);
  }

  finish(): Buffer {
    return this.buffer.subarray(0, this.used);
  }
}
