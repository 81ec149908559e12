import { describe, expect, it } from 'vitest';
import { descrLiteral } from '../../../lib/arrays/dtype.js';
import { dtypeOf } from '../../../lib/arrays/dtype-reader.js';

describe('dtypeOf', () => {
  it.each([
    ['<f4', 'float32', '<f4'],
    ['float32', 'float32', '<f4'],
    ['=i8', 'int64', '<i8'],
    ['|b1', 'bool', '|b1'],
    ['?', 'bool', '|b1'],
    ['bool_', 'bool', '|b1'],
    ['double', 'float64', '<f8'],
    ['>u2', 'uint16', '>u2'],
    ['complex64', 'complex64', '<c8'],
    ['<M8[ns]', 'datetime64[ns]', '<M8[ns]'],
    ['datetime64[25s]', 'datetime64[25s]', '<M8[25s]'],
    ['m8', 'timedelta64', '<m8'],
    ['|S5', 'S5', '|S5'],
    ['<U3', 'U3', '<U3'],
    ['str96', 'U3', '<U3'],
    ['bytes24', 'S3', '|S3'],
    ['V4', 'V4', '|V4'],
  ])('dtypeOf reads %s', (text, name, numpyText) => {
    const dtype = dtypeOf(text);
    expect([dtype.name, dtype.text]).toEqual([name, numpyText]);
  });

  it('dtypeOf reads the fields of a structured dtype, as lists, as a dict, and as text of both', () => {
    const text = "[('a', '<i4'), ('b', '>f8', (2,)), ('c', [('d', '|S3')])]";
    const dtype = dtypeOf(text);
    expect(descrLiteral(dtype.descr)).toBe(text);
    expect(dtype.itemBytes).toBe(23);
    expect(
      dtypeOf([
        ['a', '<i4'],
        ['b', '>f8', [2]],
        ['c', [['d', '|S3']]],
      ]).name,
    ).toBe(text);
    const padded = "{'names': ['a', 'b'], 'formats': ['i1', '<f8'], 'offsets': [0, 8], 'itemsize': 16, 'aligned': True}";
    expect(dtypeOf(padded).name).toBe("[('a', '|i1'), ('', '|V7'), ('b', '<f8')]");
    expect(dtypeOf(dtypeOf(padded).name).itemBytes).toBe(16);
  });

  it('dtypeOf keeps the titles of fields', () => {
    const text = "[(('mass (kg)', 'm'), '<f4'), ('', '|V4'), ('n', '<i8', (2,))]";
    const dtype = dtypeOf(text);
    expect(dtype.fields.map(({ name, title }) => [name, title])).toEqual([
      ['m', 'mass (kg)'],
      ['n', undefined],
    ]);
    expect(dtype.name).toBe(text);
    expect(
      dtypeOf([
        [['mass (kg)', 'm'], '<f4'],
        ['', 'V4'],
        ['n', '<i8', [2]],
      ]).name,
    ).toBe(text);
    const columns = "{'names': ['m', 'n'], 'formats': ['<f4', ('<i8', (2,))], 'offsets': [0, 8], 'titles': ['mass (kg)', None]}";
    expect(dtypeOf(columns).name).toBe(text);
  });

  it.each<[string, unknown, RegExp]>([
    ['objects', '|O', /pickle.*astype/],
    ['objects in a field', [['a', 'O']], /pickle/],
    ['a long double', '<f16', /astype\("float64"\)/],
    ['an unknown name', 'quaternion', /dtype "quaternion" is not read/],
    ['an element of more bytes than NumPy has', 'S4294967295', /2147483647 is the most/],
    [
      'fields that are too large together',
      [
        ['a', 'V2147483647'],
        ['b', 'V2147483647'],
      ],
      /2147483647 is the most/,
    ],
    ['a field of too large a shape', [['a', '<f8', [65_536, 65_536]]], /2147483647 is the most/],
    ['a shape of a field that overflows', [['a', '<f8', [2 ** 40, 2 ** 40]]], /more elements than can be counted/],
    ['too many elements of no bytes', [['a', 'S0', [1e9]]], /elements of no bytes/],
    ['a field of lists without elements', [['a', '<f8', [1e3, 0]]], /no elements/],
    [
      'a name twice',
      [
        ['a', 'i1'],
        ['a', 'i1'],
      ],
      /same name/,
    ],
    [
      'a title that is the name of another field',
      [
        [['b', 'a'], 'i1'],
        ['b', 'i1'],
      ],
      /same name or title/,
    ],
    ['a title that is no text', [[[7, 'a'], 'i1']], /"7" cannot be the title of a field/],
    ['titles of other fields', { names: ['a'], formats: ['i1'], titles: [] }, /titles without names/],
    ['__proto__ as a field', [['__proto__', 'i1']], /cannot be the name/],
    ['too many fields', Array.from({ length: 1_001 }, (_, index) => [`f${index}`, 'i1']), /more than 1000 fields/],
    ['text that runs code', "__import__('os').system('true')", /is not read/],
    ['a list that runs code', "[('a', __import__('os'))]", /no Python literal/],
    ['an offset after the itemsize', { names: ['a'], formats: ['f8'], offsets: [100], itemsize: 8 }, /itemsize/],
    ['fields that lie over each other', { names: ['a', 'b'], formats: ['f8', 'f8'], offsets: [0, 4] }, /over each other/],
    [
      'three fields of which two lie over each other',
      { names: ['a', 'b', 'c'], formats: ['f4', 'f4', 'f4'], offsets: [0, 0, 12] },
      /over each other/,
    ],
    ['a name of many characters', [['a'.repeat(16_385), 'i1']], /names of a dtype have 16385 characters or more, over 16384/],
    [
      'fields whose text is long',
      Array.from({ length: 1_000 }, (_, index) => [`field-${index}`, '<f8']),
      /a dtype of \d+ characters is over 16384/,
    ],
    ['a long text', `[('a', 'i1')${' '.repeat(16_384)}]`, /a dtype of 16397 characters is over 16384/],
    ['nothing', null, /is not read/],
  ])('dtypeOf refuses %s', (_, given, message) => {
    expect(() => dtypeOf(given)).toThrow(message);
  });

  it('dtypeOf refuses structured dtypes that are nested without end', () => {
    let nested: unknown = 'i1';
    for (let depth = 0; depth < 100; depth++) nested = [['a', nested]];
    expect(() => dtypeOf(nested)).toThrow('more than 32 structured dtypes');
    expect(() => dtypeOf(`${"[('a', ".repeat(60)}'i1'${')]'.repeat(60)}`)).toThrow(/more than 32|nested/);
  });

  it('dtypeOf reads fields in any order, and fields without bytes, and describes them again as they were', () => {
    const dtype = dtypeOf({ names: ['c', 'a', 'b'], formats: ['f4', 'S0', 'f4'], offsets: [4, 0, 0] });
    expect(dtypeOf(dtype.name).name).toBe(dtype.name);
    expect(dtype.itemBytes).toBe(8);
  });

  it('dtypeOf tells the bytes that a description takes, before they are taken', () => {
    const spent = { bytes: 0 };
    const spend = (bytes: number) => {
      spent.bytes += bytes;
      if (spent.bytes > 10_000) throw new RangeError('too many');
    };
    const fields = (count: number) => Array.from({ length: count }, (_, index) => [`f${index}`, 'i1']);
    expect(() => dtypeOf(fields(1_000), spend)).toThrow('too many');
    spent.bytes = 0;
    expect(() => dtypeOf(descrLiteral(dtypeOf(fields(100)).descr), spend)).toThrow('too many');
    spent.bytes = 0;
    expect(dtypeOf(fields(10), spend).fields).toHaveLength(10);
  });

  it('dtypeOf refuses a bomb of shapes in shapes', () => {
    let nested: unknown = '<f8';
    for (let depth = 0; depth < 8; depth++) nested = [['a', nested, [255]]];
    expect(() => dtypeOf(nested)).toThrow('is the most');
  });
});
