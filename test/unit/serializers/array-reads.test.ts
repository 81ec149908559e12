import { describe, expect, it } from 'vitest';
import { looksLikeDType } from '../../../lib/arrays/dtype-reader.js';
import type { NdArray } from '../../../lib/arrays/nd-array.js';
import { spendOf } from '../../../lib/arrays/memory.js';
import { SERIALIZER_IDS } from '../../../lib/protocol/constants.js';
import { ValueBudget } from '../../../lib/serializers/contract/value-budget.js';
import { arrayOfClass, arrayOfDict } from '../../../lib/serializers/objects/array-dicts.js';
import { ArrayReads } from '../../../lib/serializers/objects/array-reads.js';
import { createSerializers } from '../../../lib/serializers/serializers.js';

const LIMIT = 16 * 1024 * 1024;
const marshal = createSerializers({ maxValueBytes: LIMIT }).get(SERIALIZER_IDS.marshal)!;

function readsThatCount(): { reads: ArrayReads; spent: () => number } {
  let spent = 0;
  const reads = new ArrayReads((bytes) => {
    spent += bytes;
    if (spent > LIMIT) throw new RangeError('too many bytes');
  });
  return { reads, spent: () => spent };
}

/** Bytes that nobody may make a text of. */
function unreadable(length: number): Uint8Array {
  return new Proxy(new Uint8Array(length), {
    get: (bytes, key) => {
      if (key !== 'length' && typeof key === 'string' && !/^[01]$/.test(key)) throw new Error(`${key} of long bytes was read`);
      return Reflect.get(bytes, key, bytes) as unknown;
    },
  });
}

function npyOf(header: string): Buffer {
  const npy = Buffer.concat([Buffer.from('\x93NUMPY\x01\0  ', 'latin1'), Buffer.from(header)]);
  npy.writeUInt16LE(header.length, 8);
  return npy;
}

const fieldsOf = (count: number, type: string) => Array.from({ length: count }, (_, index) => [`f${index}`, type]);
const textOf = (count: number, type: string) =>
  `[${fieldsOf(count, type)
    .map(([name]) => `('${name}', '${type}')`)
    .join(', ')}]`;

describe('dicts that share members, as those of marshal can', () => {
  it.each<[string, unknown]>([
    ['text', textOf(500, 'i1')],
    ['list', fieldsOf(500, 'i1')],
  ])('dicts that share members share the dtype of the same %s, and spend its description each', (_, dtype) => {
    const { reads, spent } = readsThatCount();
    const read = () => arrayOfDict({ dtype, shape: [0], data: '' }, reads) as NdArray;
    const first = read();
    const before = spent();
    expect(read().layout.dtype).toBe(first.layout.dtype);
    expect(spent() - before).toBeGreaterThan(first.dtype.length);
    expect(spent() - before).toBeLessThan(2 * first.dtype.length);
    expect(() => Array.from({ length: 3_000 }, read)).toThrow('too many bytes');
  });

  it('dicts that share members read another dtype for each other text, however many there are', () => {
    const { reads } = readsThatCount();
    for (let length = 1; length < 300; length++) {
      expect((arrayOfDict({ dtype: `S${length}`, shape: [0], data: '' }, reads) as NdArray).dtype).toBe(`S${length}`);
    }
  });

  it('dicts that share members spend the items of lists in lists before they are visited', () => {
    const { reads } = readsThatCount();
    let data: unknown = 1;
    for (let depth = 0; depth < 5; depth++) data = Array(1_000).fill(data);
    expect(() => arrayOfDict({ dtype: 'f4', shape: [1], data }, reads)).toThrow('too many bytes');
  });

  it('dicts that share members spend the header of an npy file each', () => {
    const { reads, spent } = readsThatCount();
    const header = `{'descr':'|i1','fortran_order':False,'shape':(0,),'x':[${'[],'.repeat(5_000)}]}`;
    const npy = npyOf(header);
    const read = (): unknown => arrayOfClass('numpy.ndarray', { npy }, reads);
    read();
    expect(spent()).toBeGreaterThan(4 * header.length);
    expect(() => Array.from({ length: 1_000 }, read)).toThrow('too many bytes');
  });

  it('npy headers that are short are read once, and spent once', () => {
    const { reads, spent } = readsThatCount();
    const npy = npyOf("{'descr':'|i1','fortran_order':False,'shape':(0,)}");
    const read = (): unknown => arrayOfClass('numpy.ndarray', { npy }, reads);
    read();
    const first = spent();
    Array.from({ length: 100 }, read);
    expect((spent() - first) / 100).toBeLessThan(first / 2);
  });

  it('npy headers are spent with 32 bytes for each character, which they take while they are read', () => {
    const { reads, spent } = readsThatCount();
    const header = `{'descr':'|i1','fortran_order':False,'shape':(0,),'x':[${'[],'.repeat(3_000)}]}`;
    arrayOfClass('numpy.ndarray', { npy: npyOf(header) }, reads);
    expect(spent()).toBeGreaterThan(32 * header.length);
  });

  it('npy headers and texts of dtypes share the limit on colliding keys with their message', () => {
    const keys = Array.from({ length: 700 }, (_, index) => `0x${((BigInt(index + 1) << 64n) | 5n).toString(16)}`);
    const header = `{'descr':'|i1','fortran_order':False,'shape':(0,),'x':{${keys.join(',')}}}`;
    const budget = new ValueBudget(2 ** 40);
    const reads = new ArrayReads(spendOf(budget, () => undefined));
    const read = (): unknown => arrayOfClass('numpy.ndarray', { npy: npyOf(header) }, reads);
    let count = 0;
    expect(() => {
      for (; count < 100; count++) read();
    }).toThrow('keys that collide so often that they were made for it');
    expect(count).toBeLessThan(30);
    expect(() => reads.dtype(`[{${keys.join(',')}}]`)).toThrow('keys that collide');
    // the reader of a message has the same account
    expect(budget.collisions).toBeDefined();
    const call = marshal.dumps([new Set(Array.from({ length: 200 }, (_, index) => (BigInt(index + 1) << 64n) | 5n))]);
    expect(() => marshal.loads(call, { budget })).toThrow('keys collide so often');
    expect(marshal.loads(call)).toHaveLength(1);
  });

  it('dicts that share members are not searched for names in long bytes', () => {
    const { reads } = readsThatCount();
    const name = unreadable(30);
    expect(arrayOfDict(new Map([[name, 1]]).set(unreadable(30), 2), reads)).toBeUndefined();
    expect(looksLikeDType(unreadable(1_000))).toBe(false);
  });

  it('dicts that share members are not searched for a dtype in long texts and lists', () => {
    expect(looksLikeDType(`object${'0'.repeat(100)}`)).toBe(false);
    const many: unknown[] = Array.from({ length: 10_000 }, () => []);
    let visited = 0;
    const counted = new Proxy(many, {
      get: (target, key) => {
        visited++;
        return Reflect.get(target, key) as unknown;
      },
    });
    expect(looksLikeDType(counted)).toBe(true);
    expect(visited).toBeLessThan(2_000);
  });
});

describe('the memory that nested lists of an array take later', () => {
  it.each<[string, object]>([
    ['fields without bytes', { dtype: fieldsOf(900, 'S0'), shape: [10_000], data: '' }],
    [
      'fields without bytes next to one byte',
      { dtype: [...fieldsOf(9, 'S0'), ['x', 'i1']], shape: [10_000], data: Buffer.alloc(10_000) },
    ],
    [
      'fields of many dimensions',
      {
        dtype: [
          ['x', 'i1', Array(60).fill(1)],
          ['y', 'i1'],
        ],
        shape: [10_000],
        data: Buffer.alloc(20_000),
      },
    ],
    ['many dimensions of one', { dtype: 'i1', shape: [10_000, ...Array<number>(60).fill(1)], data: Buffer.alloc(10_000) }],
  ])('the memory that nested lists of an array take later is spent when the array is read: %s', (_, dict) => {
    expect(() => marshal.loads(marshal.dumps(dict))).toThrow(`maxValueBytes is ${LIMIT}`);
  });

  it('the memory that nested lists take later is spent for the empty lists of all arrays together', () => {
    const dicts = (count: number) => Array.from({ length: count }, () => ({ dtype: 'f4', shape: [9_999, 0], data: '' }));
    expect(marshal.loads(marshal.dumps(dicts(2)))).toHaveLength(2);
    expect(() => marshal.loads(marshal.dumps(dicts(20)))).toThrow(`maxValueBytes is ${LIMIT}`);
  });

  it.each([[[1_000_000, 0]], [[...Array<number>(60).fill(1), 10_000, 0]], [[200, ...Array<number>(60).fill(1), 0]]])(
    'the memory that nested lists take later is limited for the array without elements of shape %j',
    (shape) => {
      expect(() => marshal.loads(marshal.dumps({ dtype: 'f4', shape, data: '' }))).toThrow(
        /stands for \d+ lists; 10000 is the most/,
      );
    },
  );

  it('the memory that nested lists take later is not spent for records of ordinary fields', () => {
    const dict = { dtype: [...fieldsOf(9, 'S0'), ['x', 'i1']], shape: [10], data: Buffer.alloc(10) };
    const records = (marshal.loads(marshal.dumps(dict)) as NdArray).toNested() as object[];
    expect([records.length, Object.keys(records[0]!).length]).toEqual([10, 10]);
    const plain = { dtype: fieldsOf(10, 'f8'), shape: [10_000], data: Buffer.alloc(800_000) };
    expect((marshal.loads(marshal.dumps(plain)) as NdArray).size).toBe(10_000);
  });
});
