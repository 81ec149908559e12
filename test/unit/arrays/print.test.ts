import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { NdArray } from '../../../lib/arrays/nd-array.js';
import { PyComplex } from '../../../lib/serpent/values/values.js';
import { argumentsText } from '../../../lib/logging/access-log.js';
import { safeText } from '../../../lib/protocol/texts/safe-text.js';
import { MemoryReads } from '../../memory-reads.js';
import { createSerializers } from '../../../lib/serializers/serializers.js';

/** Most elements, and characters, of the text of an array. */
const MOST_ELEMENTS = 300;
const MOST_CHARS = 7_000;

const zeros = (dtype: string, shape: number[], itemBytes: number): NdArray =>
  NdArray.from(new Uint8Array(shape.reduce((size, length) => size * length, itemBytes)), { dtype, shape });
const short = (dimensions: number): number[] => Array.from({ length: dimensions }, () => 2);
const alone = (length: number, dimensions: number): number[] => [length, ...Array.from({ length: dimensions }, () => 1)];
const fields = (count: number): string => Array.from({ length: count }, (_, at) => `('f${at}', '|u1')`).join(', ');

/** The third: most numbers and bytes that are read, where an element has many. */
const ARRAYS: [string, NdArray, number?][] = [
  ['many short dimensions', zeros('uint8', short(20), 1)],
  ['many dimensions of 1', zeros('uint8', alone(10_000, 63), 1)],
  ['few elements in many dimensions', zeros('uint8', [...short(6), ...alone(1, 57)], 1)],
  ['lists without elements', zeros('uint8', [9_999, 0], 1)],
  ['short lists without elements', zeros('uint8', [...short(12), 0], 1)],
  ['a long text', NdArray.from(['a'.repeat(1_000_000)])],
  ['long texts', NdArray.from(Array.from({ length: 90 }, () => 'a\u0001'.repeat(5_000))), 3_500],
  ['long bytes', NdArray.from(Array.from({ length: 90 }, () => Buffer.alloc(100_000, 1))), 1_500],
  ['long void', zeros('V100000', [90], 100_000), 1_500],
  ['a record with a long list', zeros("[('a', '|u1', (1000000,))]", [1], 1_000_000)],
  ['a record with many short dimensions', zeros(`[('a', '|u1', (${short(18).join(', ')}))]`, [1], 2 ** 18)],
  ['records with many fields', zeros(`[${fields(500)}]`, [90], 500)],
  ['records of records', zeros("[('a', [('b', [('c', '|u1', (99,))], (99,))], (99,))]", [2], 99 ** 3)],
  ['records with a long name', zeros(`[('${'n'.repeat(5_000)}', '|u1')]`, [90], 1)],
];

describe.each(ARRAYS)('the text of an array of %s', (_, array, mostReads = MOST_ELEMENTS) => {
  it('the text of an array is short, and few elements are read for it', () => {
    using reads = new MemoryReads();
    expect(String(reads.of(array)).length).toBeLessThan(MOST_CHARS);
    expect(reads.count).toBeLessThanOrEqual(mostReads);
    expect(inspect(array).length).toBeLessThan(MOST_CHARS);
    expect(safeText(array).length).toBeLessThanOrEqual(1_000);
  });

  it('the text of an array is cut in the log', () => {
    using reads = new MemoryReads();
    const args = Array<NdArray>(20).fill(reads.of(array));
    expect(argumentsText({ args, kwargs: {} }).length).toBeLessThanOrEqual(1_001);
    expect(reads.count).toBeLessThan(20 * mostReads);
  });
});

it.each<[string, NdArray, string]>([
  ['numbers', NdArray.from([-0, 1.5, NaN]), 'array([-0, 1.5, NaN], dtype=float64, shape=(3,))'],
  ['bigints', NdArray.from([1n]), 'array([1n], dtype=int64, shape=(1,))'],
  ['texts', NdArray.from(['a', "b'"]), `array(['a', "b'"], dtype=U2, shape=(2,))`],
  ['bytes', NdArray.from([Buffer.from('ab'), Buffer.from('a')]), 'array([<Buffer 61 62>, <Buffer 61>], dtype=S2, shape=(2,))'],
  ['no dimensions', NdArray.from('a'), "array('a', dtype=U1, shape=())"],
  ['no elements', NdArray.from(new Float64Array(0), { shape: [2, 0] }), 'array([[], []], dtype=float64, shape=(2, 0))'],
  ['a long text', NdArray.from(['a'.repeat(101)]), `array(['${'a'.repeat(100)}'…], dtype=U101, shape=(1,))`],
  ['the longest text', NdArray.from(['a'.repeat(100)]), `array(['${'a'.repeat(100)}'], dtype=U100, shape=(1,))`],
  ['long bytes', NdArray.from([Buffer.alloc(51)]), 'array([<Buffer >], dtype=S51, shape=(1,))'],
  ['long void', zeros('V51', [1], 51), `array([<Buffer${' 00'.repeat(50)} …>], dtype=V51, shape=(1,))`],
])('the text of an array has its elements: %s', (_, array, expected) => {
  expect(String(array)).toBe(expected);
});

it('the text of a record has its fields', () => {
  const dtype = "[('n', '>i2'), ('of two', '<f4', (2, 1)), ('none', '|u1', (0,)), ('in', [('b', '|b1')])]";
  const array = NdArray.from([pyRecord()], { dtype });
  expect(String(array)).toBe(
    `array([{ n: -2, 'of two': [ [ 1.5 ], [ 2 ] ], none: [], in: { b: true } }], dtype=${dtype}, shape=(1,))`,
  );
});

function pyRecord(): object {
  return { n: -2, 'of two': [[1.5], [2]], none: [], in: { b: true } };
}

it('a slice with steps prints its own elements', () => {
  const array = NdArray.from(
    Int32Array.from({ length: 6 }, (_, index) => index),
    { shape: [2, 3] },
  );
  expect(String(array.slice(null, [null, null, -2]))).toBe('array([[2, 0], [5, 3]], dtype=int32, shape=(2, 2))');
  expect(String(array.at(1))).toBe('array([3, 4, 5], dtype=int32, shape=(3,))');
});

it('many short dimensions end in dots once there are enough elements', () => {
  const shown = String(zeros('uint8', short(10), 1));
  expect(shown).toMatch(/^array\(\[{10}0, 0\], \[0, 0\]\], /);
  expect(shown).toContain(', …]], …], …], dtype=uint8');
});

it.each(['serpent', 'marshal', 'msgpack'] as const)(
  'the error of a scalar of NumPy shows the beginning of an array: %s',
  (name) => {
    const serializer = [...createSerializers().values()].find((one) => one.name === name)!;
    const array = { __class__: 'numpy.ndarray', dtype: "[('a', '|u1')]", shape: short(18), data: Buffer.alloc(2 ** 18) };
    const data = serializer.dumps({ __class__: 'numpy.float64', value: array });
    using reads = new MemoryReads();
    expect(() => serializer.loads(data)).toThrow('the value of a numpy.float64 is none: array([[[');
    expect(reads.ofViews).toBeLessThanOrEqual(MOST_ELEMENTS);
  },
);

it('the text of a long complex number has no line breaks', () => {
  const numbers = NdArray.from([new PyComplex(Math.PI * 1e-30, -Math.E * 1e-25)], { dtype: 'complex128' });
  expect(String(numbers)).not.toContain('\n');
  expect(String(numbers)).toContain('3.1415926535897934e-30');
});

it.each([
  ['S60', Buffer.alloc(60).fill(0x61, 55, 56), '<Buffer …>'],
  ['S60', Buffer.alloc(60, 0x61).fill(0, 50, 51), ' …>'],
])('an element of %s that is cut has dots, also when the part after the cut begins with zeros', (dtype, bytes, text) => {
  expect(String(NdArray.from(new Uint8Array(bytes), { dtype: `<${dtype}`.replace('<S', '|S'), shape: [1] }))).toContain(text);
});

it('a text that is cut has dots, also when the part after the cut begins with a zero character', () => {
  const text = `${'a'.repeat(100)}\0${'a'.repeat(29)}`;
  expect(String(NdArray.from([text], { dtype: '<U130' }))).toContain("aaa'…");
});
