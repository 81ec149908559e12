/** The number of 16 bits as IEEE 754 half precision. */
export function float16Of(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The 16 bits of the nearest number of half precision. Of two equally near numbers the even one is taken, as in NumPy. */
export function float16Bits(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  // halfway between the largest number, 65504, and the next number, which does not exist
  if (size >= 65_520) return sign | 0x7c00;
  if (size < 2 ** -14) return sign | roundToEven(size * 2 ** 24);
  const exponent = Math.min(15, exponentOf(size));
  // a fraction that is rounded up to 1024 becomes the next exponent by itself
  return sign | (((exponent + 15) << 10) + roundToEven((size / 2 ** exponent - 1) * 1024));
}

/** The numbers of half precision, in a Float32Array, which holds each of them exactly. */
export function float16Numbers(bits: Uint16Array): Float32Array {
  const numbers = new Float32Array(bits.length);
  const known = (table ??= Float32Array.from({ length: 0x10000 }, (_, code) => float16Of(code)));
  for (let index = 0; index < bits.length; index++) numbers[index] = known[bits[index]!]!;
  return numbers;
}

export function float16Codes(numbers: ArrayLike<number>): Uint16Array {
  const bits = new Uint16Array(numbers.length);
  for (let index = 0; index < bits.length; index++) bits[index] = float16Bits(numbers[index]!);
  return bits;
}

/** All numbers of half precision by their bits. Made at first use. A lookup takes a third of the time of {@link float16Of}. */
let table: Float32Array | undefined;

const EXPONENT_VIEW = new DataView(new ArrayBuffer(8));

function exponentOf(value: number): number {
  EXPONENT_VIEW.setFloat64(0, value);
  return ((EXPONENT_VIEW.getUint16(0) >> 4) & 0x7ff) - 1023;
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
