import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NdArray } from '../../../lib/arrays/nd-array.js';
import { arrayConverterOf } from '../../../lib/classes/fields/array-conversion.js';

const INTS = ['bool', 'int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64'];
const DTYPES = [...INTS, 'float16', 'float32', 'float64', 'datetime64[s]', 'timedelta64[ms]'];
/** Numbers near the limits of all dtypes. */
const NUMBERS = [7, 8, 15, 16, 24, 31, 32, 52, 53, 62, 63, 64].flatMap((bits) => [2 ** bits - 1, 2 ** bits, 2 ** bits + 1]);
const number = fc.oneof(
  fc.constantFrom(0, -0, 1, 0.5, NaN, Infinity, ...NUMBERS, ...NUMBERS.map((each) => -each)),
  fc.integer({ min: -300, max: 300 }),
  fc.double(),
);

/** The numbers that a dtype can hold. */
function heldBy(dtype: string, numbers: readonly number[]): number[] {
  return numbers.filter((each) => {
    try {
      return NdArray.from([each], { dtype }).size === 1;
    } catch {
      return false;
    }
  });
}

function result(work: () => NdArray): unknown {
  try {
    return work().toNested();
  } catch (error) {
    return (error as Error).message;
  }
}

describe('copies of arrays', () => {
  it('an array that is converted to another dtype becomes the same as the list of its elements would, or is refused for the same element', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...DTYPES),
        fc.constantFrom(...DTYPES.slice(0, 12)),
        fc.array(number, { maxLength: 8 }),
        fc.integer({ min: 1, max: 2 }),
        (from, to, numbers, step) => {
          const array = NdArray.from(heldBy(from, numbers), { dtype: from }).slice([null, null, step]);
          expect(result(() => NdArray.from(array, { dtype: to }))).toEqual(
            result(() => NdArray.from([...array] as unknown[], { dtype: to })),
          );
        },
      ),
      { numRuns: Number(process.env.FUZZ_RUNS ?? 2_000) },
    );
  });

  it('an int beyond all floats is refused, as in NumPy, and does not become infinite', () => {
    for (const dtype of ['float16', 'float32', 'float64', 'complex128'])
      expect(() => NdArray.from([2n ** 2000n], { dtype }), dtype).toThrow(/^1148\d{36}… cannot be an element of dtype/);
    expect(NdArray.from([2n ** 1000n], { dtype: 'float64' }).get(0)).toBe(2 ** 1000);
    expect(NdArray.from([10n ** 39n], { dtype: 'float32' }).get(0)).toBe(Infinity);
  });

  it('any byte of a bool but 0 is true in a copy of another dtype', () => {
    const bools = NdArray.from(new Uint8Array([0, 1, 2, 255]), { dtype: 'bool' });
    expect(NdArray.from(bools, { dtype: 'int16' }).data).toEqual(new Int16Array([0, 1, 1, 1]));
  });

  it('the option order changes the memory of lists and copies, and not their elements', () => {
    const lists = [
      [1, 2, 3],
      [4, 5, 6],
    ];
    const fortran = NdArray.from(lists, { order: 'F' });
    expect([fortran.order, fortran.toNested(), [...fortran.data]]).toEqual(['F', lists, [1, 4, 2, 5, 3, 6]]);
    for (const source of [NdArray.from(lists), fortran, NdArray.from(lists).slice(null, [null, null, 1])]) {
      for (const order of ['C', 'F'] as const) {
        const copy = NdArray.from(source, { order, dtype: 'int32' });
        expect([copy.order, copy.toNested()]).toEqual([order, lists]);
        expect([...copy.data]).toEqual(order === 'C' ? [1, 2, 3, 4, 5, 6] : [1, 4, 2, 5, 3, 6]);
      }
    }
    expect(NdArray.from(fortran, { shape: [3, 2], order: 'F' }).toNested()).toEqual([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    expect(NdArray.from([1, 2, 3, 4], { shape: [2, 2], order: 'F' }).toNested()).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  it('a copy has memory of its own, also of records and of a part of them', () => {
    const records: NdArray = NdArray.from(Buffer.from('abcdef'), { dtype: "[('a', 'S1'), ('b', 'S1')]" });
    const copy = NdArray.from(records.slice([null, null, -1]));
    (records.data as Uint8Array).fill(0);
    expect(copy.dtype).toBe(records.dtype);
    expect(copy.toNested()).toEqual([
      { a: Buffer.from('e'), b: Buffer.from('f') },
      { a: Buffer.from('c'), b: Buffer.from('d') },
      { a: Buffer.from('a'), b: Buffer.from('b') },
    ]);
    expect(NdArray.from(NdArray.from(['ab', 'c']), { dtype: 'U4' }).toNested()).toEqual(['ab', 'c']);
  });

  it('a list of arrays becomes one array with a dimension more', () => {
    const rows = [NdArray.from(new Int8Array([1, 2])), NdArray.from(new Int8Array([3, 4]))];
    const stacked = NdArray.from(rows);
    expect([stacked.dtype, stacked.shape, stacked.toNested()]).toEqual([
      'int8',
      [2, 2],
      [
        [1, 2],
        [3, 4],
      ],
    ]);
    expect(NdArray.from(rows, { dtype: 'float32', order: 'F' }).data).toEqual(new Float32Array([1, 3, 2, 4]));
    expect(() => NdArray.from([...rows, NdArray.from([5, 6])])).toThrow('dtypes int8 and float64 is no array without a dtype');
    expect(() => NdArray.from([...rows, rows[0]!.slice([0, 1])])).toThrow('shapes (2,) and (1,) is no array');
  });

  it('bytes that make no whole elements are refused with the size of an element', () => {
    expect(() => NdArray.from(Buffer.from('abc'), { dtype: 'S2' })).toThrow(
      '3 elements of a typed array are no elements of dtype S2, which takes 2 for each',
    );
  });
});

describe('the conversion of arguments that are typed as arrays', () => {
  const spent = (type: unknown, value: unknown): [unknown, number] => {
    let bytes = 0;
    const array = arrayConverterOf(type)!(value, 'values', (more) => void (bytes += more));
    return [array, bytes];
  };

  it('memory of arrays that are converted is counted before it is allocated, and an array that fits is not copied', () => {
    const bytes = NdArray.from(new Uint8Array(1_000));
    expect(spent(Float64Array, bytes)[1]).toBe(8_000);
    expect(spent(Uint8Array, bytes)).toEqual([bytes.data, 0]);
    expect(spent(NdArray, bytes)).toEqual([bytes, 0]);
    const columns = NdArray.from(new Float64Array(6), { shape: [2, 3], order: 'F' });
    expect(spent(Float64Array, columns)[1]).toBe(48);
    expect(spent(NdArray, ['', 'x'.repeat(1_000)])[1]).toBeGreaterThanOrEqual(8_000);
    expect(spent(NdArray, [Buffer.alloc(0), Buffer.alloc(1_000)])[1]).toBeGreaterThanOrEqual(2_000);
    const refuse = () => {
      throw new Error('too much');
    };
    const shared = Array.from({ length: 1_000 }, () => Array.from({ length: 1_000 }, () => 0));
    for (const value of [bytes, [['x'.repeat(9)]], Array.from({ length: 1_000 }, () => shared)])
      expect(() => arrayConverterOf(Float64Array)!(value, 'values', refuse)).toThrow('too much');
  });

  it.each<[string, unknown, string]>([
    ['text', NdArray.from(['a']), 'U1'],
    ['bytes', NdArray.from([Buffer.from('a')]), 'S1'],
    ['complex numbers', NdArray.from([1], { dtype: 'complex64' }), 'complex64'],
    ['records', NdArray.from(Buffer.from('ab'), { dtype: "[('a', 'S2')]" }), "[('a', '|S2')]"],
  ])('an array of %s is refused for a typed array before a value of its elements is made', (_, array, dtype) => {
    expect(() => spent(Float64Array, array)).toThrow(`values: an array of dtype ${dtype} has no numbers for Float64Array`);
  });
});
