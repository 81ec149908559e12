import type { PyComplex } from '../../serpent/index.js';
import { type ByteWriter, isShortAscii } from '../../serpent/writing/byte-writer.js';
import { MSGPACK, PYRO_EXT } from './msgpack-types.js';
import { isWellFormed } from '../bytes/python-text.js';
import { type DictKey, Unwritable, type ValueSink } from '../values/value-sink.js';

const MAX_UINT64 = 2n ** 64n - 1n;
const MIN_INT64 = -(2n ** 63n);

/** Writes msgpack as Pyro5's serializer does, every value in its shortest form. */
export class MsgpackSink implements ValueSink {
  constructor(private readonly out: ByteWriter) {}

  none(): void {
    this.out.byte(MSGPACK.nil);
  }

  bool(value: boolean): void {
    this.out.byte(value ? MSGPACK.true : MSGPACK.false);
  }

  int(value: number | bigint): void {
    if (typeof value === 'number' ? value > 0xffffffff || value < -0x80000000 : value > 0xffffffffn || value < -0x80000000n) {
      return this.largeInt(BigInt(value));
    }
    const number = Number(value);
    const { out } = this;
    if (number >= 0) {
      if (number < 0x80) return out.byte(number);
      if (number <= 0xff) this.head8(MSGPACK.uint8, number);
      else if (number <= 0xffff) this.head16(MSGPACK.uint16, number);
      else this.head32(MSGPACK.uint32, number);
    } else if (number >= -0x20) {
      out.byte(number & 0xff);
    } else if (number >= -0x80) {
      this.head8(MSGPACK.int8, number & 0xff);
    } else if (number >= -0x8000) {
      this.head16(MSGPACK.int16, number & 0xffff);
    } else {
      this.head32(MSGPACK.int32, number >>> 0);
    }
  }

  float(value: number): void {
    this.out.byte(MSGPACK.float64);
    this.out.doubleBE(value);
  }

  complex({ real, imag }: PyComplex): void {
    this.out.byte(MSGPACK.fixext16);
    this.out.byte(PYRO_EXT.complex);
    this.out.doubleLE(real);
    this.out.doubleLE(imag);
  }

  string(value: string): void {
    if (isShortAscii(value)) {
      this.stringHead(value.length);
      this.out.ascii(value);
      return;
    }
    if (!isWellFormed(value)) throw new Unwritable('a string with half of a surrogate pair');
    const size = Buffer.byteLength(value);
    this.stringHead(size);
    this.out.utf8(value, size);
  }

  bytes(value: Uint8Array): void {
    const size = value.length;
    if (size <= 0xff) this.head8(MSGPACK.bin8, size);
    else if (size <= 0xffff) this.head16(MSGPACK.bin16, size);
    else this.head32(MSGPACK.bin32, size);
    this.out.raw(value);
  }

  list(length: number): void {
    if (length < 0x10) this.out.byte(MSGPACK.fixarray | length);
    else if (length <= 0xffff) this.head16(MSGPACK.array16, length);
    else this.head32(MSGPACK.array32, length);
  }

  tuple(length: number): void {
    this.list(length);
  }

  set(length: number): void {
    this.list(length);
  }

  frozenset(length: number): void {
    this.list(length);
  }

  dict(length: number): void {
    if (length < 0x10) this.out.byte(MSGPACK.fixmap | length);
    else if (length <= 0xffff) this.head16(MSGPACK.map16, length);
    else this.head32(MSGPACK.map32, length);
  }

  /** Python's msgpack refuses to read all other keys. */
  key(key: DictKey): undefined {
    if (typeof key === 'string') this.string(key);
    else if (key instanceof Uint8Array) this.bytes(key);
    else throw new Unwritable('a dict key that is neither a string nor bytes');
  }

  end(): void {
    // a container has its length in its head, and no end
  }

  private stringHead(size: number): void {
    if (size < 0x20) this.out.byte(MSGPACK.fixstr | size);
    else if (size <= 0xff) this.head8(MSGPACK.str8, size);
    else if (size <= 0xffff) this.head16(MSGPACK.str16, size);
    else this.head32(MSGPACK.str32, size);
  }

  private largeInt(value: bigint): void {
    if (value > MAX_UINT64 || value < MIN_INT64) return this.digits(String(value));
    if (value > 0n) {
      this.out.byte(MSGPACK.uint64);
      this.out.bigUint64BE(value);
    } else {
      this.out.byte(MSGPACK.int64);
      this.out.bigInt64BE(value);
    }
  }

  private digits(text: string): void {
    if (text.length <= 0xff) this.head8(MSGPACK.ext8, text.length);
    else if (text.length <= 0xffff) this.head16(MSGPACK.ext16, text.length);
    else this.head32(MSGPACK.ext32, text.length);
    this.out.byte(PYRO_EXT.int);
    this.out.ascii(text);
  }

  private head8(type: number, value: number): void {
    this.out.byte(type);
    this.out.byte(value);
  }

  private head16(type: number, value: number): void {
    this.out.byte(type);
    this.out.uint16BE(value);
  }

  private head32(type: number, value: number): void {
    this.out.byte(type);
    this.out.uint32BE(value);
  }
}
