import { randomBytes } from 'node:crypto';
import { isExactDouble, numberEqualTo } from './python-numbers.js';
import type { PyComplex } from '../values/values.js';

/** The kinds of keys in the hash. The kind, with the length above it, stands before each key, so that no two rows of keys look the same. */
const KIND = { none: 0, int: 1, double: 2, bigint: 3, complex: 4, text: 5, bytes: 6, tuple: 7 } as const;
const KIND_BITS = 3;

const seed = randomBytes(8);
const SEED = seed.readInt32LE(0);
const OTHER_SEED = seed.readInt32LE(4);

const double = new Float64Array(1);
const words = new Int32Array(double.buffer);

/**
 * A hash of a key that is a tuple, bytes or a complex number: equal for keys that are equal in Python. No text is made of the key, so hashing
 * takes no memory, and for a number the same time whatever its form.
 *
 * The hash is HalfSipHash-1-3 over items of 32 bits. Its seed is random for each process, so a peer cannot choose keys that collide.
 *
 * @see https://github.com/veorq/SipHash
 */
export class KeyHash {
  private v0 = 0;
  private v1 = 0;
  private v2 = 0;
  private v3 = 0;

  /** @returns an int of 32 bits */
  of(key: unknown): number {
    this.v0 = SEED;
    this.v1 = OTHER_SEED;
    this.v2 = SEED ^ 0x6c796765;
    this.v3 = OTHER_SEED ^ 0x74656462;
    this.add(key);
    this.v2 ^= 0xff;
    this.round();
    this.round();
    this.round();
    return this.v1 ^ this.v3;
  }

  private add(key: unknown): void {
    const value = numberEqualTo(key);
    switch (typeof value) {
      case 'number':
        return this.addNumber(value);
      case 'bigint':
        return isExactDouble(value) ? this.addNumber(Number(value)) : this.addText(KIND.bigint, value.toString(16));
      case 'string':
        return this.addText(KIND.text, value);
      default:
    }
    if (value === null) return this.word(KIND.none);
    if (Array.isArray(value)) {
      this.begin(KIND.tuple, value.length);
      for (const item of value as unknown[]) this.add(item);
      return;
    }
    if (Buffer.isBuffer(value)) return this.addBytes(value);
    this.word(KIND.complex);
    this.addNumber((value as PyComplex).real);
    this.addNumber((value as PyComplex).imag);
  }

  private addNumber(value: number): void {
    // minus zero is zero
    if ((value | 0) === value) {
      this.word(KIND.int);
      this.word(value | 0);
      return;
    }
    // one nan for all
    double[0] = Number.isNaN(value) ? NaN : value;
    this.word(KIND.double);
    this.word(words[0]!);
    this.word(words[1]!);
  }

  private addText(kind: number, text: string): void {
    const { length } = text;
    this.begin(kind, length);
    const even = length & ~1;
    for (let at = 0; at < even; at += 2) this.word(text.charCodeAt(at) | (text.charCodeAt(at + 1) << 16));
    if (even < length) this.word(text.charCodeAt(even));
  }

  private addBytes(bytes: Buffer): void {
    const { length } = bytes;
    this.begin(KIND.bytes, length);
    const whole = length & ~3;
    for (let at = 0; at < whole; at += 4)
      this.word(bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24));
    for (let at = whole; at < length; at++) this.word(bytes[at]!);
  }

  private begin(kind: number, length: number): void {
    this.word(kind | (length << KIND_BITS));
  }

  private word(word: number): void {
    this.v3 ^= word;
    this.round();
    this.v0 ^= word;
  }

  private round(): void {
    let { v0, v1, v2, v3 } = this;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    this.v0 = v0;
    this.v1 = v1;
    this.v2 = v2;
    this.v3 = v3;
  }
}
