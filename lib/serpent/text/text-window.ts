/** Longer text is made by a call into C++, which takes 100 ns. A shorter slice of the window takes 30 ns. */
const LONG_CHARS = 128;
const WINDOW_CHARS = 1024;
/** V8 copies shorter slices. A longer slice keeps the window alive. */
export const COPIED_SLICE_CHARS = 13;

/** Node's decoders. `toString` is the same with checks of its arguments, which take 50 ns. */
interface Decoders {
  latin1Slice(start: number, end: number): string;
  utf8Slice(start: number, end: number): string;
}

/** A reader that estimates the memory of its value. */
export interface Spender {
  /** The estimate so far, in bytes. */
  readonly spent: number;
  spend(bytes: number): void;
}

/**
 * Makes short strings of the bytes of a message.
 *
 * In V8 a slice keeps the whole text alive. So the slices are made of a copy of {@link WINDOW_CHARS} characters, and a string that
 * a user keeps does not keep the message. White space, comments and known names may fill the rest of a window, and cost nothing else. So a
 * value is estimated to take at least as many bytes as the windows that its strings keep.
 */
export class TextWindow {
  private text = '';
  private start = 0;
  private end = 0;
  /** True when a string keeps the window. */
  private isKept = false;
  private bytes: Buffer & Decoders;

  /**
   * @param reader of the value with the strings. Undefined: nothing keeps the strings
   * @param least the least estimate of the value: the estimate before the value, and the windows before this one that strings keep
   */
  constructor(
    bytes: Buffer,
    private readonly reader: Spender | undefined = undefined,
    public least = 0,
  ) {
    this.bytes = bytes as Buffer & Decoders;
  }

  /** Goes on with another message. @param before the estimate before its value */
  open(bytes: Buffer, before = 0): void {
    this.bytes = bytes as Buffer & Decoders;
    this.text = '';
    this.start = this.end = 0;
    this.isKept = false;
    this.least = before;
  }

  /** Text of ASCII bytes. */
  ascii(from: number, to: number): string {
    if (to - from > LONG_CHARS) return this.bytes.latin1Slice(from, to);
    if (from < this.start || to > this.end) this.move(from);
    if (to - from >= COPIED_SLICE_CHARS) this.isKept = true;
    return this.text.slice(from - this.start, to - this.start);
  }

  /** The begin of the window when a string keeps it, otherwise -1. */
  get kept(): number {
    return this.isKept ? this.start : -1;
  }

  /** The string that was made last is the name of a member: V8 copies names, so it keeps no window. @param kept {@link kept} before the string */
  madeName(kept: number): void {
    this.isKept = kept === this.start;
  }

  private move(from: number): void {
    if (this.isKept && this.reader !== undefined) this.spendWindow(this.reader);
    this.start = from;
    this.end = Math.min(from + WINDOW_CHARS, this.bytes.length);
    this.text = this.bytes.latin1Slice(from, this.end);
  }

  private spendWindow(reader: Spender): void {
    this.isKept = false;
    this.least += this.text.length;
    const missing = this.least - reader.spent;
    if (missing > 0) reader.spend(missing);
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
