import { constants } from 'node:buffer';

/** Above it, copying by a call into C++ is faster than character by character. */
const SHORT_CHARS = 40;

/** 1 for printable ASCII but quotation marks and the backslash. */
const IS_PLAIN = Uint8Array.from({ length: 128 }, (_, code) =>
  code < 32 || code === 127 || code === 34 || code === 39 || code === 92 ? 0 : 1,
);

/**
 * Bytes under construction. Writing text into it directly takes half the time of joining strings and encoding them.
 */
export class ByteSink {
  private bytes: Buffer = Buffer.allocUnsafe(512);
  private length = 0;
  private readonly maxBytes: number;
  private readonly failTooLarge: () => never;

  constructor(maxBytes: number, failTooLarge: () => never) {
    this.maxBytes = maxBytes;
    this.failTooLarge = failTooLarge;
  }

  finish(): Buffer {
    if (this.length > this.maxBytes) this.failTooLarge();
    return this.bytes.subarray(0, this.length);
  }

  byte(code: number): void {
    if (this.length === this.bytes.length) this.grow(1);
    this.bytes[this.length++] = code;
  }

  /** Appends text that is ASCII. */
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

  /** Appends a safe integer. */
  int(value: number): void {
    if (value < 0 || value > 999_999_999) return this.ascii(String(value));
    if (this.length + 9 > this.bytes.length) this.grow(9);
    let size = 1;
    for (let limit = 10; value >= limit; limit *= 10) size++;
    let rest = value;
    for (let at = this.length + size - 1; at >= this.length; at--) {
      const next = (rest / 10) | 0;
      this.bytes[at] = 48 + rest - next * 10;
      rest = next;
    }
    this.length += size;
  }

  /** Appends any text without lone surrogates, as UTF-8. */
  utf8(text: string): void {
    if (text.length <= SHORT_CHARS) return this.shortUtf8(text);
    const size = Buffer.byteLength(text);
    if (this.length + size > this.bytes.length) this.grow(size);
    this.length += this.bytes.write(text, this.length, 'utf8');
  }

  /**
   * Appends a string literal, if it is short, and printable ASCII without quotation marks and backslashes.
   *
   * @returns false when it is not, and nothing was appended
   */
  plainLiteral(text: string): boolean {
    const { length } = text;
    if (length > SHORT_CHARS) return false;
    if (this.length + length + 2 > this.bytes.length) this.grow(length + 2);
    const { bytes } = this;
    let at = this.length;
    bytes[at++] = 39;
    for (let index = 0; index < length; index++) {
      const code = text.charCodeAt(index);
      if (code > 127 || IS_PLAIN[code] === 0) return false;
      bytes[at++] = code;
    }
    bytes[at++] = 39;
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

  private grow(count: number): void {
    const needed = this.length + count;
    // What is reserved may be more than is written then: `finish` compares exactly.
    if (this.length > this.maxBytes || needed > constants.MAX_LENGTH) this.failTooLarge();
    const larger = Buffer.allocUnsafe(Math.max(needed, this.bytes.length * 2));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }
}
