/** Longer text is made by a call into C++, which takes 100 ns. A shorter slice of the window takes 30 ns. */
const LONG_CHARS = 128;
const WINDOW_CHARS = 1024;

/** Node's decoders. `toString` is the same with checks of its arguments, which take 50 ns. */
interface Decoders {
  latin1Slice(start: number, end: number): string;
  utf8Slice(start: number, end: number): string;
}

/**
 * Makes short strings of the bytes of a message.
 *
 * In V8 a slice keeps the whole text alive. So the slices are made of a copy of {@link WINDOW_CHARS} characters, and a string that
 * a user keeps does not keep the message.
 */
export class TextWindow {
  private text = '';
  private start = 0;
  private end = 0;
  private bytes: Buffer & Decoders;

  constructor(bytes: Buffer) {
    this.bytes = bytes as Buffer & Decoders;
  }

  /** Goes on with another message. */
  open(bytes: Buffer): void {
    this.bytes = bytes as Buffer & Decoders;
    this.text = '';
    this.start = this.end = 0;
  }

  /** Text of ASCII bytes. */
  ascii(from: number, to: number): string {
    if (to - from > LONG_CHARS) return this.bytes.latin1Slice(from, to);
    if (from < this.start || to > this.end) {
      this.start = from;
      this.end = Math.min(from + WINDOW_CHARS, this.bytes.length);
      this.text = this.bytes.latin1Slice(from, this.end);
    }
    return this.text.slice(from - this.start, to - this.start);
  }

  /** Text of bytes in UTF-8. */
  utf8(from: number, to: number): string {
    return this.bytes.utf8Slice(from, to);
  }

  /** Text of bytes that may be anything; undefined when they are not all ASCII, or too many. */
  shortAscii(from: number, to: number): string | undefined {
    if (to - from > LONG_CHARS) return undefined;
    const { bytes } = this;
    let codes = 0;
    for (let at = from; at < to; at++) codes |= bytes[at]!;
    return codes > 127 ? undefined : this.ascii(from, to);
  }
}
