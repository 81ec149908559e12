import { expect, it } from 'vitest';
import { NdArray } from '../../../lib/arrays/nd-array.js';
import { shownError, shownValue } from '../../../lib/inspector/values/shown-values.js';
import { PyroRemoteError } from '../../../lib/serializers/objects/exceptions.js';

it('a shown value of few parts is whole', () => {
  const value = { a: [1, 2n, null], b: new Map([[1, 'x']]), c: NdArray.from([[1], [2]]) };
  const { text, isCut } = shownValue(value);
  expect(JSON.parse(text)).toEqual({ a: [1, '2', null], b: { 1: 'x' }, c: [[1], [2]] });
  expect(isCut).toBe(false);
});

it('a shown value is cut after 10,000 parts, and says so', () => {
  let visited = 0;
  const rows = function* () {
    for (; visited < 50_000; visited++) yield 1;
  };
  const { text, isCut } = shownValue(rows());
  expect([visited, isCut]).toEqual([10_000, true]);
  expect(JSON.parse(text)).toHaveLength(10_000);
});

it('a shown dict, and the rows of an array, are cut after 10,000 parts, all together', () => {
  const map = new Map(Array.from({ length: 5_001 }, (_, index) => [index, 1]));
  expect([shownValue(map).isCut, shownValue([map, map]).isCut]).toEqual([false, true]);
  const arrays = shownValue(Array.from({ length: 10 }, () => NdArray.from(new Float32Array(0), { shape: [1_001, 0] })));
  expect(arrays.isCut).toBe(true);
  expect(shownValue(NdArray.from(new Float32Array(10_001))).isCut).toBe(true);
});

it('an error whose arguments and stack are no texts is shown', () => {
  const error = new PyroRemoteError('lab.Evil', [{ toString: 1 } as never]);
  Object.defineProperty(error, 'stack', { value: 5 });
  expect(shownError(error)).toMatchObject({ type: 'lab.Evil', localTraceback: [] });
});

it('characters that turn the direction of a text are shown as escapes, in values and in errors', () => {
  const text = 'a\u202eb\u2066c';
  expect(shownValue([text]).text).toContain(String.raw`"a\u202eb\u2066c"`);
  expect(JSON.parse(shownValue([text]).text)).toEqual([text]);
  const { message, localTraceback } = shownError(new Error(text));
  expect(message).toBe(String.raw`a\u202eb\u2066c`);
  expect(localTraceback.join('')).not.toContain('\u202e');
});
