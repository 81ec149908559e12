/** The largest code unit that is kept in one byte. */
const LAST_NARROW = 0xff;

/** Builds a string of code points. V8 holds one byte for each character, or two if any character is over U+00FF. */
export class TextUnits {
  isWide = false;
  private bytes: Buffer;
  private length = 0;

  /** @param most largest number of code units that are added */
  constructor(most: number) {
    this.bytes = Buffer.allocUnsafe(most);
  }

  add(point: number): void {
    if (point > LAST_NARROW && !this.isWide) this.widen();
    if (!this.isWide) {
      this.bytes[this.length++] = point;
    } else if (point < 0x10000) {
      this.addUnit(point);
    } else {
      this.addUnit(0xd7c0 + (point >> 10));
      this.addUnit(0xdc00 | (point & 0x3ff));
    }
  }

  /** Adds the character of more than one byte at `at`. @returns the offset of its end */
  addUtf8(bytes: Uint8Array, at: number): number {
    const lead = bytes[at]!;
    if (lead < 0xe0) {
      this.add(((lead & 0x1f) << 6) | continuation(bytes, at + 1));
      return at + 2;
    }
    const second = continuation(bytes, at + 1);
    const third = continuation(bytes, at + 2);
    if (lead < 0xf0) {
      this.add(((lead & 0x0f) << 12) | (second << 6) | third);
      return at + 3;
    }
    this.add(((lead & 0x07) << 18) | (second << 12) | (third << 6) | continuation(bytes, at + 3));
    return at + 4;
  }

  get text(): string {
    return this.bytes.toString(this.isWide ? 'utf16le' : 'latin1', 0, this.length);
  }

  private addUnit(unit: number): void {
    this.bytes[this.length++] = unit & 0xff;
    this.bytes[this.length++] = unit >> 8;
  }

  private widen(): void {
    const narrow = this.bytes;
    const { length } = this;
    this.bytes = Buffer.allocUnsafe(narrow.length * 2);
    this.isWide = true;
    this.length = 0;
    for (let at = 0; at < length; at++) this.addUnit(narrow[at]!);
  }
}

function continuation(bytes: Uint8Array, at: number): number {
  return bytes[at]! & 0x3f;
}
