import { describe, expect, it, vi } from 'vitest';
import { NdArray } from '../../../lib/arrays/nd-array.js';
import { limitOf } from '../../../lib/protocol/over-limit.js';
import { SERIALIZER_IDS } from '../../../lib/protocol/constants.js';
import { PyComplex, pyFloat, pyTuple } from '../../../lib/serpent/index.js';
import type { SerializerName, SerializerOptions } from '../../../lib/serializers/contract/serializer.js';
import { createSerializers } from '../../../lib/serializers/serializers.js';
import { MemoryReads } from '../../memory-reads.js';

const NAMES = Object.keys(SERIALIZER_IDS) as SerializerName[];
const serializer = (name: SerializerName, options: Partial<SerializerOptions> = {}) =>
  createSerializers({ arrays: { write: 'list' }, ...options }).get(SERIALIZER_IDS[name])!;
const counting = (shape: number[], dtype: string, itemBytes: number): NdArray =>
  NdArray.from(
    Uint8Array.from({ length: shape.reduce((size, length) => size * length, itemBytes) }, (_, index) => (index % 250) + 1),
    { dtype, shape },
  );

const records = NdArray.from(
  [
    pyTuple(1, [[1.5, 2]], Buffer.from('ab'), 'x', pyTuple(true, 5n), 86_400n),
    pyTuple(-2, [[0, 3]], Buffer.from('a'), '', pyTuple(false, 2n ** 62n), 0n),
  ],
  {
    dtype:
      "[('i', '>i4'), ('f', '<f4', (1, 2)), ('s', '|S2'), ('u', '<U2'), ('r', [('b', '|b1'), ('q', '<i8')]), ('t', '<M8[s]')]",
  },
);

describe.each(NAMES)('arrays as lists in %s are written as the lists are', (name) => {
  const write = (value: unknown): Buffer => serializer(name).dumps(value);

  it.each<[string, NdArray, unknown]>([
    ['three dimensions', counting([2, 1, 2], 'uint8', 1), [[[1, 2]], [[3, 4]]]],
    [
      'the order F',
      NdArray.from(
        [
          [1n, 2n],
          [3n, 4n],
        ],
        { order: 'F' },
      ),
      [
        [1, 2],
        [3, 4],
      ],
    ],
    [
      'a slice with steps',
      NdArray.from(new Int16Array([1, 2, 3, 4, 5, 6]), { shape: [2, 3] }).slice(null, [null, null, -2]),
      [
        [3, 1],
        [6, 4],
      ],
    ],
    ['floats', NdArray.from([[1, 0.5]]), [[pyFloat(1), 0.5]]],
    ['float16', NdArray.from([1, 0.5], { dtype: 'float16' }), [pyFloat(1), 0.5]],
    ['large ints', NdArray.from([[2n ** 62n, -(2n ** 40n), 7n]]), [[2n ** 62n, -(2n ** 40n), 7]]],
    ['bools', NdArray.from([[true], [false]]), [[true], [false]]],
    ['texts', NdArray.from([['a'], ['bc']]), [['a'], ['bc']]],
    ['times', NdArray.from([['1970-01-02', 'NaT']], { dtype: 'datetime64[D]' }), [['1970-01-02', 'NaT']]],
    ['durations', NdArray.from([[5n, 2n ** 60n]], { dtype: 'timedelta64[s]' }), [[5, 2n ** 60n]]],
    ['no elements', NdArray.from(new Float64Array(0), { shape: [2, 0, 3] }), [[], []]],
    ['no dimensions', NdArray.from(7n), 7],
    [
      '64 dimensions',
      counting(
        Array.from({ length: 64 }, () => 1),
        'uint8',
        1,
      ),
      Array.from({ length: 64 }).reduce<unknown>((inner) => [inner], 1),
    ],
  ])('an array that is sent as lists is written as the lists are: %s', (_, array, lists) => {
    expect(write({ array })).toEqual(write({ array: lists }));
  });

  it.each<[string, NdArray]>([
    ['texts', NdArray.from(new Uint32Array(500_000).fill(97), { dtype: 'U1' })],
    ['records', counting([500_000], "[('a', '|u1')]", 1)],
    ['a list in a record', counting([1], "[('a', '|i1', (500000,))]", 500_000)],
    ['records in a record', counting([1], "[('a', [('b', '|b1')], (1000, 500))]", 500_000)],
  ])('writing stops over maxMessageBytes, and makes no further elements: %s', (_, array) => {
    const small = serializer(name, { maxBytes: 1_000 });
    using reads = new MemoryReads();
    let thrown: unknown;
    try {
      small.dumps([reads.of(array)]);
    } catch (error) {
      thrown = error;
    }
    expect((thrown as Error).message).toBe('the value takes more than maxMessageBytes (1000) to write');
    expect(limitOf(thrown)).toBe('maxMessageBytes');
    expect(reads.count).toBeLessThan(100_000);
  });

  it('maxDepth counts the lists of an array', () => {
    const array = counting([1, 2, 2], 'uint8', 1);
    expect(() => serializer(name, { maxDepth: 3 }).dumps([array])).toThrow(/^value\[0\]\[0\]\[0\]: .*more than 3 nested/);
    expect(serializer(name, { maxDepth: 4 }).dumps([array])).toEqual(
      write([
        [
          [
            [1, 2],
            [3, 4],
          ],
        ],
      ]),
    );
    const empty = NdArray.from(new Float64Array(0), { shape: [0, 2, 2] });
    expect(serializer(name, { maxDepth: 2 }).dumps([empty])).toEqual(write([[]]));
  });

  it('no array is made for a row', () => {
    const at = vi.spyOn(NdArray.prototype, 'at');
    const array = counting([1_000, ...Array.from({ length: 60 }, () => 1)], 'uint8', 1);
    expect(write(array).length).toBeGreaterThan(60_000);
    expect(at).not.toHaveBeenCalled();
    at.mockRestore();
  });
});

it.each(['serpent', 'marshal', 'msgpack'] as const)(
  '%s: arrays of records, bytes and complex numbers are written as the lists are',
  (name) => {
    const write = (value: unknown): Buffer => serializer(name).dumps(value);
    const lists = [
      pyTuple(1, [[1.5, pyFloat(2)]], Buffer.from('ab'), 'x', pyTuple(true, 5), '1970-01-02T00:00:00'),
      pyTuple(-2, [[pyFloat(0), pyFloat(3)]], Buffer.from('a'), '', pyTuple(false, 2n ** 62n), '1970-01-01T00:00:00'),
    ];
    expect(write(records)).toEqual(write(lists));
    expect(write(records.at(1))).toEqual(write(lists[1]));
    expect(write(NdArray.from([[Buffer.from('ab')], [Buffer.from('')]]))).toEqual(
      write([[Buffer.from('ab')], [Buffer.from('')]]),
    );
    expect(write(counting([2], 'V2', 2))).toEqual(write([Buffer.from([1, 2]), Buffer.from([3, 4])]));
    expect(write(NdArray.from([new PyComplex(1, 2)]))).toEqual(write([new PyComplex(1, 2)]));
  },
);

it('writing bytes stops over maxMessageBytes', () => {
  const array = counting([500_000], 'S1', 1);
  const from = vi.spyOn(Buffer, 'from');
  expect(() => serializer('serpent', { maxBytes: 1_000 }).dumps(array)).toThrow('maxMessageBytes (1000)');
  expect(from.mock.calls.length).toBeLessThan(10_000);
  from.mockRestore();
});

it.each<[string, NdArray, string]>([
  [
    'two dimensions',
    NdArray.from([[new PyComplex(1, 2)], [new PyComplex(1, 2)]]).slice([1]),
    'value.wave[0][0]: a complex number',
  ],
  ['a record', records, 'value.wave[0][2]: bytes'],
  ['a list in a record', counting([2], "[('a', '|S1', (3,))]", 3), 'value.wave[0][0][0]: bytes'],
])('the error of an element names its path: %s', (_, wave, what) => {
  expect(() => serializer('json').dumps({ wave })).toThrow(`${what} cannot be written in json`);
});
