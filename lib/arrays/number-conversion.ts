import { type DType, type DTypeKind, IS_LITTLE_ENDIAN } from './dtype.js';
import type { NdTypedArray } from './element-types.js';
import { float16Bits, float16Of } from './float16.js';
import { unfitElement } from './nested.js';

/** Kinds whose elements are one number each. A time is the number of its units. */
const NUMBERS: ReadonlySet<DTypeKind> = new Set<DTypeKind>(['bool', 'int', 'uint', 'float', 'datetime', 'timedelta']);
const HALF = 2 ** 32;
const [HIGH, LOW] = IS_LITTLE_ENDIAN ? [1, 0] : [0, 1];

/** True when each element is one number, also a time. */
export function isNumeric({ kind }: DType): boolean {
  return NUMBERS.has(kind);
}

/** True when each element is a time: a number that means nothing without its unit. */
export function isTime({ kind }: DType): boolean {
  return kind === 'datetime' || kind === 'timedelta';
}

/**
 * Copies numbers from the memory of one dtype into the memory of another. No element becomes a value of JavaScript of its own: a list of all
 * elements takes twenty times the time, and up to 40 bytes of heap for each.
 *
 * @throws {SerializeError} naming the number that the dtype cannot hold
 */
export function convertNumbers(from: DType, source: NdTypedArray, to: DType, target: NdTypedArray): void {
  const refuse = (index: number): never => {
    throw unfitElement(from.kind === 'bool' ? Boolean(source[index]) : source[index], to);
  };
  if (isWide(source)) {
    if (isWide(target)) copyWide(source, target, refuse);
    else narrow(source, to, target as Float64Array, refuse);
    return;
  }
  // any byte but 0 is true
  const numbers = from.kind === 'bool' ? (source as Uint8Array).map((byte) => Number(byte !== 0)) : (source as Float64Array);
  if (isWide(target)) return widen(numbers, target, refuse);
  const held = target as Float64Array;
  if (to.code === 'f2') {
    // rounded only once: not to 32 bits first
    for (let index = 0; index < numbers.length; index++) held[index] = float16Of(float16Bits(numbers[index]!));
    return;
  }
  // this is as fast as a copy. A number that an int cannot hold changes
  held.set(numbers);
  const isBool = to.kind === 'bool';
  if (!isBool && holdsAll(to, from)) return;
  for (let index = 0; index < numbers.length; index++)
    if (held[index] !== numbers[index] || (isBool && held[index]! > 1)) refuse(index);
}

export type WideArray = BigInt64Array | BigUint64Array;

function isWide(data: NdTypedArray): data is WideArray {
  return data instanceof BigInt64Array || data instanceof BigUint64Array;
}

/** True when each number of one dtype of up to 32 bits is a number of the other. A float takes every number, rounded. */
function holdsAll(to: DType, from: DType): boolean {
  if (to.kind === 'float' || from.kind === 'bool') return true;
  if (from.kind === to.kind) return to.itemBytes >= from.itemBytes;
  return from.kind === 'uint' && to.itemBytes > from.itemBytes;
}

/** Makes the function that writes a safe integer as an int of 64 bits, and makes no bigint for it. */
export function safeIntPutter(target: WideArray): (int: number, index: number) => void {
  const halves = halvesOf(target);
  return (int, index) => {
    halves[2 * index + LOW] = int;
    halves[2 * index + HIGH] = Math.floor(int / HALF);
  };
}

/** The halves of ints of 64 bits, without a bigint for each. */
function halvesOf({ buffer, byteOffset, length }: WideArray): Uint32Array {
  return new Uint32Array(buffer, byteOffset, 2 * length);
}

function copyWide(source: WideArray, target: WideArray, refuse: (index: number) => never): void {
  const halves = halvesOf(source);
  const isSame = source.constructor === target.constructor;
  // a number that the other cannot hold has the highest bit
  if (!isSame) for (let index = 0; index < source.length; index++) if (halves[2 * index + HIGH]! >= HALF / 2) refuse(index);
  halvesOf(target).set(halves);
}

/** Ints of 64 bits to a smaller dtype, or to floats, rounded once. */
function narrow(source: WideArray, to: DType, target: Float64Array, refuse: (index: number) => never): void {
  const halves = halvesOf(source);
  const isSigned = source instanceof BigInt64Array;
  const [isFloat, isBool, isHalf] = [to.kind === 'float', to.kind === 'bool', to.code === 'f2'];
  for (let index = 0; index < source.length; index++) {
    const high = halves[2 * index + HIGH]!;
    const number = (isSigned ? high | 0 : high) * HALF + halves[2 * index + LOW]!;
    target[index] = isHalf ? float16Of(float16Bits(number)) : number;
    if (!isFloat && (target[index] !== number || (isBool && number > 1))) refuse(index);
  }
}

function widen(numbers: ArrayLike<number>, target: WideArray, refuse: (index: number) => never): void {
  const halves = halvesOf(target);
  const [least, end] = target instanceof BigInt64Array ? [-(2 ** 63), 2 ** 63] : [0, 2 ** 64];
  for (let index = 0; index < numbers.length; index++) {
    const number = numbers[index]!;
    if (!Number.isInteger(number) || number < least || number >= end) refuse(index);
    const high = Math.floor(number / HALF);
    halves[2 * index + HIGH] = high;
    halves[2 * index + LOW] = number - high * HALF;
  }
}
