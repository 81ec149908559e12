import type { PyComplex } from '../../serpent/index.js';
import { type ByteWriter, isShortAscii } from '../../serpent/writing/byte-writer.js';
import type { MarshalSingleton } from '../contract/marshal-singleton.js';
import { MARSHAL } from './marshal-types.js';
import { encodeSurrogatePass } from '../bytes/python-text.js';
import type { ValueSink } from '../values/value-sink.js';

const DIGIT_BITS = 15;
const DIGIT = 2 ** DIGIT_BITS;
const HEX = 16;
const BYTE_BITS = 8;
/** Bits of 32 that a byte does not have. */
const SPARE_BITS = 24;

/** Writes marshal without references, with types that every Python 3 reads. @see CPython, Python/marshal.c */
export class MarshalSink implements ValueSink {
  private readonly closers: number[] = [];

  constructor(private readonly out: ByteWriter) {}

  none(): void {
    this.out.byte(MARSHAL.none);
  }

  bool(value: boolean): void {
    this.out.byte(value ? MARSHAL.true : MARSHAL.false);
  }

  int(value: number | bigint): void {
    const number = Number(value);
    if (number === (number | 0)) {
      this.out.byte(MARSHAL.int);
      this.out.int32LE(number);
    } else if (Number.isSafeInteger(number)) {
      this.safeLong(number);
    } else {
      this.long(value as bigint);
    }
  }

  float(value: number): void {
    this.out.byte(MARSHAL.binaryFloat);
    this.out.doubleLE(value);
  }

  complex({ real, imag }: PyComplex): void {
    this.out.byte(MARSHAL.binaryComplex);
    this.out.doubleLE(real);
    this.out.doubleLE(imag);
  }

  string(value: string): void {
    if (!isShortAscii(value)) return this.sized(MARSHAL.unicode, encodeSurrogatePass(value));
    this.out.byte(MARSHAL.unicode);
    this.out.int32LE(value.length);
    this.out.ascii(value);
  }

  bytes(value: Uint8Array): void {
    this.sized(MARSHAL.bytes, value);
  }

  singleton({ typeLetter }: MarshalSingleton): void {
    this.out.byte(typeLetter.charCodeAt(0));
  }

  list(length: number): void {
    this.begin(MARSHAL.list, length);
  }

  tuple(length: number): void {
    this.begin(MARSHAL.tuple, length);
  }

  set(length: number): void {
    this.begin(MARSHAL.set, length);
  }

  frozenset(length: number): void {
    this.begin(MARSHAL.frozenset, length);
  }

  dict(): void {
    this.out.byte(MARSHAL.dict);
    this.closers.push(MARSHAL.null);
  }

  end(): void {
    const closer = this.closers.pop();
    if (closer) this.out.byte(closer);
  }

  private begin(type: number, length: number): void {
    this.out.byte(type);
    this.out.int32LE(length);
    this.closers.push(0);
  }

  private sized(type: number, bytes: Uint8Array): void {
    this.out.byte(type);
    this.out.int32LE(bytes.length);
    this.out.raw(bytes);
  }

  /** A safe integer of more than 32 bits, in digits of 15 bits, the lowest first. */
  private safeLong(value: number): void {
    this.out.byte(MARSHAL.long);
    const rest = Math.abs(value);
    let count = 0;
    for (let over = rest; over >= 1; over /= DIGIT) count++;
    this.out.int32LE(value < 0 ? -count : count);
    for (let over = rest; over >= 1; over = Math.floor(over / DIGIT)) this.out.uint16LE(over % DIGIT);
  }

  /** The bits are taken from the hex digits in one pass: V8 makes these in linear time, and shifting the whole number would not take linear time. */
  private long(value: bigint): void {
    const negative = value < 0n;
    const hex = (negative ? -value : value).toString(HEX);
    const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
    const bits = bytes.length * BYTE_BITS - (Math.clz32(bytes[0]!) - SPARE_BITS);
    const count = Math.ceil(bits / DIGIT_BITS);
    this.out.byte(MARSHAL.long);
    this.out.int32LE(negative ? -count : count);
    let at = this.out.skip(2 * count);
    const end = at + 2 * count;
    const { buffer } = this.out;
    let held = 0;
    let heldBits = 0;
    for (let index = bytes.length - 1; index >= 0; index--) {
      held |= bytes[index]! << heldBits;
      heldBits += BYTE_BITS;
      if (heldBits < DIGIT_BITS) continue;
      buffer[at++] = held & 0xff;
      buffer[at++] = (held >> 8) & 0x7f;
      held >>= DIGIT_BITS;
      heldBits -= DIGIT_BITS;
    }
    if (at === end) return;
    buffer[at++] = held & 0xff;
    buffer[at] = held >> 8;
  }
}
