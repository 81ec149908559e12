import { constants } from 'node:buffer';
import { CHARACTERS } from '../text/characters.js';
import { MOST_DECIMAL_BYTES, putDigits, type ShortestDigits } from '../text/shortest-digits.js';
import { IS_PLAIN } from './literals.js';

const { QUOTE } = CHARACTERS;

/** Shorter text is written character by character. For longer text a call into C++ is faster. */
const SHORT_CHARS = 40;

/** Room for short text is reserved before its size is known: at most 3 bytes for a character that takes 1. */
const MAX_RESERVED_TOO_MUCH = 2 * SHORT_CHARS;

/** True for short ASCII text, which is written without a call into C++. */
export function isShortAscii(text: string): boolean {
  const { length } = text;
  if (length > SHORT_CHARS) return false;
  let codes = 0;
  for (let index = 0; index < length; index++) codes |= text.charCodeAt(index);
  return codes < 128;
}

/** Gives a {@link ByteWriter} more bytes when its first bytes are full. */
export interface WriterMemory {
  take(bytes: number): Buffer;
  /** Takes back bytes that the writer does not need any more. */
  give(bytes: Buffer): void;
}

const PLAIN_MEMORY: WriterMemory = { take: (bytes) => Buffer.allocUnsafe(bytes), give: () => undefined };

/** Bytes are encoded as base64 in parts of this length, a multiple of 3. The text of a part stays in the caches of the processor. */
const BASE64_PART_BYTES = 48 * 1024;

/**
 * A growing buffer with a limit. Writing text into the buffer takes half the time of joining strings and encoding them.
 */
export class ByteWriter {
  private bytes: Buffer;
  private length = 0;
  private maxLength = Infinity;
  private failTooLarge: () => never = failWithoutLimit;
  private first: Buffer;

  /**
   * @param bytes the first bytes that are written into
   * @param memory gives more bytes when these are full
   */
  constructor(
    bytes: Buffer = Buffer.allocUnsafe(512),
    private readonly memory: WriterMemory = PLAIN_MEMORY,
  ) {
    this.first = this.bytes = bytes;
  }

  /** Number of written bytes. */
  get size(): number {
    return this.length;
  }

  /** The bytes that are written into. The first {@link size} of them are written. After further writing this may be another Buffer. */
  get buffer(): Buffer {
    return this.bytes;
  }

  /** The bytes from `start` on, as a view. */
  written(start = 0): Buffer {
    return this.bytes.subarray(start, this.length);
  }

  /** Forgets the bytes from `size` on, and the limit. */
  cut(size: number): void {
    this.length = size;
    this.maxLength = Infinity;
    this.failTooLarge = failWithoutLimit;
  }

  /** Continues in other bytes, from their start on. */
  moveTo(bytes: Buffer): void {
    this.first = this.bytes = bytes;
    this.length = 0;
  }

  /**
   * Limits what is appended from now on.
   *
   * @param failTooLarge throws the error of a message that is over `maxBytes`, or over what a Buffer can hold
   */
  limit(maxBytes: number, failTooLarge: () => never): void {
    this.maxLength = this.length + maxBytes;
    this.failTooLarge = failTooLarge;
  }

  /** Ends the limit of {@link limit}. Fails when more was appended than allowed: while bytes are appended the check is not exact. */
  checkLimit(): void {
    if (this.length > this.maxLength) this.failTooLarge();
    this.maxLength = Infinity;
    this.failTooLarge = failWithoutLimit;
  }

  /** Reserves bytes that are written later. @returns their offset */
  skip(count: number): number {
    return this.reserve(count);
  }

  byte(code: number): void {
    if (this.length === this.bytes.length) this.grow(1);
    this.bytes[this.length++] = code;
  }

  raw(bytes: Uint8Array): void {
    const { length } = bytes;
    const at = this.reserve(length);
    if (length > SHORT_CHARS) return this.bytes.set(bytes, at);
    const target = this.bytes;
    for (let index = 0; index < length; index++) target[at + index] = bytes[index]!;
  }

  int32LE(value: number): void {
    const at = this.reserve(4);
    this.bytes.writeInt32LE(value, at);
  }

  doubleLE(value: number): void {
    const at = this.reserve(8);
    this.bytes.writeDoubleLE(value, at);
  }

  doubleBE(value: number): void {
    const at = this.reserve(8);
    this.bytes.writeDoubleBE(value, at);
  }

  uint16LE(value: number): void {
    const at = this.reserve(2);
    this.bytes.writeUInt16LE(value, at);
  }

  uint16BE(value: number): void {
    const at = this.reserve(2);
    this.bytes.writeUInt16BE(value, at);
  }

  uint32BE(value: number): void {
    const at = this.reserve(4);
    this.bytes.writeUInt32BE(value, at);
  }

  bigInt64BE(value: bigint): void {
    const at = this.reserve(8);
    this.bytes.writeBigInt64BE(value, at);
  }

  bigUint64BE(value: bigint): void {
    const at = this.reserve(8);
    this.bytes.writeBigUInt64BE(value, at);
  }

  /** Appends ASCII text. */
  ascii(text: string): void {
    const { length } = text;
    if (this.length + length > this.bytes.length) this.grow(length);
    if (length > SHORT_CHARS) {
      this.length += this.bytes.write(text, this.length, 'latin1');
      return;
    }
    const { bytes } = this;
    let at = this.length;
    for (let index = 0; index < length; index++) bytes[at++] = text.charCodeAt(index);
    this.length = at;
  }

  /** Appends bytes as base64 text. There is never a string of the whole text. */
  base64(bytes: Buffer): void {
    const { length } = bytes;
    let at = this.reserve(Math.ceil(length / 3) * 4);
    for (let start = 0; start < length; start += BASE64_PART_BYTES) {
      at += this.bytes.write(bytes.toString('base64', start, Math.min(start + BASE64_PART_BYTES, length)), at, 'latin1');
    }
  }

  /** Appends a safe integer in decimal digits. */
  int(value: number): void {
    if (value < 0 || value > 999_999_999) return this.ascii(String(value));
    if (this.length + 9 > this.bytes.length) this.grow(9);
    let size = 1;
    for (let limit = 10; value >= limit; limit *= 10) size++;
    putDigits(this.bytes, value, this.length, size);
    this.length += size;
  }

  /** Appends a decimal with these digits. It has at least one digit after the point. */
  decimal(digits: ShortestDigits): void {
    if (this.length + MOST_DECIMAL_BYTES > this.bytes.length) this.grow(MOST_DECIMAL_BYTES);
    this.length = digits.put(this.bytes, this.length);
  }

  /**
   * Appends text as UTF-8.
   *
   * @param text without lone surrogates
   * @param size of the text in bytes, when the caller knows it
   */
  utf8(text: string, size?: number): void {
    if (text.length <= SHORT_CHARS) return this.shortUtf8(text);
    const at = this.reserve(size ?? Buffer.byteLength(text));
    this.bytes.write(text, at, 'utf8');
  }

  /**
   * Appends a Python string literal, if the text is short and none of its characters needs an escape.
   *
   * @returns false when the text is different; nothing is appended then
   */
  plainLiteral(text: string): boolean {
    const { length } = text;
    if (length > SHORT_CHARS) return false;
    if (this.length + length * 3 + 2 > this.bytes.length) this.grow(length * 3 + 2);
    const { bytes } = this;
    let at = this.length;
    bytes[at++] = QUOTE;
    for (let index = 0; index < length; index++) {
      const code = text.charCodeAt(index);
      if (IS_PLAIN[code] === 0) return false;
      if (code < 0x80) {
        bytes[at++] = code;
      } else if (code < 0x800) {
        bytes[at++] = 0xc0 | (code >> 6);
        bytes[at++] = 0x80 | (code & 0x3f);
      } else {
        bytes[at++] = 0xe0 | (code >> 12);
        bytes[at++] = 0x80 | ((code >> 6) & 0x3f);
        bytes[at++] = 0x80 | (code & 0x3f);
      }
    }
    bytes[at++] = QUOTE;
    this.length = at;
    return true;
  }

  private shortUtf8(text: string): void {
    const { length } = text;
    if (this.length + length * 3 > this.bytes.length) this.grow(length * 3);
    const { bytes } = this;
    let at = this.length;
    for (let index = 0; index < length; index++) {
      const code = text.charCodeAt(index);
      if (code < 0x80) {
        bytes[at++] = code;
      } else if (code < 0x800) {
        bytes[at++] = 0xc0 | (code >> 6);
        bytes[at++] = 0x80 | (code & 0x3f);
      } else if (code < 0xd800 || code > 0xdfff) {
        bytes[at++] = 0xe0 | (code >> 12);
        bytes[at++] = 0x80 | ((code >> 6) & 0x3f);
        bytes[at++] = 0x80 | (code & 0x3f);
      } else {
        const point = text.codePointAt(index++)!;
        bytes[at++] = 0xf0 | (point >> 18);
        bytes[at++] = 0x80 | ((point >> 12) & 0x3f);
        bytes[at++] = 0x80 | ((point >> 6) & 0x3f);
        bytes[at++] = 0x80 | (point & 0x3f);
      }
    }
    this.length = at;
  }

  /** @returns where the reserved bytes begin */
  private reserve(count: number): number {
    const start = this.length;
    if (start + count > this.bytes.length) this.grow(count);
    this.length = start + count;
    return start;
  }

  private grow(count: number): void {
    const needed = this.length + count;
    // `checkLimit` compares exactly
    if (needed > this.maxLength + MAX_RESERVED_TOO_MUCH || needed > constants.MAX_LENGTH) this.failTooLarge();
    const full = this.bytes;
    const larger = this.memory.take(Math.max(needed, Math.min(full.length * 2, this.maxLength)));
    full.copy(larger, 0, 0, this.length);
    this.bytes = larger;
    if (full !== this.first) this.memory.give(full);
  }
}

function failWithoutLimit(): never {
  throw new RangeError(`more than ${constants.MAX_LENGTH} bytes cannot be written`);
}
