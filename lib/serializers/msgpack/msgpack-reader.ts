import { PyComplex, PyFloat } from '../../serpent/index.js';
import { BinaryReader } from '../bytes/binary-reader.js';
import { DictBuilder, emptyDict } from '../reading/dict-builder.js';
import { failedInside } from '../contract/unreadable-error.js';
import { shortText } from '../../protocol/short-text.js';
import { COSTS } from '../../serpent/costs/value-costs.js';
import type { KnownMember } from '../reading/known-members.js';
import { MSGPACK, PYRO_EXT } from './msgpack-types.js';
import { decodePyroExtension } from './msgpack-extensions.js';
import { decodeUtf8 } from '../bytes/python-text.js';

/** Reads msgpack with Pyro5's extension types. */
export class MsgpackReader extends BinaryReader {
  protected override readonly format = 'msgpack';

  /** @throws {UnreadableError} naming the offset */
  read(): unknown {
    const value = this.value();
    this.expectEnd();
    return value;
  }

  private value(): unknown {
    const type = this.byte();
    if (type < MSGPACK.fixmap) return type;
    if (type >= MSGPACK.negativeFixint) return type - 0x100;
    if (type < MSGPACK.fixarray) return this.dict(type & 0x0f);
    if (type < MSGPACK.fixstr) return this.list(type & 0x0f);
    if (type < MSGPACK.nil) return this.string(type & 0x1f);
    const { bytes } = this;
    switch (type) {
      case MSGPACK.nil:
        return null;
      case MSGPACK.false:
        return false;
      case MSGPACK.true:
        return true;
      case MSGPACK.bin8:
        return this.buffer(this.byte());
      case MSGPACK.bin16:
        return this.buffer(this.uint16());
      case MSGPACK.bin32:
        return this.buffer(this.uint32());
      case MSGPACK.ext8:
        return this.extension(this.byte());
      case MSGPACK.ext16:
        return this.extension(this.uint16());
      case MSGPACK.ext32:
        return this.extension(this.uint32());
      case MSGPACK.float32:
        return this.float(bytes.readFloatBE(this.take(4)));
      case MSGPACK.float64:
        return this.float(bytes.readDoubleBE(this.take(8)));
      case MSGPACK.uint8:
        return this.byte();
      case MSGPACK.uint16:
        return this.uint16();
      case MSGPACK.uint32:
        return this.uint32();
      case MSGPACK.uint64:
        return this.int64(bytes.readBigUInt64BE(this.take(8)));
      case MSGPACK.int8:
        return bytes.readInt8(this.take(1));
      case MSGPACK.int16:
        return bytes.readInt16BE(this.take(2));
      case MSGPACK.int32:
        return bytes.readInt32BE(this.take(4));
      case MSGPACK.int64:
        return this.int64(bytes.readBigInt64BE(this.take(8)));
      case MSGPACK.fixext1:
      case MSGPACK.fixext2:
      case MSGPACK.fixext4:
      case MSGPACK.fixext8:
      case MSGPACK.fixext16:
        return this.extension(2 ** (type - MSGPACK.fixext1));
      case MSGPACK.str8:
        return this.string(this.byte());
      case MSGPACK.str16:
        return this.string(this.uint16());
      case MSGPACK.str32:
        return this.string(this.uint32());
      case MSGPACK.array16:
        return this.list(this.uint16());
      case MSGPACK.array32:
        return this.list(this.uint32());
      case MSGPACK.map16:
        return this.dict(this.uint16());
      case MSGPACK.map32:
        return this.dict(this.uint32());
      default:
        return this.fail(`0x${type.toString(16)} begins no value`);
    }
  }

  protected override item(): unknown {
    return this.value();
  }

  private list(length: number): unknown[] {
    this.enter(length, 1);
    const items = this.items(length);
    this.depth--;
    return items;
  }

  private dict(length: number): unknown {
    this.enter(length, 2);
    if (length === 0) {
      this.depth--;
      return emptyDict(this);
    }
    const dict = new DictBuilder(this);
    let key: unknown;
    try {
      for (let i = 0; i < length; i++) {
        const { expected } = dict;
        if (expected !== undefined && this.isNext(expected)) {
          key = expected.name;
          dict.takeExpected(expected);
        } else {
          key = this.key();
          dict.key(key);
        }
        dict.value(this.value());
        key = undefined;
      }
    } catch (error) {
      throw failedInside(error, shortText(key ?? 'a key'));
    }
    this.depth--;
    return dict.finish();
  }

  /** Moves past the name of a member, if the name comes next. */
  private isNext({ name }: KnownMember): boolean {
    const { bytes, at } = this;
    const { length } = name;
    if (length > 31 || bytes[at] !== (MSGPACK.fixstr | length) || at + length >= bytes.length) return false;
    for (let i = 0; i < length; i++) if (bytes[at + 1 + i] !== name.charCodeAt(i)) return false;
    this.at += length + 1;
    return true;
  }

  private key(): unknown {
    const type = this.bytes[this.at]!;
    // the dict counts the cost of its names
    if (type >= MSGPACK.fixstr && type < MSGPACK.nil) return this.textOf(this.byte() & 0x1f);
    const key = this.value();
    if (typeof key === 'object' && key !== null && !isHashable(key))
      this.fail('a dict key is a list or dict', 'builtins.TypeError');
    return key;
  }

  private enter(length: number, bytesEach: number): void {
    const { maxDepth } = this.options;
    if (++this.depth > maxDepth) this.failOver('maxDepth', `more than ${maxDepth} nested containers (maxDepth)`);
    if (length * bytesEach > this.bytes.length - this.at) this.fail(`a length of ${length} goes beyond the end`);
  }

  private string(length: number): string {
    if (length > 1) this.spend(COSTS.string + length);
    return this.textOf(length);
  }

  private textOf(length: number): string {
    const start = this.take(length);
    return this.text.shortAscii(start, this.at) ?? decodeUtf8(this.bytes.subarray(start, this.at));
  }

  private extension(length: number): unknown {
    const code = this.bytes.readInt8(this.take(1));
    if (code === PYRO_EXT.int) this.spendBigInt(length);
    else this.spend(COSTS.complex);
    const start = this.take(length);
    const value = decodePyroExtension(code, this.bytes, start, this.at, this.options.maxIntDigits, this.asFloat);
    // Pyro5 writes complex64 of NumPy in the form of an int
    if (code === PYRO_EXT.int && value instanceof PyComplex) this.spend(COSTS.complex);
    return value;
  }

  private readonly asFloat = (value: number): unknown => this.float(value);

  private uint16(): number {
    return this.bytes.readUInt16BE(this.take(2));
  }

  private uint32(): number {
    return this.bytes.readUInt32BE(this.take(4));
  }
}

function isHashable(key: object): boolean {
  return key instanceof PyFloat || key instanceof PyComplex || Buffer.isBuffer(key);
}
