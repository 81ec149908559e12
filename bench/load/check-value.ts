import { inspect, isDeepStrictEqual } from 'node:util';

/** @throws {Error} that shows the beginnings of both values */
export function checkValue(value: unknown, expected: unknown): void {
  if (isDeepStrictEqual(value, expected)) return;
  const short = (any: unknown): string => inspect(any, { maxArrayLength: 2, maxStringLength: 200 }).slice(0, 300);
  throw new Error(`a reply is ${short(value)} instead of ${short(expected)}`);
}
