import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonText, parseJson } from '../../../lib/inspector/values/exact-json.js';
import { valueOfText } from '../../../lib/inspector/values/typed-values.js';

describe('JSON with long ints', () => {
  it.each<[string, unknown]>([
    ['[12345678901234567890, -12345678901234567890]', [12345678901234567890n, -12345678901234567890n]],
    ['{"a": {"b": [9007199254740993]}}', { a: { b: [9007199254740993n] } }],
    [
      '[9007199254740991, 1234567890123456.5, 1234567890123456e3, "1234567890123456789"]',
      [9007199254740991, 1234567890123456.5, 1234567890123456e3, '1234567890123456789'],
    ],
    [
      '{"a\\"]1": "\\\\", "1234567890123456789": [], "b": {}, "c": [true, false, null]}',
      { 'a"]1': '\\', '1234567890123456789': [], b: {}, c: [true, false, null] },
    ],
  ])('%s keeps the digits of its ints', (text, value) => {
    expect(parseJson(text)).toEqual(value);
    expect(valueOfText(text)).toEqual(value);
  });

  it('a JSON text with a long int has the values that JSON.parse reads, and is written back exactly', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = `[${JSON.stringify(value)}, 12345678901234567890]`;
        const read = parseJson(text) as unknown[];
        expect(JSON.stringify(read, (_name, each: unknown) => (typeof each === 'bigint' ? Number(each) : each))).toBe(
          JSON.stringify(JSON.parse(text)),
        );
        expect(parseJson(jsonText(read))).toStrictEqual(read);
      }),
    );
  });

  it('a member __proto__ is a member, as JSON.parse makes it', () => {
    const read = parseJson('{"__proto__": 12345678901234567890}') as object;
    expect([Object.getPrototypeOf(read), Object.entries(read)]).toEqual([
      Object.prototype,
      [['__proto__', 12345678901234567890n]],
    ]);
  });

  it('an argument that is no JSON is a text, however many digits it has', () => {
    expect(valueOfText('[12345678901234567890')).toBe('[12345678901234567890');
    expect(valueOfText('12345678901234567890 mm')).toBe('12345678901234567890 mm');
    expect(valueOfText('12345678901234567890')).toBe(12345678901234567890n);
    // no JSON: a number of JSON has no leading zeros. So a token of digits stays as it is
    expect([valueOfText('0042'), valueOfText('-007'), valueOfText('00000000000000000042')]).toEqual([
      '0042',
      '-007',
      '00000000000000000042',
    ]);
  });
});
