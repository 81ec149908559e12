import { describe, expect, it, vi } from 'vitest';
import { PyComplex, PyFloat } from '../../../../lib/serpent/index.js';
import { SERIALIZER_IDS } from '../../../../lib/protocol/constants.js';
import { readPlainNumber } from '../../../../lib/serializers/bytes/plain-numbers.js';
import { createSerializers } from '../../../../lib/serializers/serializers.js';

/** Numbers, times and escapes that are read without regular expressions and without texts: they must be what the slow way gives. */
const serializers = createSerializers({ maxIntDigits: 4_300 });
const faithful = createSerializers({ values: 'faithful' });
const read = (name: keyof typeof SERIALIZER_IDS, data: Buffer, all = serializers): unknown =>
  all.get(SERIALIZER_IDS[name])!.loads(data);

const extension = (type: number, data: Buffer): Buffer =>
  Buffer.concat([Buffer.from([0xc8, data.length >> 8, data.length & 0xff, type]), data]);
const numberText = (text: string, all = serializers): unknown => read('msgpack', extension(0x31, Buffer.from(text)), all);

describe('plainNumber', () => {
  it.each(
    // prettier-ignore
    ['0', '-0', '+7', '12', '1.', '1.5', '-1.25', '0.1', '123456789012345', '1.23456789012345', '1e5', '1e+16', '-2.5e-7', '9e22', '9e-22', '123456789012345e22', '00.10'],
  )('readPlainNumber reads %s as Number does', (text) => {
    expect(readPlainNumber(Buffer.from(`x${text}x`), 1, text.length + 1)).toBe(Number(text));
  });

  it.each(
    // prettier-ignore
    ['', '-', '.', '.5', '1e', '1e+', '1e5.', '1.5.5', '1-', 'inf', 'nan', '1_0', '0x1', '1E5', '1e23', '1e-23', '1e222', '1234567890123456', '1j', ' 1', '1 '],
  )('readPlainNumber leaves %j to a slower function', (text) => {
    expect(readPlainNumber(Buffer.from(`5${text}5`), 1, text.length + 1)).toBeNaN();
  });

  it('readPlainNumber reads ints alone when asked to', () => {
    expect(readPlainNumber(Buffer.from('-12'), 0, 3, true)).toBe(-12);
    for (const text of ['1.5', '1.', '1e5']) expect(readPlainNumber(Buffer.from(text), 0, text.length, true)).toBeNaN();
  });
});

describe('numbers of msgpack in texts', () => {
  it.each<[string, unknown]>([
    ['5', 5],
    ['-0', 0],
    ['+12', 12],
    ['123456789012345678901', 123456789012345678901n],
    ['1.5', 1.5],
    ['-0.0', -0],
    ['1e+16', 1e16],
    ['inf', Infinity],
    ['-inf', -Infinity],
    ['nan', NaN],
    ['1j', new PyComplex(0, 1)],
    ['-1.5j', new PyComplex(0, -1.5)],
    ['1-2j', new PyComplex(1, -2)],
    ['(1.5+2e-05j)', new PyComplex(1.5, 2e-5)],
    ['1e-05-2e+20j', new PyComplex(1e-5, -2e20)],
    ['(nan-infj)', new PyComplex(NaN, -Infinity)],
  ])('msgpack: reads the number %s', (text, value) => {
    expect(numberText(text)).toStrictEqual(value);
  });

  it.each(['', '-', 'j', '1+j', '1++2j', '1.5.5', '1e', '--1', '1jj', '1 j'])('msgpack: refuses %j as a number', (text) => {
    expect(() => numberText(text)).toThrow('bad data of msgpack ext code 49');
  });

  it('msgpack: a float in a text stays a float in faithful mode, an int an int', () => {
    expect(numberText('2.0', faithful)).toStrictEqual(new PyFloat(2));
    expect(numberText('2', faithful)).toBe(2);
  });

  it('msgpack: an int in a text has at most maxIntDigits', () => {
    const strict = createSerializers({ maxIntDigits: 640 });
    expect(() => numberText('1'.repeat(641), strict)).toThrow('more than 640 digits (maxIntDigits)');
    expect(numberText(`-${'1'.repeat(640)}`, strict)).toBe(BigInt(`-${'1'.repeat(640)}`));
  });
});

describe('times of msgpack', () => {
  const LAST_ORDINAL = 3_652_059;
  const ofSeconds = (seconds: number): unknown => {
    const data = Buffer.alloc(8);
    data.writeDoubleLE(seconds);
    return read('msgpack', extension(0x32, data));
  };
  const ofOrdinal = (ordinal: number | bigint): unknown => {
    const data = Buffer.alloc(typeof ordinal === 'bigint' ? 8 : 4);
    const write = { bigint: () => data.writeBigInt64LE(ordinal as bigint), number: () => data.writeInt32LE(ordinal as number) };
    write[typeof ordinal as 'number']();
    return read('msgpack', extension(0x33, data));
  };

  it('msgpack: every day of 9,999 years has the text of the calendar', () => {
    const wrong: number[] = [];
    for (let ordinal = 1; ordinal <= LAST_ORDINAL; ordinal += 13) {
      const text = new Date((ordinal - 719_163) * 86_400_000).toISOString().slice(0, 10);
      if (ofOrdinal(ordinal) !== text) wrong.push(ordinal);
    }
    expect(wrong).toEqual([]);
    expect([1, 60, 306, LAST_ORDINAL].map(ofOrdinal)).toEqual(['0001-01-01', '0001-03-01', '0001-11-02', '9999-12-31']);
    expect([719_163n, BigInt(LAST_ORDINAL)].map(ofOrdinal)).toEqual(['1970-01-01', '9999-12-31']);
    expect(['2000-02-29', '1900-03-01'].map((day) => ofOrdinal(Date.parse(day) / 86_400_000 + 719_163))).toEqual([
      '2000-02-29',
      '1900-03-01',
    ]);
  });

  it.each([0, -1, LAST_ORDINAL + 1, 2n ** 40n, -(2n ** 40n), 0n])('msgpack: the day %s is no day of Python', (ordinal) => {
    expect(() => ofOrdinal(ordinal)).toThrow('a msgpack date is out of range');
  });

  it.each([
    [0, '1970-01-01T00:00:00+00:00'],
    [-0.5, '1969-12-31T23:59:59.500000+00:00'],
    [1_700_000_000.123456, '2023-11-14T22:13:20.123456+00:00'],
    [1_700_000_000.9999998, '2023-11-14T22:13:21+00:00'],
    [-62_135_596_800, '0001-01-01T00:00:00+00:00'],
    [253_402_300_799, '9999-12-31T23:59:59+00:00'],
  ])('msgpack: the time %s is %s', (seconds, text) => {
    expect(ofSeconds(seconds)).toBe(text);
  });
});

describe('longs of marshal', () => {
  const long = (digits: number[], sign = 1): Buffer => {
    const data = Buffer.alloc(5 + 2 * digits.length, 'l');
    data.writeInt32LE(sign * digits.length, 1);
    digits.forEach((digit, index) => data.writeUInt16LE(digit, 5 + 2 * index));
    return data;
  };

  it('marshal: longs of any number of digits are read without loss', () => {
    for (let count = 1; count < 30; count++) {
      for (const fill of [0, 1, 0x1234, 0x7fff]) {
        const digits = Array.from({ length: count }, (_, index) =>
          index === count - 1 ? Math.max(1, fill) : (fill * (index + 1)) & 0x7fff,
        );
        const value = digits.reduceRight((sum, digit) => (sum << 15n) | BigInt(digit), 0n);
        expect(BigInt(read('marshal', long(digits)) as number)).toBe(value);
        expect(BigInt(read('marshal', long(digits, -1)) as number)).toBe(-value);
        expect(typeof read('marshal', long(digits))).toBe(value > 2n ** 53n - 1n ? 'bigint' : 'number');
      }
    }
  });

  it.each([[[0x8000]], [[1, 0x8000, 1]], [[1, 1, 1, 1, 0x8000, 1]]])(
    'marshal: the long %j has a digit of more than 15 bits',
    (digits) => {
      expect(() => read('marshal', long(digits))).toThrow('more than 15 bits');
    },
  );

  it.each([[[0]], [[1, 0]], [[1, 1, 1, 1, 0]]])('marshal: the long %j begins with a zero', (digits) => {
    expect(() => read('marshal', long(digits))).toThrow('begins with a zero digit');
  });
});

describe('writing longs of marshal', () => {
  const write = (value: unknown): Buffer => serializers.get(SERIALIZER_IDS.marshal)!.dumps(value);
  const expected = (value: bigint): Buffer => {
    const digits: number[] = [];
    for (let rest = value < 0n ? -value : value; rest > 0n; rest >>= 15n) digits.push(Number(rest & 0x7fffn));
    const data = Buffer.alloc(5 + 2 * digits.length, 'l');
    data.writeInt32LE(value < 0n ? -digits.length : digits.length, 1);
    digits.forEach((digit, index) => data.writeUInt16LE(digit, 5 + 2 * index));
    return data;
  };
  const isShort = (value: bigint): boolean => BigInt.asIntN(32, value) === value;
  const bigints = Array.from({ length: 200 }, (_, bits) => [-1n, 0n, 1n].map((step) => (1n << BigInt(bits)) + step)).flat();

  it('longs of any number of digits are written as Python writes them', () => {
    for (const value of [...bigints, 10n ** 4_299n, 0x1234_5678_9abc_def0n ** 20n])
      for (const signed of [value, -value].filter((one) => !isShort(one))) expect(write(signed)).toEqual(expected(signed));
  });

  it('bigints of 32 bits are written as numbers', () => {
    const ints = bigints.filter(isShort);
    expect(ints.length).toBeGreaterThan(60);
    for (const value of [...ints, -(2n ** 31n)]) expect(write(value)).toEqual(write(Number(value)));
  });

  it('safe integers of more than 32 bits are written as Python writes them', () => {
    const numbers = bigints.map(Number).filter((value) => Number.isSafeInteger(value) && value > 2 ** 32);
    expect(numbers.length).toBeGreaterThan(50);
    for (const value of [...numbers, 2 ** 31 + 1, 2 ** 32])
      for (const signed of [value, -value]) expect(write(signed)).toEqual(expected(BigInt(signed)));
  });

  it('no bigint is made for the digits of an int: marshal may share one int thousands of times', () => {
    const values = Array.from({ length: 100 }, () => 10n ** 4_000n);
    const made = vi.spyOn(globalThis, 'BigInt');
    const before = write([]).length;
    write(values.slice(0, 1));
    const calls = made.mock.calls.length;
    expect(write(values).length).toBeGreaterThan(before);
    expect(made.mock.calls.length).toBeLessThanOrEqual(calls + 1);
    made.mockRestore();
  });
});

describe('json without regular expressions', () => {
  const json = (text: string, all = serializers): unknown => read('json', Buffer.from(text), all);

  it.each(
    // prettier-ignore
    ['-1', '-0', '0', '-0.0', '1.5', '-1.25', '0.1', '1.23456789012345', '1.2345678901234567', '123456789012345.5', '-12e3', '1.5e3', '9007199254740991'],
  )('json: reads the number %s as JSON.parse does, but for the sign of the int zero', (text) => {
    const value = /^-0$/.test(text) ? 0 : (JSON.parse(text) as number);
    expect(json(`[${text}]`)).toStrictEqual([value]);
    expect(json(`{"a":${text} }`)).toStrictEqual({ a: value });
    expect(json(text)).toBe(value);
  });

  it.each(['[-]', '[-a]', '[1.]', '[1.,2]', '[-.5]', '[.5]', '[01]', '[-01]', '[00.5]', '[1.5.5]', '[--1]', '[1.5a]'])(
    'json: refuses %s',
    (text) => {
      expect(() => json(text)).toThrow('bad json data');
    },
  );

  it('json: floats of few digits stay floats in faithful mode', () => {
    expect(json('[2.0, 2, -2.50]', faithful)).toEqual([new PyFloat(2), 2, new PyFloat(-2.5)]);
  });

  it.each(
    // prettier-ignore
    [String.raw`\n`, String.raw`\"\\\/`, String.raw`a\tb`, String.raw`\u0041`, String.raw`\u00e9x`, String.raw`\ud83d\ude00`, String.raw`\ud83d`, String.raw`é\n`, String.raw`\né`, String.raw`0123456789\n`, String.raw`01234567890\n`, String.raw`\b\f\r\n\t`, String.raw`\u20AC`],
  )('json: reads the escapes in "%s" as JSON.parse does', (inside) => {
    expect(json(`"${inside}"`)).toBe(JSON.parse(`"${inside}"`));
    expect(json(`{"${inside}":1}`)).toEqual({ [JSON.parse(`"${inside}"`) as string]: 1 });
  });

  it.each([String.raw`\x`, String.raw`\u12`, String.raw`\u12g4`, String.raw`\N`, '\\', '\\\n'])(
    'json: refuses the escape in "%s"',
    (inside) => {
      expect(() => json(`"${inside}"`)).toThrow('bad json data');
    },
  );
});
