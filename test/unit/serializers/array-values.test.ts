import { describe, expect, it } from 'vitest';
import { NdArray } from '../../../lib/arrays/nd-array.js';
import { PyComplex, pyTuple } from '../../../lib/serpent/index.js';
import { type ArrayOptions, SERIALIZER_IDS, type SerializerName } from '../../../lib/serializers/contract/serializer.js';
import { createSerializers } from '../../../lib/serializers/serializers.js';

const unread = createSerializers({ arrays: { read: false } });

/** The value that is sent for an array. */
function sent(value: unknown, arrays: ArrayOptions, name: SerializerName = 'marshal'): unknown {
  const id = SERIALIZER_IDS[name];
  return unread.get(id)!.loads(createSerializers({ arrays }).get(id)!.dumps(value), { plain: true });
}

const array = NdArray.from(new Int16Array([1, 2, 3, 4]), { shape: [2, 2] });
const raw = Buffer.from([1, 0, 2, 0, 3, 0, 4, 0]);

describe('an NdArray', () => {
  it('an NdArray is a class dict with dtype, shape and bytes by default', () => {
    const dict = { __class__: 'numpy.ndarray', dtype: '<i2', shape: [2, 2], data: raw };
    for (const name of ['serpent', 'marshal', 'msgpack'] as const) expect(sent({ array }, {}, name)).toEqual({ array: dict });
    expect(sent(array, {}, 'json')).toEqual({ ...dict, data: raw.toString('base64') });
  });

  it('an NdArray is an npy file by option, in its own order', () => {
    const { npy } = sent(array, { write: 'npy' }) as { npy: Buffer };
    expect(npy.toString('latin1', 0, 6)).toBe('\x93NUMPY');
    expect(npy.length).toBe(128 + raw.length);
    expect(npy.toString('latin1', 10)).toContain("{'descr': '<i2', 'fortran_order': False, 'shape': (2, 2,), }");
    const fortran = NdArray.from(new Int16Array([1, 2, 3, 4]), { shape: [2, 2], order: 'F' });
    expect((sent(fortran, { write: 'npy' }) as { npy: Buffer }).npy.toString('latin1')).toContain("'fortran_order': True");
    expect(sent(fortran, {})).toMatchObject({ data: Buffer.from([1, 0, 3, 0, 2, 0, 4, 0]) });
  });

  it('an NdArray is the dict of msgpack-numpy by option, in msgpack', () => {
    const dict = sent(array, { write: 'msgpack-numpy' }, 'msgpack') as Map<unknown, unknown>;
    const named = Object.fromEntries([...dict].map(([key, value]) => [String(key as Buffer), value]));
    expect(named).toEqual({ __class__: 'numpy.ndarray', nd: true, type: '<i2', kind: Buffer.alloc(0), shape: [2, 2], data: raw });
    expect(sent(array, { write: 'msgpack-numpy' }, 'serpent')).toMatchObject({ dtype: '<i2' });
  });

  it.each<[string, NdArray, unknown]>([
    [
      'ints',
      array,
      [
        [1, 2],
        [3, 4],
      ],
    ],
    ['bytes as ints', NdArray.from(new Uint8Array([1, 2])), [1, 2]],
    ['bools', NdArray.from([true, false]), [true, false]],
    ['int64', NdArray.from([1n, 2n ** 62n]), [1, 2n ** 62n]],
    ['complex numbers', NdArray.from([new PyComplex(1, 2)]), [new PyComplex(1, 2)]],
    ['texts', NdArray.from(['a']), ['a']],
    [
      'times',
      NdArray.from([0n, 1_500n, -(2n ** 63n)], { dtype: 'datetime64[ms]' }),
      ['1970-01-01T00:00:00.000', '1970-01-01T00:00:01.500', 'NaT'],
    ],
    ['durations', NdArray.from([5n], { dtype: 'timedelta64[s]' }), [5]],
    ['no dimensions', NdArray.from(7), 7],
    ['no elements', NdArray.from([[], []]), [[], []]],
  ])('an NdArray is nested lists by option: %s', (_, value, lists) => {
    expect(sent(value, { write: 'list' })).toEqual(lists);
  });

  it('an NdArray is a list of floats by option, also where they are whole', () => {
    const text = (value: unknown) =>
      createSerializers({ arrays: { write: 'list' } })
        .get(SERIALIZER_IDS.serpent)!
        .dumps(value)
        .toString();
    expect(text(NdArray.from([[1, 2]]))).toContain('[[1.0,2.0]]');
    expect(text(NdArray.from(1))).toContain('1.0');
    expect(text(NdArray.from([1, 0.5], { dtype: 'float16' }))).toContain('[1.0,0.5]');
  });

  it('an NdArray names the path to what a serializer does not have', () => {
    const json = createSerializers({ arrays: { write: 'list' } }).get(SERIALIZER_IDS.json)!;
    expect(() => json.dumps({ wave: NdArray.from([new PyComplex(1, 2)]) })).toThrow(
      'value.wave[0]: a complex number cannot be written in json',
    );
  });

  it('an NdArray sends a slice without its gaps', () => {
    expect(sent(array.slice(null, 1), {})).toEqual({
      __class__: 'numpy.ndarray',
      dtype: '<i2',
      shape: [2],
      data: Buffer.from([2, 0, 4, 0]),
    });
  });
});

describe('typed arrays', () => {
  const typed = { floats: new Float64Array([1, 2]), bytes: new Uint8Array([1]) };
  it('typed arrays are lists, as before', () => {
    expect(sent(typed, {})).toEqual({ floats: [1, 2], bytes: Buffer.from([1]) });
  });

  it('typed arrays are arrays by option, but bytes stay bytes', () => {
    const { floats, bytes } = sent(typed, { typedArrays: true }) as Record<string, unknown>;
    expect(floats).toMatchObject({ dtype: '<f8', shape: [2] });
    expect(bytes).toEqual(Buffer.from([1]));
    expect(sent(typed, { typedArrays: true, write: 'list' })).toEqual({ floats: [1, 2], bytes: Buffer.from([1]) });
  });
});

it('the shape is written as a tuple, as NumPy has it', () => {
  const serpent = createSerializers().get(SERIALIZER_IDS.serpent)!;
  expect(serpent.dumps(array).toString()).toContain("'shape':(2,2)");
  expect(createSerializers({ values: 'faithful' }).get(SERIALIZER_IDS.serpent)!.loads(serpent.dumps(array))).toEqual(
    new Map<string, unknown>([
      ['__class__', 'numpy.ndarray'],
      ['dtype', '<i2'],
      ['shape', pyTuple(2, 2)],
      ['data', raw],
    ]),
  );
});
