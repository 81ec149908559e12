import { describe, expect, it } from 'vitest';
import { NdArray } from '../../../lib/arrays/nd-array.js';
import { pyTuple } from '../../../lib/serpent/index.js';

const POINT = "[('x', '<f8'), ('n', '>i2'), ('name', '<U3')]";

describe('arrays of records', () => {
  it('plain objects become records, and are read as the same objects', () => {
    const records = [
      { x: 1.5, n: -2, name: 'abc' },
      { name: '', n: 300, x: NaN },
    ];
    const array = NdArray.from(records, { dtype: POINT });
    expect(array.shape).toEqual([2]);
    expect(array.toNested()).toEqual(records);
    const view = new DataView(array.data.buffer);
    expect([view.getInt16(8, false), view.getInt16(22 + 8, false)]).toEqual([-2, 300]);
  });

  it('the order of the members does not count, and tuples have the values in the order of the fields', () => {
    const array = NdArray.from([[pyTuple(1, 2, 'a')], [pyTuple(3, 4, 'b')]], { dtype: POINT });
    expect(array.shape).toEqual([2, 1]);
    expect(array.toNested()).toEqual([[{ x: 1, n: 2, name: 'a' }], [{ x: 3, n: 4, name: 'b' }]]);
  });

  it('lists are records where the shape says so', () => {
    const array = NdArray.from(
      [
        [1, 2, 'a'],
        [3, 4, 'b'],
      ],
      { dtype: POINT, shape: [2] },
    );
    expect(array.toNested()).toEqual([
      { x: 1, n: 2, name: 'a' },
      { x: 3, n: 4, name: 'b' },
    ]);
  });

  it('fields that are records and arrays are written, with bytes between fields, half floats, times and names of Object', () => {
    const dtype =
      "{'names': ['a', 'toString', '1'], 'formats': [('<f2', (2, 2)), [('t', '<M8[s]'), ('b', 'S2', (2,))], '?'], 'offsets': [2, 16, 30]}";
    const records = [
      {
        a: [
          [1, 0.5],
          [-2, NaN],
        ],
        toString: { t: 5n, b: [Buffer.from('ab'), Buffer.from('c')] },
        1: true,
      },
      {
        a: [
          [0, 0],
          [0, 65504],
        ],
        toString: { t: -1n, b: [Buffer.from(''), Buffer.from('d')] },
        1: false,
      },
    ];
    const array = NdArray.from(records, { dtype });
    expect(array.toNested()).toEqual(records);
    expect(NdArray.from(array.toNested(), { dtype: array.dtype }).equals(array)).toBe(true);
    expect(NdArray.from(records, { dtype, order: 'F', shape: [1, 2] }).get(0, 1)).toEqual(records[1]);
  });

  it('a field that is a long array is written', () => {
    const wave = Array.from({ length: 300_000 }, (_, index) => index % 128);
    const array = NdArray.from([{ wave }], { dtype: "[('wave', 'i1', (300000,))]" });
    expect(array.field('wave').data).toEqual(Int8Array.from(wave));
  });

  it('no record, and an array of any shape with no record, are arrays of the dtype', () => {
    expect(NdArray.from([], { dtype: POINT }).shape).toEqual([0]);
    expect(NdArray.from({ x: 1, n: 1, name: '' }, { dtype: POINT }).shape).toEqual([]);
  });

  it.each([
    [[{ x: 1, n: 2 }], 'has no member "name"'],
    [[{ x: 1, n: 2, name: 'a', y: 3 }], 'the member "y" of a record is no field of dtype'],
    [[{ x: 1, n: 2 ** 15, name: 'a' }], 'field "n": 32768 cannot be an element of dtype int16'],
    [[{ x: 1, n: 2, name: 'abcd' }], 'field "name": "abcd" cannot be an element of dtype U3'],
    [[pyTuple(1, 2)], 'a record of 2 values cannot be an element of dtype'],
    [[1, 2], '1 cannot be an element of dtype'],
    [[null], 'None cannot be an element of dtype'],
  ])('records that the dtype does not have are refused: %j', (records, text) => {
    expect(() => NdArray.from(records, { dtype: POINT })).toThrow(text);
  });

  it('records are not converted to other records: NumPy goes by the place of a field, objects by its name', () => {
    const array = NdArray.from([{ x: 1, n: 2, name: 'a' }], { dtype: POINT });
    expect(() => NdArray.from(array, { dtype: "[('n', '<f8'), ('x', '<i2'), ('name', '<U3')]" })).toThrow('records of dtype');
  });
});
