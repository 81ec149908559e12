import { inspect } from 'node:util';
import { describe, expect, expectTypeOf, it, vi } from 'vitest';
import { NdArray } from '../../../lib/arrays/nd-array.js';
import { PyComplex, pyFloat } from '../../../lib/serpent/index.js';

const counting = (shape: readonly number[], order: 'C' | 'F' = 'C') =>
  NdArray.from(
    Int32Array.from({ length: shape.reduce((size, length) => size * length, 1) }, (_, index) => index),
    { shape, order },
  );

describe('NdArray', () => {
  it('an NdArray wraps a typed array without copying it', () => {
    const data = new Float32Array([1, 2, 3, 4]);
    const array = NdArray.from(data, { shape: [2, 2] });
    expectTypeOf(array).toEqualTypeOf<NdArray<'float32'>>();
    expect(array).toMatchObject({ dtype: 'float32', shape: [2, 2], size: 4, order: 'C' });
    data[3] = 9;
    expect(array.get(1, 1)).toBe(9);
    expect(array.data.buffer).toBe(data.buffer);
  });

  it.each([
    [new Int8Array(1), 'int8'],
    [new Uint8Array(1), 'uint8'],
    [Buffer.alloc(1), 'uint8'],
    [new Uint8ClampedArray(1), 'uint8'],
    [new Int16Array(1), 'int16'],
    [new Uint16Array(1), 'uint16'],
    [new Int32Array(1), 'int32'],
    [new Uint32Array(1), 'uint32'],
    [new BigInt64Array(1), 'int64'],
    [new BigUint64Array(1), 'uint64'],
    [new Float32Array(1), 'float32'],
    [new Float64Array(1), 'float64'],
  ])('an NdArray takes the dtype of %s', (data, dtype) => {
    expect(NdArray.from(data).dtype).toBe(dtype);
  });

  it.each<[unknown, string, unknown]>([
    [
      [
        [1, 2],
        [3, 4.5],
      ],
      'float64',
      [
        [1, 2],
        [3, 4.5],
      ],
    ],
    [[1n, 2], 'int64', [1n, 2n]],
    [[2n ** 63n], 'uint64', [2n ** 63n]],
    [[1n, 0.5], 'float64', [1, 0.5]],
    [[true, false], 'bool', [true, false]],
    [[pyFloat(1)], 'float64', [1]],
    [[new PyComplex(1, 2), 3], 'complex128', [new PyComplex(1, 2), new PyComplex(3, 0)]],
    [['a', 'b😀'], 'U2', ['a', 'b😀']],
    [[Buffer.from('ab'), Buffer.from('c')], 'S2', [Buffer.from('ab'), Buffer.from('c')]],
    [[new Date(0)], 'datetime64[ms]', [0n]],
    [[], 'float64', []],
    [[[], []], 'float64', [[], []]],
    [7, 'float64', 7],
  ])('NdArray.from() makes an array of nested lists: %#', (nested, dtype, again) => {
    const array = NdArray.from(nested);
    expect(array.dtype).toBe(dtype);
    expect(array.toNested()).toEqual(again);
  });

  it('NdArray.from() makes an array of another dtype of lists', () => {
    expect(NdArray.from([[1, 255]], { dtype: 'uint8' }).data).toEqual(new Uint8Array([1, 255]));
    expect(NdArray.from([1, -2], { dtype: 'int64' }).data).toEqual(new BigInt64Array([1n, -2n]));
    expect(NdArray.from([1, 65_519, 65_520, 2 ** -24, 0.1], { dtype: 'float16' }).toNested()).toEqual([
      1,
      65_504,
      Infinity,
      2 ** -24,
      0.0999755859375,
    ]);
    expect(NdArray.from(['2026-01-31T10:20:30.5', 'NaT'], { dtype: 'datetime64[ms]' }).toNested()).toEqual([
      1_769_854_830_500n,
      -(2n ** 63n),
    ]);
    expect(NdArray.from(['2026-02'], { dtype: 'datetime64[M]' }).get(0)).toBe(673n);
  });

  it.each<[string, () => unknown, RegExp]>([
    ['lists of different lengths', () => NdArray.from([[1, 2], [3]]), /different lengths/],
    [
      'an item that the dtype cannot hold',
      () => NdArray.from([256], { dtype: 'uint8' }),
      /256 cannot be an element of dtype uint8/,
    ],
    ['a fraction as int', () => NdArray.from([0.5], { dtype: 'int32' }), /0.5 cannot be/],
    ['texts and numbers together', () => NdArray.from(['a', 1]), /a list of text and number/],
    ['None', () => NdArray.from([null]), /None/],
    ['a shape of another size', () => NdArray.from(new Float32Array(3), { shape: [2, 2] }), /do not make the shape \(2, 2\)/],
    ['a date that there is not', () => NdArray.from(['2026-02-29'], { dtype: 'datetime64[D]' }), /"2026-02-29" cannot be/],
    ['a month that there is not', () => NdArray.from(['2026-13-45'], { dtype: 'datetime64[s]' }), /"2026-13-45" cannot be/],
    ['an hour that there is not', () => NdArray.from(['2026-01-01T24'], { dtype: 'datetime64[s]' }), /cannot be/],
    ['an unknown dtype', () => NdArray.from([1], { dtype: 'float128' }), /astype\("float64"\)/],
  ])('NdArray refuses %s', (_, make, message) => {
    expect(make).toThrow(message);
  });

  it('an NdArray gives elements and rows, counted from the end too', () => {
    const array = counting([2, 3]);
    expect([array.get(0, 1), array.get(-1, -1)]).toEqual([1, 5]);
    expect(array.at(1).toNested()).toEqual([3, 4, 5]);
    expect([...array.rows()].map((row) => row.toNested())).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ]);
    expect(array.at(1, 2).toNested()).toBe(5);
    expect(() => array.get(2, 0)).toThrow('index 2 is out of the 2 of dimension 0');
    expect(() => array.get(1)).toThrow('one number for each dimension');
    expect(() => array.at(0, 0, 0)).toThrow('too many');
  });

  it('an NdArray is sliced as in Python, without copying', () => {
    const array = counting([4, 5]);
    expect(array.slice([1, 3]).toNested()).toEqual([
      [5, 6, 7, 8, 9],
      [10, 11, 12, 13, 14],
    ]);
    expect(array.slice(null, [null, null, 2]).toNested()).toEqual([
      [0, 2, 4],
      [5, 7, 9],
      [10, 12, 14],
      [15, 17, 19],
    ]);
    expect(array.slice([null, null, -1], 0).toNested()).toEqual([15, 10, 5, 0]);
    expect(array.slice([-2, 99], [-1, null]).toNested()).toEqual([[14], [19]]);
    expect(array.slice([3, 1]).shape).toEqual([0, 5]);
    const part = array.slice([1, 3]);
    expect(part.data.buffer).toBe(array.data.buffer);
    array.data[5] = 99;
    expect(part.get(0, 0)).toBe(99);
    expect(() => array.slice([0, 1, 0])).toThrow('not 0');
    expect(() => array.slice(4)).toThrow('out of');
  });

  it('an NdArray gives the data of a slice with gaps as a copy in C order', () => {
    expect(counting([3, 4]).slice(null, [null, null, 3]).data).toEqual(new Int32Array([0, 3, 4, 7, 8, 11]));
    expect(counting([2, 3, 2]).slice(null, 1, [null, null, -1]).data).toEqual(new Int32Array([3, 2, 9, 8]));
  });

  it('an NdArray keeps the order of Fortran', () => {
    const array = counting([2, 3], 'F');
    expect(array.order).toBe('F');
    expect(array.toNested()).toEqual([
      [0, 2, 4],
      [1, 3, 5],
    ]);
    expect(array.data).toEqual(new Int32Array([0, 1, 2, 3, 4, 5]));
    expect([...array]).toEqual([0, 2, 4, 1, 3, 5]);
    expect(
      array.equals(
        NdArray.from(
          [
            [0, 2, 4],
            [1, 3, 5],
          ],
          { dtype: 'int32' },
        ),
      ),
    ).toBe(true);
  });

  it('an NdArray may have zero dimensions, and dimensions of zero', () => {
    const scalar = NdArray.from(3.5);
    expect([scalar.shape, scalar.get(), scalar.size, [...scalar]]).toEqual([[], 3.5, 1, [3.5]]);
    expect(() => [...scalar.rows()]).toThrow('no rows');
    const empty = NdArray.from(new Float64Array(0), { shape: [2, 0, 3] });
    expect([empty.toNested(), [...empty], empty.data.length]).toEqual([[[], []], [], 0]);
  });

  it('equality of NdArrays compares dtype, shape and elements', () => {
    const array = NdArray.from([1, NaN, 0]);
    expect(array.equals(NdArray.from([1, NaN, -0]))).toBe(true);
    expect(array.equals(NdArray.from([1, NaN, 1]))).toBe(false);
    expect(array.equals(NdArray.from([[1, NaN, 0]]))).toBe(false);
    expect(array.equals(NdArray.from(new Float32Array([1, NaN, 0])))).toBe(false);
  });

  it('NdArray.is() narrows the type', () => {
    const array: NdArray = NdArray.from(new Uint8Array([1]));
    if (!array.is('uint8')) throw new Error('it is');
    expectTypeOf(array.data).toEqualTypeOf<Uint8Array>();
    expectTypeOf(array.get(0)).toEqualTypeOf<number>();
    expect([array.is('u1'), array.is('int8')]).toEqual([true, false]);
  });

  it('an NdArray prints itself, cut when it is long', () => {
    expect(String(NdArray.from([[1, 2]]))).toBe('array([[1, 2]], dtype=float64, shape=(1, 2))');
    expect(inspect(counting([200]))).toBe('NdArray([0, 1, 2, …, 197, 198, 199], dtype=int32, shape=(200,))');
    expect(JSON.stringify({ array: NdArray.from([1n, 2n]) })).toBe('{"array":[1,2]}');
    expect(JSON.stringify(NdArray.from([2n ** 62n, 1n]))).toBe('["4611686018427387904",1]');
    const times = ['2026-01-31T10:20:30.000000001', 'NaT'];
    expect(JSON.stringify(NdArray.from(times, { dtype: 'datetime64[ns]' }))).toBe('["2026-01-31T10:20:30.000000001",null]');
    expect(JSON.stringify(NdArray.from([5n, 'NaT'], { dtype: 'timedelta64[s]' }))).toBe('[5,null]');
    const records = NdArray.from(new Uint8Array(16).fill(255), { dtype: "[('t', '<M8[s]'), ('n', '<u8')]" });
    expect(JSON.stringify(records)).toBe('[{"t":"1969-12-31T23:59:59","n":"18446744073709551615"}]');
  });

  it('an NdArray reads texts, bytes, complex numbers and bools from their data', () => {
    expect(NdArray.from(Uint32Array.from([65, 0, 0x1f600, 0x110000]), { dtype: 'U2' }).toNested()).toEqual(['A', '😀\ufffd']);
    expect(NdArray.from(Uint8Array.from([65, 0, 66, 67]), { dtype: 'S2' }).toNested()).toEqual([
      Buffer.from('A'),
      Buffer.from('BC'),
    ]);
    expect(NdArray.from(Float32Array.from([1, -2]), { dtype: 'complex64' }).get(0)).toEqual(new PyComplex(1, -2));
    expect(NdArray.from(Uint8Array.from([0, 1]), { dtype: 'bool' }).toNested()).toEqual([false, true]);
  });
});

it('an NdArray refuses a text that is too long for its dtype, and makes no list of its characters', () => {
  const text = 'a\u0101'.repeat(500);
  const iterate = vi.spyOn(String.prototype, Symbol.iterator);
  try {
    expect(() => NdArray.from([text], { dtype: 'U1' })).toThrow('cannot be an element of dtype U1');
    expect(() => NdArray.from(['\u{1f600}\u{1f600}a'], { dtype: 'U2' })).toThrow('cannot be an element of dtype U2');
    expect(() => NdArray.from(['ab'], { dtype: 'U1' })).toThrow('cannot be an element of dtype U1');
    expect(NdArray.from(['\u{1f600}\ud800', 'ab', '']).toNested()).toEqual(['\u{1f600}\ud800', 'ab', '']);
    expect(iterate).not.toHaveBeenCalled();
  } finally {
    iterate.mockRestore();
  }
});

it('an NdArray refuses a text that is too long for its dtype of bytes, and encodes none of it', () => {
  const from = vi.spyOn(Buffer, 'from');
  try {
    expect(() => NdArray.from(['abc'.repeat(500)], { dtype: 'S2' })).toThrow('cannot be an element of dtype S2');
    expect(from).not.toHaveBeenCalled();
    expect(() => NdArray.from(['\u0101b'], { dtype: 'S2' })).toThrow('cannot be an element of dtype S2');
  } finally {
    from.mockRestore();
  }
});

it.each([
  ['narrow', 'a\u00e9'.repeat(5_000)],
  ['wide', `${'a'.repeat(5_000)}\u20ac`],
  ['beyond U+FFFF', 'b\u{1f600}'.repeat(3_000)],
  ['of a few characters', '\u{1f600}'.repeat(13)],
])('an NdArray reads a long text: %s', (_, text) => {
  expect(NdArray.from([text]).get(0)).toBe(text);
});

it.each([
  ['nothing', []],
  ['null', [null]],
  ['a typed array', [new Float64Array(2)]],
])('new NdArray() with %s says how an array is made', (_, given) => {
  expect(() => Reflect.construct(NdArray, given) as unknown).toThrow('an NdArray is made by NdArray.from');
});
