/** The largest code unit that is kept in one byte. */
const LAST_NARROW = 0xff;
/** Texts of so many code units share their memory, one after the other. */
const SHARED_UNITS = 2_048;

const NOTHING = Buffer.alloc(0);

/** Builds strings of code points, one after the other. V8 holds one byte for each character, or two if any character is over U+00FF. */
export class TextUnits {
  isWide = false;
  private length = 0;
  private bytes = NOTHING;
  private shared = NOTHING;

  /**
   * Begins a text. Node's own memory for small Buffers is not used: the values that are read in turn with texts would hold more of it than
   * their share.
   *
   * @param most largest number of code units that are added
   */
  begin(most: number): void {
    this.isWide = false;
    this.length = 0;
    if (most > SHARED_UNITS) {
      this.bytes = Buffer.allocUnsafeSlow(most);
      return;
    }
    if (this.shared.length === 0) this.shared = Buffer.allocUnsafeSlow(2 * SHARED_UNITS);
    this.bytes = this.shared;
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

  /** Number of code units so far. */
  get size(): number {
    return this.isWide ? this.length >> 1 : this.length;
  }

  /** Ends the text. */
  end(): string {
    const text = this.bytes.toString(this.isWide ? 'utf16le' : 'latin1', 0, this.length);
    this.bytes = NOTHING;
    return text;
  }

  private addUnit(unit: number): void {
    this.bytes[this.length++] = unit & 0xff;
    this.bytes[this.length++] = unit >> 8;
  }

  private widen(): void {
    const narrow = this.bytes;
    if (narrow !== this.shared) this.bytes = Buffer.allocUnsafeSlow(narrow.length * 2);
    this.isWide = true;
    const wide = this.bytes;
    // from the end: both may be the same memory
    for (let at = this.length - 1; at >= 0; at--) {
      wide[2 * at + 1] = 0;
      wide[2 * at] = narrow[at]!;
    }
    this.length *= 2;
  }
}

function continuation(bytes: Uint8Array, at: number): number {
  return bytes[at]! & 0x3f;
}
