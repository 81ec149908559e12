/** Powers of ten that are exact. */
export const POWERS_OF_TEN = Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

/** An int with at most this number of digits is a safe integer. */
export const SAFE_DIGITS = 15;
/** A product of {@link SAFE_DIGITS} digits and a power of ten is computed without loss up to this exponent. */
const MOST_LOW_DIGITS = 7;

/** Cuts a float into two halves of 26 bits. @see Dekker, A floating-point technique for extending the available precision, 1971 */
const SPLITTER = 2 ** 27 + 1;
/** More than the relative error of a quotient, which is about 2^-52 of a part of 2^-53. */
const DOUBT = 1 + 2 ** -30;

/**
 * The float of a decimal literal, correctly rounded. The literal is digits, a point and digits, which is the form of most floats of 16 or
 * 17 digits.
 *
 * Digits and quotient are computed as sums of two floats, which takes 20 ns. `Number(text)` takes 200.
 *
 * @param high the first {@link SAFE_DIGITS} digits
 * @param low the digits after them
 * @param fraction number of digits after the point
 * @returns NaN when the literal has too many digits, or is so close to the middle of two floats that the rounding is in doubt
 */
export function longDecimal(high: number, low: number, lowDigits: number, fraction: number): number {
  if (lowDigits > MOST_LOW_DIGITS || fraction >= POWERS_OF_TEN.length) return NaN;
  return quotient(high, POWERS_OF_TEN[lowDigits]!, low, POWERS_OF_TEN[fraction]!);
}

/** (high × scale + low) / divisor, where high has 50 bits and scale has 24. */
function quotient(high: number, scale: number, low: number, divisor: number): number {
  const product = high * scale;
  const highPart = upperHalf(high);
  const rest = highPart * scale - product + (high - highPart) * scale + low;
  const sum = product + rest;
  const first = sum / divisor;
  const remainder = sum - first * divisor - productError(first, divisor) + (rest - (sum - product));
  const second = remainder / divisor;
  const result = first + second;
  const lost = second - (result - first);
  return result + lost * DOUBT === result ? result : NaN;
}

function upperHalf(value: number): number {
  const shifted = value * SPLITTER;
  return shifted - (shifted - value);
}

/** The exact product of two floats, less their rounded product. */
export function productError(one: number, other: number): number {
  const oneHigh = upperHalf(one);
  const otherHigh = upperHalf(other);
  const oneLow = one - oneHigh;
  const otherLow = other - otherHigh;
  return oneHigh * otherHigh - one * other + oneHigh * otherLow + oneLow * otherHigh + oneLow * otherLow;
}
