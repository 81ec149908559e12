import { describe, expect, it } from 'vitest';
import { NdArray, PyFloat, SERIALIZER_IDS } from '../../../../lib/core.js';
import type { SerializerName } from '../../../../lib/serializers/contract/serializer.js';
import { createSerializers } from '../../../../lib/serializers/serializers.js';
import { isFloatArray } from '../../../../lib/serpent/values/value-kinds.js';

type FloatArray = new (elements: number[]) => ArrayBufferView & ArrayLike<number>;

const ELEMENTS = [1.5, -2.75, 300.5, 1, Infinity, 0];
/** Node 20 and 22 have no Float16Array. */
const { Float16Array: Half } = globalThis as { Float16Array?: FloatArray };
const TYPES: FloatArray[] = [Float32Array, Float64Array, ...(Half === undefined ? [] : [Half])];

describe.each(TYPES)('a %o', (Type) => {
  it.each(Object.keys(SERIALIZER_IDS) as SerializerName[])(
    'a typed array of floats is written as a list of floats, in %s',
    (name) => {
      const serializer = createSerializers({ values: 'faithful' }).get(SERIALIZER_IDS[name])!;
      const read = serializer.loads(serializer.dumps(new Type(ELEMENTS))) as unknown[];
      expect(read.every((item) => item instanceof PyFloat)).toBe(true);
      expect(read.map(Number)).toEqual(ELEMENTS);
    },
  );

  it('a typed array of floats is an array of NumPy with its own dtype', () => {
    const array = NdArray.from(new Type(ELEMENTS) as Float32Array);
    expect(array.dtype).toBe(Type.name.replace('Array', '').toLowerCase());
    expect([...array]).toEqual(ELEMENTS);
  });
});

it('typed arrays of floats are known whatever they are called', () => {
  class Samples extends Float64Array {
    override get [Symbol.toStringTag]() {
      return 'Samples' as never;
    }
  }
  expect(isFloatArray(new Samples(1))).toBe(true);
  expect(isFloatArray({ [Symbol.toStringTag]: 'Float16Array' } as unknown as ArrayBufferView)).toBe(true);
  for (const Type of [Int8Array, Uint16Array, BigInt64Array]) expect(isFloatArray(new Type(1))).toBe(false);
});
