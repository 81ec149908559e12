import type { Shape } from './shape.js';

/** An index of a dimension, or a slice as Python's `start:stop:step`. Null stands for a part that is left out. */
export type AxisSlice = number | readonly [start?: number | null, stop?: number | null, step?: number | null];

interface Slices {
  readonly shape: number[];
  readonly strides: number[];
  /** Distance of the first element of the slice from the first element of the array, in elements. */
  readonly offset: number;
}

/** @throws {RangeError} when a number is no index, or a step is 0 */
export function axisSlices(axes: readonly (AxisSlice | null | undefined)[], shape: Shape, strides: readonly number[]): Slices {
  if (axes.length > shape.length)
    throw new RangeError(`${axes.length} slices of an array of ${shape.length} dimensions are too many`);
  const [lengths, steps]: [number[], number[]] = [[], []];
  let offset = 0;
  for (const [axis, length] of shape.entries()) {
    const stride = strides[axis]!;
    const given = axes[axis] ?? [];
    if (typeof given === 'number') {
      const at = given < 0 ? given + length : given;
      if (!Number.isInteger(at) || at < 0 || at >= length)
        throw new RangeError(`index ${given} is out of the ${length} of dimension ${axis}`);
      offset += at * stride;
      continue;
    }
    const { start, count, step } = rangeOf(given, length);
    if (count > 0) offset += start * stride;
    lengths.push(count);
    steps.push(step * stride);
  }
  return { shape: lengths, strides: steps, offset };
}

/** As Python's `slice.indices`. */
function rangeOf(
  [startGiven, stopGiven, stepGiven]: Exclude<AxisSlice, number>,
  length: number,
): { start: number; count: number; step: number } {
  const step = stepGiven ?? 1;
  if (!Number.isInteger(step) || step === 0)
    throw new RangeError(`the step of a slice is ${step}; it is a whole number, and not 0`);
  const [least, most] = step > 0 ? [0, length] : [-1, length - 1];
  const bound = (given: number | null | undefined, fallback: number): number => {
    if (given === null || given === undefined) return fallback;
    if (!Number.isInteger(given)) throw new RangeError(`the bound of a slice is ${given}; it is a whole number`);
    return Math.min(most, Math.max(least, given < 0 ? given + length : given));
  };
  const start = bound(startGiven, step > 0 ? least : most);
  const stop = bound(stopGiven, step > 0 ? most : least);
  return { start, count: Math.max(0, Math.ceil((stop - start) / step)), step };
}
