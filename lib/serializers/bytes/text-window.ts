/** Longer text is made by a call into C++, which costs 150 ns; shorter is sliced off a window, for 30. */
const LONG_CHARS = 128;
const WINDOW_CHARS = 1024;

/**
 * Makes short strings of a message's bytes. A slice can keep the text it is of alive: so it is of a copy of no more than
 * {@link WINDOW_CHARS}, never of the whole message.
 */
export class TextWindow {
  private text = '';
  private start = 0;
  private end = 0;

  constructor(private readonly bytes: Buffer) {}

  /** @returns undefined when there is more than ASCII in the range, or it is long */
  shortAscii(from: number, to: number): string | undefined {
    if (to - from > LONG_CHARS) return undefined;
    const { bytes } = this;
    let codes = 0;
    for (let at = from; at < to; at++) codes |= bytes[at]!;
    if (codes > 127) return undefined;
    if (from < this.start || to > this.end) {
      this.start = from;
      this.end = Math.min(from + WINDOW_CHARS, bytes.length);
      this.text = bytes.toString('latin1', from, this.end);
    }
    return this.text.slice(from - this.start, to - this.start);
  }
}
