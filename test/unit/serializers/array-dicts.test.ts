import { describe, expect, it } from 'vitest';
import { NdArray } from '../../../lib/arrays/nd-array.js';
import { writeNpyHeader } from '../../../lib/arrays/npy.js';
import { limitOf } from '../../../lib/protocol/over-limit.js';
import { PyComplex } from '../../../lib/serpent/index.js';
import { UnreadableError } from '../../../lib/serializers/contract/unreadable-error.js';
import { ClassRegistry } from '../../../lib/serializers/contract/class-registry.js';
import { SERIALIZER_IDS } from '../../../lib/protocol/constants.js';
import type { SerializerName } from '../../../lib/serializers/contract/serializer.js';
import { createSerializers } from '../../../lib/serializers/serializers.js';

const NAMES = Object.keys(SERIALIZER_IDS) as SerializerName[];
const natural = createSerializers();
const marshal = natural.get(SERIALIZER_IDS.marshal)!;
const msgpack = natural.get(SERIALIZER_IDS.msgpack)!;

/** A dict as a peer sends it, read again. */
function received(
  dict: unknown,
  name: SerializerName = 'marshal',
  options: Parameters<typeof createSerializers>[0] = {},
): unknown {
  const serializer = createSerializers(options).get(SERIALIZER_IDS[name])!;
  return serializer.loads(natural.get(SERIALIZER_IDS[name])!.dumps(dict));
}

const parts = { __class__: 'numpy.ndarray', dtype: '<f4', shape: [2], data: Buffer.from(new Float32Array([1, 2]).buffer) };
const npy = (descr: string, shape: string, data = Buffer.alloc(0)): Buffer => {
  const header = writeNpyHeader('<f4', false, []);
  const text = `{'descr': ${descr}, 'fortran_order': False, 'shape': ${shape}, }`;
  const file = Buffer.alloc(10 + text.length);
  header.copy(file, 0, 0, 8);
  file.writeUInt16LE(text.length, 8);
  file.write(text, 10);
  return Buffer.concat([file, data]);
};

describe.each(NAMES)('in %s', (name) => {
  const text = Buffer.from(new Float32Array([1, 2]).buffer).toString('base64');

  it.each<[string, unknown]>([
    ['base64 text', { ...parts, data: text }],
    ['lists', { ...parts, data: [1, 2] }],
    ['lists without a shape', { __class__: 'ndarray', dtype: 'float32', data: [1, 2] }],
    ['a dict without a class', { dtype: 'float32', shape: [2], data: text }],
    ['__ndarray__', { __ndarray__: [1, 2], dtype: 'float32' }],
    ['__ndarray__ with base64 text', { __ndarray__: text, dtype: 'float32', shape: [2] }],
    ['msgpack-numpy with texts as keys', { nd: true, type: '<f4', kind: '', shape: [2], data: text }],
  ])('a serializer reads an array as %s, also inside of other values', (_, dict) => {
    const [first, { inner }] = received([dict, { inner: dict }], name) as [NdArray, { inner: NdArray }];
    for (const array of [first, inner]) {
      expect(array).toBeInstanceOf(NdArray);
      expect([array.dtype, array.toNested()]).toEqual(['float32', [1, 2]]);
    }
  });

  it('a serializer reads the scalars of NumPy as values', () => {
    const scalar = (type: string, value: unknown) => received({ __class__: `numpy.${type}`, value }, name);
    expect([scalar('float64', 1.5), scalar('int64', 3), scalar('bool_', true), scalar('str_', 'x')]).toEqual([1.5, 3, true, 'x']);
    expect(() => scalar('float64', 'x')).toThrow('the value of a numpy.float64 is none');
  });

  it('a serializer reads many arrays of one message, the same members in turn', () => {
    const value = Array.from({ length: 20 }, () => ({ dtype: 'float32', shape: [2], data: text }));
    for (let round = 0; round < 3; round++) {
      expect((received(value, name) as unknown[]).every((item) => item instanceof NdArray)).toBe(true);
    }
  });

  it('a serializer leaves other dicts with such members alone', () => {
    const others = [
      { dtype: 'float32' },
      { dtype: 'a brand', shape: [2], data: 'x' },
      { dtype: 'float32', shape: [1], data: text, owner: 'me' },
      { nd: 'x', data: 'y' },
      { shape: [2], data: text },
    ];
    expect(received(others, name)).toEqual(others);
  });

  it('a serializer keeps the dicts in faithful mode, so that a gateway passes them on', () => {
    const faithful = createSerializers({ values: 'faithful' }).get(SERIALIZER_IDS[name])!;
    const plain = natural.get(SERIALIZER_IDS[name])!;
    for (const dict of [
      { ...parts, data: [1, 2] },
      { __class__: 'numpy.float64', value: 1.5 },
      { dtype: '<f4', shape: [1], data: text },
    ]) {
      const wire = plain.dumps([dict]);
      const value = faithful.loads(wire) as unknown[];
      expect(value[0]).toBeInstanceOf(Map);
      expect(faithful.loads(faithful.dumps(value))).toEqual(value);
    }
  });

  it('a serializer lets a converter of the application win', () => {
    const classes = new ClassRegistry();
    class Own {}
    classes.registerClass(Own, { name: 'numpy.ndarray', fromDict: () => new Own() });
    expect(received({ ...parts, data: [1, 2] }, name, { classes })).toBeInstanceOf(Own);
  });

  it('a serializer reads no arrays with `arrays: { read: false }`', () => {
    const options = { arrays: { read: false } };
    expect(received({ dtype: '<f4', shape: [2], data: text }, name, options)).toEqual({ dtype: '<f4', shape: [2], data: text });
    expect(() => received({ ...parts, data: text }, name, options)).toThrow('unsupported serialized class: numpy.ndarray');
  });

  it('a serializer leaves the dicts of a handshake alone', () => {
    const dict = { ...parts, data: text };
    const serializer = natural.get(SERIALIZER_IDS[name])!;
    expect(serializer.loads(serializer.dumps(dict), { plain: true })).toEqual(dict);
  });
});

describe('a dict that only looks like an array', () => {
  it('a dict with the keys of msgpack-numpy, but without a dtype, stays a dict', () => {
    for (const dict of [
      { nd: true, type: 'sensor', data: 'x' },
      { nd: false, type: 'sensor', data: 'x', unit: 'V' },
    ])
      expect(received(dict)).toEqual(dict);
  });

  it('the error about a dict without a class names the option that lets the dict pass', () => {
    const dict = { dtype: 'float', shape: [], data: 'path' };
    expect(() => received(dict)).toThrow('if the dict is no array, the option arrays: { read: false } lets it pass');
    expect(received(dict, 'marshal', { arrays: { read: false } })).toEqual(dict);
  });
});

describe('msgpack-numpy', () => {
  const key = (text: string) => Buffer.from(text);
  it('msgpack-numpy is read with bytes as keys', () => {
    const dict = new Map<unknown, unknown>([
      [key('nd'), true],
      [
        key('type'),
        [
          ['a', '<i2'],
          ['b', '<f4', [2]],
        ],
      ],
      [key('kind'), key('V')],
      [key('shape'), [1]],
      [key('data'), Buffer.from([1, 0, 0, 0, 128, 63, 0, 0, 0, 64])],
    ]);
    expect((msgpack.loads(msgpack.dumps(dict)) as NdArray).toNested()).toEqual([{ a: 1, b: [1, 2] }]);
  });

  it('msgpack-numpy has scalars and complex numbers', () => {
    const scalar = new Map<unknown, unknown>([
      [key('nd'), false],
      [key('type'), '<i8'],
      [key('data'), Buffer.from([5, 0, 0, 0, 0, 0, 0, 0])],
    ]);
    const complex = new Map<unknown, unknown>([
      [key('complex'), true],
      [key('data'), '(1-2.5e-3j)'],
    ]);
    expect(msgpack.loads(msgpack.dumps([scalar, complex]))).toEqual([5n, new PyComplex(1, -2.5e-3)]);
  });

  it.each([
    ['(1+2j)', new PyComplex(1, 2)],
    ['12j', new PyComplex(0, 12)],
    ['-1e5j', new PyComplex(0, -1e5)],
    ['(-inf+nanj)', new PyComplex(-Infinity, NaN)],
    ['(1e-05-0j)', new PyComplex(1e-5, -0)],
    ['12', undefined],
    ['1infj', undefined],
    [`${'1'.repeat(60_000)}j`, undefined],
  ])('the complex number %s of msgpack-numpy is read only as Python prints it, in few characters', (text, value) => {
    const dict = new Map<unknown, unknown>([
      [key('complex'), true],
      [key('data'), key(text)],
    ]);
    expect(msgpack.loads(msgpack.dumps(dict))).toEqual(value ?? dict);
  });

  it('msgpack-numpy with objects is refused', () => {
    const dict = new Map<unknown, unknown>([
      [key('nd'), true],
      [key('type'), '|O'],
      [key('kind'), key('O')],
      [key('shape'), [1]],
      [key('data'), Buffer.from('cos')],
    ]);
    expect(() => msgpack.loads(msgpack.dumps(dict))).toThrow(/pickle.*array.astype/);
  });
});

describe('an array that is refused', () => {
  it.each<[string, unknown, RegExp]>([
    ['pickle', { __class__: 'ndarray', bytes: Buffer.from('\x80\x04\x95') }, /pickle is refused.*numpy\.save.*python numpy/],
    [
      'an npy file of objects',
      { __class__: 'numpy.ndarray', npy: npy("'|O'", '(1,)', Buffer.from('cos\nsystem')) },
      /pickle.*astype/,
    ],
    ['dtype object', { ...parts, dtype: 'object' }, /pickle/],
    ['no data', { __class__: 'numpy.ndarray', dtype: '<f4' }, /neither npy, nor dtype and data/],
    ['too few bytes', { ...parts, shape: [3] }, /8 bytes are no array of shape \(3,\) and dtype float32, which has 12 bytes/],
    ['a shape that overflows', { ...parts, shape: [2 ** 40, 2 ** 40] }, /more elements than can be counted/],
    [
      'a shape that overflows to zero',
      { ...parts, shape: [2 ** 32, 2 ** 32, 0], data: Buffer.alloc(0) },
      /more elements than can be counted/,
    ],
    ['a negative shape', { ...parts, shape: [-1] }, /whole number from 0/],
    ['a shape of other things', { ...parts, shape: ['2'] }, /whole number from 0/],
    ['too many dimensions', { ...parts, shape: Array(65).fill(1) }, /65 dimensions is over 64/],
    [
      'a shape of empty lists',
      { ...parts, shape: [1e9, 0], data: Buffer.alloc(0) },
      /stands for 1000000001 lists; 10000 is the most/,
    ],
    ['elements of no bytes', { ...parts, dtype: 'S0', shape: [1e9], data: Buffer.alloc(0) }, /elements of no bytes/],
    ['an npy file that ends', { __class__: 'numpy.ndarray', npy: npy("'<f4'", '(1,)').subarray(0, 30) }, /ends in its header/],
    [
      'an npy header that is no dict',
      { __class__: 'numpy.ndarray', npy: npy("'<f4'", '(1,)', Buffer.alloc(3)) },
      /3 bytes are no array/,
    ],
    ['an npy header that runs code', { __class__: 'numpy.ndarray', npy: npy('exit()', '(1,)') }, /no Python literal/],
    ['other bytes as npy', { __class__: 'numpy.ndarray', npy: Buffer.from('hello, world') }, /no npy file/],
    [
      'an npy header of megabytes',
      { __class__: 'numpy.ndarray', npy: Buffer.from('\x93NUMPY\x02\x00\xff\xff\xff\x7f     ', 'latin1') },
      /header of 2147483647 bytes is over 16384/,
    ],
    ['ragged lists', { ...parts, shape: undefined, data: [[1], [1, 2]] }, /different lengths/],
    ['an item that the dtype cannot hold', { ...parts, dtype: 'u1', data: [1, 256] }, /256 cannot be an element of dtype uint8/],
    ['an object as its data', { ...parts, data: { a: 1 } }, /1 items do not make the shape/],
  ])('an array with %s is refused', (_, dict, message) => {
    expect(() => received(dict)).toThrow(message);
    expect(() => received(dict)).toThrow(UnreadableError);
  });

  it('an array that takes more memory than a value may is refused before the memory is taken', () => {
    const huge = { __class__: 'numpy.ndarray', dtype: 'S2147483647', data: [Buffer.from('a')] };
    const before = process.memoryUsage().arrayBuffers;
    const error = caught(() => received(huge));
    expect(limitOf(error as Error)).toBe('maxValueBytes');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 30);
    const halves = { ...parts, dtype: '<f2', shape: [1_000_000], data: Buffer.alloc(2_000_000) };
    expect(received(halves, 'marshal', { maxValueBytes: 7_000_000 })).toBeInstanceOf(NdArray);
    expect(() => received(halves, 'marshal', { maxValueBytes: 5_000_000 })).toThrow('maxValueBytes is 5000000');
  });

  it('a refused array names the argument of the call', () => {
    const call = { objectId: 'o', method: 'mean', args: [1, { ...parts, shape: [3] }], kwargs: {} };
    expect(() => marshal.loadsCall(marshal.dumpsCall(call))).toThrow('argument 2 of mean cannot be read: 8 bytes are no array');
  });
});

it('an array takes no copy of bytes that are aligned', () => {
  const wire = marshal.dumps({ ...parts, shape: [100_000], data: Buffer.alloc(400_000, 1) });
  const before = process.memoryUsage().arrayBuffers;
  const array = marshal.loads(wire) as NdArray;
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(450_000);
  expect(array.size).toBe(100_000);
});

it('an array has records whose fields look like indices, which take no more memory than others', () => {
  const records = received({ ...parts, dtype: [['1023', 'i1']], shape: [10_000], data: Buffer.alloc(10_000, 7) }) as NdArray;
  const before = process.memoryUsage().heapUsed;
  const lists = records.toNested() as unknown[];
  // 12 KB of each record would be 120 MB
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(40_000_000);
  expect([lists.length, lists[9_999]]).toEqual([10_000, { 1023: 7 }]);
});

it('an array swaps the other byte order, and copies bytes that are not aligned', () => {
  const big = Buffer.from([0, 1, 0, 2]);
  const array = received({ ...parts, dtype: '>u2', shape: [2], data: big }) as NdArray;
  expect([array.dtype, array.data]).toEqual(['uint16', new Uint16Array([1, 2])]);
  const file = Buffer.concat([npy("'<f4'", '(2,)'), Buffer.from(new Float32Array([1, 2]).buffer)]);
  expect((received({ __class__: 'numpy.ndarray', npy: file }) as NdArray).data).toEqual(new Float32Array([1, 2]));
});

function caught(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
