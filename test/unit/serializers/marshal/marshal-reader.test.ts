import { describe, expect, it } from 'vitest';
import { SerializeError } from '../../../../lib/protocol/errors.js';
import { PyComplex, PyFloat, PyTuple } from '../../../../lib/serpent/index.js';
import { SERIALIZER_IDS } from '../../../../lib/protocol/constants.js';
import { createSerializers } from '../../../../lib/serializers/serializers.js';

const marshal = createSerializers().get(SERIALIZER_IDS.marshal)!;
const faithful = createSerializers({ values: 'faithful' }).get(SERIALIZER_IDS.marshal)!;

/** Bytes of marshal: strings as ASCII, numbers as bytes. */
function bytes(...parts: (string | number | Uint8Array)[]): Buffer {
  return Buffer.concat(
    parts.map((part) => (typeof part === 'number' ? Buffer.from([part]) : typeof part === 'string' ? Buffer.from(part) : part)),
  );
}

function int32(value: number): Buffer {
  const data = Buffer.alloc(4);
  data.writeInt32LE(value);
  return data;
}

const REF = 0x80;
const flagged = (letter: string) => letter.charCodeAt(0) | REF;
const reference = (index: number) => bytes('r', int32(index));

describe('the marshal reader', () => {
  it('marshal: reads floats and complex numbers of versions 0 and 1, which are text', () => {
    expect(marshal.loads(bytes('f', 3, '0.5'))).toBe(0.5);
    expect(marshal.loads(bytes('f', 4, '-inf'))).toBe(-Infinity);
    expect(marshal.loads(bytes('f', 3, 'nan'))).toBeNaN();
    expect(marshal.loads(bytes('x', 1, '1', 5, '2e+20'))).toEqual(new PyComplex(1, 2e20));
  });

  it.each(['', ' 1', '1 ', '0x10', '1_0', 'Infinity', '1e', '١'])('marshal: refuses %j as the text of a float', (text) => {
    expect(() => marshal.loads(bytes('f', Buffer.byteLength(text), text))).toThrow(SerializeError);
  });

  it('marshal: keeps tuples, floats and dicts apart in faithful mode', () => {
    const double = Buffer.alloc(8);
    double.writeDoubleLE(1);
    const read = faithful.loads(bytes(')', 2, 'g', double, '{', '0')) as unknown[];
    expect(read).toBeInstanceOf(PyTuple);
    expect(read[0]).toEqual(new PyFloat(1));
    expect(read[1]).toEqual(new Map());
  });

  it('marshal: reads references as the same value', () => {
    const read = marshal.loads(bytes('[', int32(3), flagged('['), int32(1), 'N', reference(0), reference(0))) as unknown[];
    expect(read).toEqual([[null], [null], [null]]);
    expect(read[1]).toBe(read[0]);
  });

  it('marshal: counts referable values in the order in which they begin', () => {
    const read = marshal.loads(bytes(')', 3, flagged(')'), 1, flagged('z'), 1, 'a', reference(1), reference(0)));
    expect(read).toEqual([['a'], 'a', ['a']]);
  });

  it('marshal: refuses references to nothing, and to the container that holds them', () => {
    expect(() => marshal.loads(reference(0))).toThrow(/points nowhere/);
    expect(() => marshal.loads(reference(-1))).toThrow(/points nowhere/);
    expect(() => marshal.loads(bytes(flagged('['), int32(1), reference(0)))).toThrow(/contains it/);
  });

  it('marshal: refuses few bytes that stand for an endless tree', () => {
    const bomb = [bytes('[', int32(60)), bytes(flagged('['), int32(1), 'N')];
    for (let i = 0; i < 59; i++) bomb.push(bytes(flagged('['), int32(2), reference(i), reference(i)));
    expect(() => marshal.loads(bytes(...bomb))).toThrow(/references stand for more than/);
  });

  it('marshal: counts the nesting of referenced values', () => {
    const deep = [bytes('[', int32(11)), bytes(flagged('['), int32(0))];
    for (let i = 1; i < 10; i++) deep.push(bytes(flagged('['), int32(1), reference(i - 1)));
    deep.push(bytes('N'));
    const data = bytes(...deep);
    expect(marshal.loads(data)).toHaveLength(11);
    const shallow = createSerializers({ maxDepth: 10 }).get(SERIALIZER_IDS.marshal)!;
    expect(() => shallow.loads(data)).toThrow(/more than 10 nested containers \(maxDepth\)/);
  });

  it('marshal: reads many references to one long row', () => {
    const row = bytes(flagged('('), int32(1000), 'N'.repeat(1000));
    const rows = bytes('[', int32(900), row, ...Array.from({ length: 899 }, () => reference(0)));
    expect(marshal.loads(rows)).toHaveLength(900);
  });

  it('marshal: refuses lengths that the rest of the data cannot hold, without allocating them', () => {
    for (const type of ['[', '(', '<', '>', 's', 'u', 'a', 'A', 't']) {
      expect(() => marshal.loads(bytes(type, int32(0x7fffffff)))).toThrow(/goes beyond the end/);
      expect(() => marshal.loads(bytes(type, int32(-1)))).toThrow(/goes beyond the end/);
    }
    expect(() => marshal.loads(bytes('l', int32(100)))).toThrow(/ends in the middle/);
    expect(() => marshal.loads(bytes('l', int32(-0x80000000)))).toThrow(/maxIntDigits/);
  });

  it('marshal: refuses data that ends early or goes on after the value', () => {
    const whole = faithful.dumps([1, 'text', 2.5, { key: new Set([1, 2]) }, Buffer.from('x')]);
    for (let end = 0; end < whole.length; end++) expect(() => marshal.loads(whole.subarray(0, end))).toThrow(SerializeError);
    expect(() => marshal.loads(bytes(whole, 'N'))).toThrow(/1 bytes are left over/);
  });

  it('marshal: refuses type codes that stand for no value', () => {
    expect(() => marshal.loads(bytes('0'))).toThrow(SerializeError);
    expect(() => marshal.loads(bytes('[', int32(1), '0'))).toThrow(SerializeError);
    expect(() => marshal.loads(bytes('{', 'N', '0'))).toThrow(SerializeError);
    for (const type of ['c', 'S', '.', '?', ':', 'R']) expect(() => marshal.loads(bytes(type, int32(0)))).toThrow(/is not read/);
  });

  it('marshal: refuses keys and members that Python cannot hash, references included', () => {
    expect(() => marshal.loads(bytes('{', '[', int32(0), 'N', '0'))).toThrow(/dict key/);
    expect(() => marshal.loads(bytes('<', int32(1), ')', 1, '{', '0'))).toThrow(/member of a set/);
    expect(() => marshal.loads(bytes(')', 2, flagged('['), int32(0), '{', reference(0), 'N', '0'))).toThrow(/dict key/);
    expect(marshal.loads(bytes('{', '>', int32(1), 'N', 'T', '0'))).toEqual(new Map([[new Set([null]), true]]));
  });

  it('marshal: keeps to maxDepth and maxIntDigits', () => {
    const nested = (depth: number) => bytes(...Array.from({ length: depth }, () => bytes(')', 1)), 'N');
    expect(marshal.loads(nested(200))).toBeInstanceOf(Array);
    expect(() => marshal.loads(nested(201))).toThrow(/200 nested containers/);
    expect(marshal.loads(marshal.dumps(10n ** 4300n - 1n))).toBe(10n ** 4300n - 1n);
    const longer = createSerializers({ maxIntDigits: 5000 }).get(SERIALIZER_IDS.marshal)!;
    expect(() => marshal.loads(longer.dumps(10n ** 4300n))).toThrow(/4300 digits \(maxIntDigits\)/);
  });

  it('marshal: refuses malformed ints', () => {
    expect(() => marshal.loads(bytes('l', int32(1), 0xff, 0xff))).toThrow(/15 bits/);
    expect(() => marshal.loads(bytes('l', int32(2), 1, 0, 0, 0))).toThrow(/zero digit/);
  });

  it('marshal: refuses a __proto__ key in natural mode, and reads it in faithful mode', () => {
    const data = bytes('{', 'z', 9, '__proto__', '{', '0', '0');
    expect(() => marshal.loads(data)).toThrow(/__proto__/);
    expect(faithful.loads(data)).toEqual(new Map([['__proto__', new Map()]]));
  });

  it('marshal: reads keys with names of Object.prototype as own members', () => {
    const read = marshal.loads(marshal.dumps(new Map([['toString', 1]]))) as object;
    expect(Object.hasOwn(read, 'toString')).toBe(true);
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
  });

  it('marshal: reads halves of surrogate pairs, and no other bytes that are not UTF-8', () => {
    expect(marshal.loads(bytes('u', int32(3), 0xed, 0xa0, 0xbd))).toBe('\ud83d');
    expect(() => marshal.loads(bytes('u', int32(1), 0xff))).toThrow(SerializeError);
  });

  it('marshal: reads in time proportional to the data', () => {
    const started = process.cpuUsage();
    expect(() => marshal.loads(Buffer.alloc(2_000_000, bytes('[', int32(1))))).toThrow(SerializeError);
    expect(marshal.loads(bytes('[', int32(1_000_000), 'N'.repeat(1_000_000)))).toHaveLength(1_000_000);
    const { user, system } = process.cpuUsage(started);
    expect((user + system) / 1_000).toBeLessThan(3_000);
  });
});
