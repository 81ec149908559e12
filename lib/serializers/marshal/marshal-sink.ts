import type { PyComplex } from '../../serpent/index.js';
import { type ByteWriter, isShortAscii } from '../../serpent/byte-writer.js';
import type { MarshalSingleton } from '../contract/marshal-singleton.js';
import { MARSHAL } from './marshal-types.js';
import { encodeSurrogatePass } from '../bytes/python-text.js';
import type { ValueSink } from '../values/value-writer.js';

const FIFTEEN_BITS = 0x7fffn;

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
    if (typeof value === 'number' && value === (value | 0)) {
      this.out.byte(MARSHAL.int);
      this.out.int32LE(value);
    } else {
      this.long(BigInt(value));
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

  private long(value: bigint): void {
    const negative = value < 0n;
    const hex = value === 0n ? '' : (negative ? -value : value).toString(16);
    const digits: number[] = [];
    // 15 hex digits are four digits of 15 bits: cutting text takes linear time, shifting the whole number would not
    for (let end = hex.length; end > 0; end -= 15) {
      let four = BigInt(`0x${hex.slice(Math.max(0, end - 15), end)}`);
      for (let i = 0; i < 4; i++, four >>= 15n) digits.push(Number(four & FIFTEEN_BITS));
    }
    while (digits.at(-1) === 0) digits.pop();
    this.out.byte(MARSHAL.long);
    this.out.int32LE(negative ? -digits.length : digits.length);
    for (const digit of digits) this.out.uint16LE(digit);
  }
}
