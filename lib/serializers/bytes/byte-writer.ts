import { SerializeError } from '../../protocol/errors.js';

/** Above it, a call into C++ is faster than character by character. */
const SHORT_CHARS = 40;

/** Whether text is ASCII, and short: such text needs no call into C++. */
export function isShortAscii(text: string): boolean {
  const { length } = text;
  if (length > SHORT_CHARS) return false;
  let codes = 0;
  for (let index = 0; index < length; index++) codes |= text.charCodeAt(index);
  return codes < 128;
}

/** A growing buffer with a limit. */
export class ByteWriter {
  private buffer = Buffer.allocUnsafe(512);
  private used = 0;

  constructor(private readonly maxBytes: number) {}

  /** @returns a view on what was written */
  finish(): Buffer {
    return this.buffer.subarray(0, this.used);
  }

  byte(value: number): void {
    const at = this.reserve(1);
    this.buffer[at] = value;
  }

  int32LE(value: number): void {
    const at = this.reserve(4);
    this.buffer.writeInt32LE(value, at);
  }

  doubleLE(value: number): void {
    const at = this.reserve(8);
    this.buffer.writeDoubleLE(value, at);
  }

  doubleBE(value: number): void {
    const at = this.reserve(8);
    this.buffer.writeDoubleBE(value, at);
  }

  uint16LE(value: number): void {
    const at = this.reserve(2);
    this.buffer.writeUInt16LE(value, at);
  }

  uint16BE(value: number): void {
    const at = this.reserve(2);
    this.buffer.writeUInt16BE(value, at);
  }

  uint32BE(value: number): void {
    const at = this.reserve(4);
    this.buffer.writeUInt32BE(value, at);
  }

  bigInt64BE(value: bigint): void {
    const at = this.reserve(8);
    this.buffer.writeBigInt64BE(value, at);
  }

  bigUint64BE(value: bigint): void {
    const at = this.reserve(8);
    this.buffer.writeBigUInt64BE(value, at);
  }

  raw(bytes: Uint8Array): void {
    const at = this.reserve(bytes.length);
    this.buffer.set(bytes, at);
  }

  /** Appends text that is ASCII. */
  ascii(text: string): void {
    const { length } = text;
    let at = this.reserve(length);
    const { buffer } = this;
    if (length > SHORT_CHARS) buffer.write(text, at, 'latin1');
    else for (let index = 0; index < length; index++) buffer[at++] = text.charCodeAt(index);
  }

  /** Appends text as UTF-8. @param size its bytes */
  utf8(text: string, size: number): void {
    const at = this.reserve(size);
    this.buffer.write(text, at, 'utf8');
  }

  /** Room for `bytes` more; gives where they begin. */
  private reserve(bytes: number): number {
    const start = this.used;
    const needed = start + bytes;
    if (needed > this.buffer.length) this.grow(needed);
    this.used = needed;
    return start;
  }

  private grow(needed: number): void {
    if (needed > this.maxBytes) {
      throw new SerializeError(`the value takes more than maxMessageBytes (${this.maxBytes}) to write`);
    }
    const larger = Buffer.allocUnsafe(Math.max(needed, Math.min(this.buffer.length * 2, this.maxBytes)));
    larger.set(this.buffer.subarray(0, this.used));
    this.buffer = larger;
  }
}
