import { describe, expect, it, vi } from 'vitest';
import { loads, parse, PyComplex, PyFloat, pyTuple, SerpentError, type LoadsOptions } from '../../../lib/serpent/index.js';

function errorOf(data: Uint8Array | string, options?: LoadsOptions): SerpentError {
  try {
    loads(data, options);
  } catch (error) {
    if (error instanceof SerpentError) return error;
    throw error;
  }
  throw new Error('was not refused');
}

describe('natural values', () => {
  it('serpent: reads constants, numbers and strings', () => {
    expect(loads('[None, True, False, 1, -2, 1.5, \'a\', "b"]')).toEqual([null, true, false, 1, -2, 1.5, 'a', 'b']);
  });

  it('serpent: reads ints as numbers while they are safe integers, else as bigint', () => {
    expect(loads('[9007199254740991, 9007199254740992, -9007199254740991]')).toEqual([
      9007199254740991,
      9007199254740992n,
      -9007199254740991,
    ]);
  });

  it('serpent: keeps the sign of a float zero, and reads an int -0 as 0', () => {
    expect(loads('-0.0')).toBe(-0);
    expect(loads('-0')).toBe(0);
  });

  it('serpent: rounds every float as JavaScript and Python do', () => {
    for (const text of [
      '0.1',
      '123456.789',
      '9007199254740993.0',
      '1e22',
      '1e23',
      '5e-324',
      '2.2250738585072011e-308',
      '0.30000000000000004',
    ]) {
      expect(loads(text)).toBe(Number(text));
    }
  });

  it('serpent: reads a dict with str keys as a plain object, and the empty dict too', () => {
    expect(loads("{'a': {}, 'b': {'c': 1}}")).toStrictEqual({ a: {}, b: { c: 1 } });
  });

  it('serpent: reads a dict with any other key as a Map, in the order of the text', () => {
    expect([...(loads("{'b': 1, '7': 2, 'a': 3, '7': 4, None: {'z': 5}}") as Map<unknown, unknown>)]).toStrictEqual([
      ['b', 1],
      ['7', 4],
      ['a', 3],
      [null, { z: 5 }],
    ]);
    expect(loads("{'a': 1, 2: 'b', (3, 'c'): None}")).toStrictEqual(
      new Map<unknown, unknown>([
        ['a', 1],
        [2, 'b'],
        [[3, 'c'], null],
      ]),
    );
  });

  it('serpent: merges keys that are equal in Python: the first key, the last value', () => {
    expect(loads('{1: "a", 1.0: "b", True: "c"}')).toStrictEqual(new Map([[1, 'c']]));
    expect(loads('{True: "a", 1: "b"}')).toStrictEqual(new Map([[true, 'b']]));
    expect(loads('{(1, 2): "a", (1.0, 2): "b"}')).toStrictEqual(new Map([[[1, 2], 'b']]));
    expect(loads('{b"x": "a", b"x": "b", 2+0j: 1, 2: 2, 1e300: 3}')).toStrictEqual(
      new Map<unknown, unknown>([
        [Buffer.from('x'), 'b'],
        [new PyComplex(2, 0), 2],
        [1e300, 3],
      ]),
    );
    expect(loads('{1, True, 1.0, 0, False}')).toStrictEqual(new Set([1, 0]));
    expect(loads("{'a': 1, 'a': 2}")).toStrictEqual({ a: 2 });
  });

  it('serpent: keys are equal in Python whatever the number of keys before them', () => {
    const keys = [
      '1',
      'True',
      '1.0',
      '1+0j',
      '0',
      '-0.0',
      'None',
      "'1'",
      '1j',
      '1.5j',
      '()',
      '((),)',
      '(1,)',
      '(True,)',
      "('1',)",
    ];
    keys.push('(1, 2j)', '(1.0, 2j)', "b''", "b'1'", "b'\\x31'", "(b'1',)", '9007199254740993', '9007199254740992.0', '1e300');
    const others = Array.from({ length: 20 }, (_, index) => `(${index}, 'other')`);
    for (const values of ['natural', 'faithful'] as const) {
      const sizeOf = (members: string[]): number => (loads(`{${members.join()}}`, { values }) as Set<unknown>).size;
      for (const one of keys) {
        for (const other of keys) {
          const pair = [one, other];
          expect(sizeOf([...others, ...pair]), pair.join()).toBe(others.length + sizeOf(pair));
          const dict = loads(`{${[...others, ...pair].map((key) => `${key}: 0`).join()}}`, { values }) as Map<unknown, unknown>;
          expect(dict.size, pair.join()).toBe(others.length + sizeOf(pair));
        }
      }
    }
  });

  it('serpent: keys, of whatever type and number, are compared without texts and without bigints', () => {
    const text = vi.spyOn(Buffer.prototype, 'toString');
    const bigint = vi.spyOn(globalThis, 'BigInt');
    try {
      loads("[{b'a'}, {b'a', b'b'}, {b'a': 1, 'a': 2}, {(b'a', 1): 1, (b'b', 1): 2}, {1j, 2j, True}, 1_000, 0x_ff, 0b1, 00]");
      loads(`{${Array.from({ length: 20 }, (_, index) => `b'${index}', (1e308, ${index}j), ${index}e300`).join()}}`);
      expect(text).not.toHaveBeenCalled();
      expect(bigint).not.toHaveBeenCalled();
      loads('np.float64(nan)');
      expect(text).toHaveBeenCalled();
      loads('0xffffffffffffffff');
      expect(bigint).toHaveBeenCalled();
    } finally {
      text.mockRestore();
      bigint.mockRestore();
    }
  });

  it('serpent: the memory that comparing keys takes counts while a table is read, and no longer', () => {
    const tuples = Array.from({ length: 2_000 }, (_, index) => `(${index}, 'of a table')`);
    for (const text of [`{${tuples.join()}}`, `{${tuples.map((tuple) => `${tuple}: 0`).join()}}`]) {
      const spentIn = (maxValueBytes: number): number => {
        const budget = { spentBytes: 0, limitBytes: maxValueBytes };
        parse(text, { budget });
        return budget.spentBytes;
      };
      const spentBytes = spentIn(Infinity);
      expect(errorOf(text, { maxValueBytes: spentBytes + 50_000 }).code).toBe('TOO_COSTLY');
      expect(spentIn(spentBytes * 2)).toBe(spentBytes);
    }
    const few = '[{(1,), (2,)}, {1j: 1, 2j: 2}]';
    const budget = { spentBytes: 0, limitBytes: Infinity };
    parse(few, { budget });
    expect(() => loads(few, { maxValueBytes: budget.spentBytes })).not.toThrow();
  });

  it('serpent: digits are counted without their underscores, and zeros count as digits', () => {
    expect(loads('1_0', { maxIntDigits: 2 })).toBe(10);
    expect(loads('0x_f_f', { maxIntDigits: 2 })).toBe(255);
    expect(loads('9_007_199_254_740_991')).toBe(Number.MAX_SAFE_INTEGER);
    expect(loads('9_007_199_254_740_992')).toBe(2n ** 53n);
    expect(loads('[0x1fffffffffffff, 0X20000000000000]')).toEqual([Number.MAX_SAFE_INTEGER, 2n ** 53n]);
    expect(errorOf(`1${'_0'.repeat(5_000)}`).message).toMatch(/^int of 5001 digits is over maxIntDigits \(4300\) at byte 0/);
    expect(errorOf('0x_0_0_f', { maxIntDigits: 2 }).code).toBe('TOO_MANY_DIGITS');
    expect(errorOf('0_1').message).toMatch(/must not begin with zeros at byte 0/);
  });

  it('serpent: does not mix up keys with similar text', () => {
    expect(
      loads("{('1',): 1, (1,): 2, ('1', 2): 3, (('1',), 2): 4, None: 5, 'None': 6, (None,): 7, ('None',): 8}"),
    ).toHaveProperty('size', 8);
    expect(loads("{('a', 'b'): 1, ('a,b',): 2, ('as1:b',): 3, (b'a', b'b'): 4}")).toHaveProperty('size', 4);
  });

  it('serpent: reads both forms of bytes as a Buffer with its own memory', () => {
    const message = Buffer.from("[b'\\x00a\\377', {'data': 'AAFi', 'encoding': 'base64'}]");
    const value = loads(message) as Buffer[];
    message.fill(0);
    expect(value).toStrictEqual([Buffer.from([0, 97, 255]), Buffer.from([0, 1, 98])]);
  });

  it.each([
    "{'data': 'AAF=', 'encoding': 'base64'}",
    "{'data': 'A A=', 'encoding': 'base64'}",
    "{'data': 'AAA', 'encoding': 'base64'}",
    "{'data': '', 'encoding': 'base64', 'more': 1}",
    "{'data': 1, 'encoding': 'base64'}",
    "{'data': '', 'encoding': 'hex'}",
    "{'encoding': 'base64', 'other': 1}",
  ])('serpent: leaves %s a dict', (text) => {
    expect(Object.getPrototypeOf(loads(text))).toBe(Object.prototype);
  });

  it('serpent: reads base64 bytes of any size, with and without spaces, quoted in both ways', () => {
    for (const size of [0, 1, 2, 3, 100, 49_151, 49_152, 49_153, 200_000]) {
      const bytes = Buffer.from(Array.from({ length: size }, (_, index) => (index * 7) % 251));
      const data = bytes.toString('base64');
      const forms = [
        `{'data': '${data}', 'encoding': 'base64'}`,
        `{'data':'${data}','encoding':'base64'}`,
        `{'encoding': 'base64', 'data': '${data}'}`,
        `{ "data" : "${data}" ,\n"encoding" : "base64" }`,
        `{'data': '${data}' '', 'encoding': 'base64'}`,
      ];
      for (const values of ['natural', 'faithful'] as const) {
        const read = loads(`[${forms.join()},1]`, { values }) as Buffer[];
        expect(read.map((item) => Buffer.isBuffer(item) && item.equals(bytes))).toEqual([true, true, true, true, true, false]);
      }
    }
  });

  it('serpent: leaves base64 text with a wrong character a dict, wherever the character stands', () => {
    const data = Buffer.alloc(150_000, 'bytes').toString('base64');
    for (const at of [0, 3, 65_535, 65_536, 100_000, data.length - 1]) {
      for (const wrong of ['-', '_', '=', '*', 'é', '\u0141']) {
        const text = data.slice(0, at) + wrong + data.slice(at + 1);
        expect(Buffer.isBuffer(loads(`{'data': '${text}', 'encoding': 'base64'}`))).toBe(false);
      }
    }
  });

  it('serpent: reads nan, and complex numbers with nan, as Python’s serpent writes them', () => {
    expect(loads("{'__class__':'float','value':'nan'}")).toBeNaN();
    expect(loads("{'__class__':'complex','real':{'__class__':'float','value':'nan'},'imag':-1.0}")).toStrictEqual(
      new PyComplex(NaN, -1),
    );
  });

  it('serpent: reads records whose keys change from one record to the next', () => {
    const text =
      "[{'a': 1, 'b': {'a': 2}}, {'a': 3, 'b': {'b': 4}}, {'b': {'a': 5}}, {'a': 6, 'c': 7}, {'ab': 8}, {'a' 'b': 9}, {\"a\": 10, 11: 12}]";
    expect(loads(text)).toStrictEqual([
      { a: 1, b: { a: 2 } },
      { a: 3, b: { b: 4 } },
      { b: { a: 5 } },
      { a: 6, c: 7 },
      { ab: 8 },
      { ab: 9 },
      new Map<unknown, unknown>([
        ['a', 10],
        [11, 12],
      ]),
    ]);
  });
});

describe('known keys', () => {
  it('serpent: reads dicts with more keys, and more different ones, than a read remembers', () => {
    for (const count of [5, 63, 64, 65, 300]) {
      const keys = Array.from({ length: count }, (_, index) => `k${index}`);
      const text = `{${keys.map((key) => `'${key}': {'${key}': 1, 'z': 2}`).join()}}`;
      const expected = Object.fromEntries(keys.map((key) => [key, { [key]: 1, z: 2 }]));
      expect(loads(`[${text}, ${text}]`)).toStrictEqual([expected, expected]);
    }
    const many = Array.from({ length: 10_000 }, (_, index) => `{'key${index}': ${index}}`);
    expect(loads(`[${many.join()}, ${many.join()}]`)).toStrictEqual(
      [...many, ...many].map((_, index) => ({ [`key${index % 10_000}`]: index % 10_000 })),
    );
  });

  it('serpent: reads a key that is written in another way than before, or is very long', () => {
    const long = 'k'.repeat(100);
    const dicts = [
      `{'a': 1}`,
      `{"a": 2}`,
      `{'a' : 3}`,
      `{'a':4}`,
      `{u'a': 5}`,
      `{'\\x61': 6}`,
      `{'${long}': 7}`,
      `{'${long}': 8}`,
    ];
    expect(loads(`[${dicts.join()}]`)).toStrictEqual([...[1, 2, 3, 4, 5, 6].map((a) => ({ a })), { [long]: 7 }, { [long]: 8 }]);
  });

  it('serpent: does not take a key for another one that begins alike', () => {
    expect(loads("[{'a': 1}, {'ab': 2}, {'a': 3, 'b': 4}, {'a': 5, 'bc': 6}, {'b': 7}, {'a', 'b'}, {'a': 8}]")).toStrictEqual([
      { a: 1 },
      { ab: 2 },
      { a: 3, b: 4 },
      { a: 5, bc: 6 },
      { b: 7 },
      new Set(['a', 'b']),
      { a: 8 },
    ]);
  });
});

describe('faithful values', () => {
  it('serpent: keeps tuples, floats and dicts apart in faithful mode', () => {
    expect(loads("[(1, 2.0), [], {'a': -0.0}, {}, {'__class__':'float','value':'nan'}]", { values: 'faithful' })).toStrictEqual([
      pyTuple(1, new PyFloat(2)),
      [],
      new Map([['a', new PyFloat(-0)]]),
      new Map(),
      new PyFloat(NaN),
    ]);
  });

  it('serpent: keeps a __proto__ key in faithful mode', () => {
    expect(loads("{'__proto__': 1}", { values: 'faithful' })).toStrictEqual(new Map([['__proto__', 1]]));
  });
});

describe('parse', () => {
  it('serpent: parse() tells whether a class dict is in the value', () => {
    expect(parse("{'a': [{'__class__': 'x'}]}").sawClass).toBe(true);
    expect(parse("{'a': [{'__class__': 'x'}]}", { values: 'faithful' }).sawClass).toBe(true);
    expect(parse("{'__class__': 'x', 1: 2}").sawClass).toBe(true);
    expect(parse("[{'__class__':'float','value':'nan'}, '__class__', {'class': 1}]").sawClass).toBe(false);
  });
});

describe('objects', () => {
  it('serpent: objects neither gain nor lose keys by their prototype', () => {
    const value = loads(
      "{'constructor': 1, 'toString': 2, 'hasOwnProperty': 3, '__class__': 4, '__defineGetter__': 5}",
    ) as object;
    expect(Object.entries(value)).toEqual([
      ['constructor', 1],
      ['toString', 2],
      ['hasOwnProperty', 3],
      ['__class__', 4],
      ['__defineGetter__', 5],
    ]);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  });

  it.each([
    "{'__proto__': {'polluted': 1}}",
    "{'a': 1, '__proto__': None}",
    "{'__pro' '\\x74o__': 1}",
    "[{1: 2, '__proto__': 1}, {'__proto__': 1}]",
  ])('serpent: refuses a __proto__ key in %s', (text) => {
    expect(errorOf(text).code).toBe('PROTO_KEY');
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});

describe('strings', () => {
  it('serpent: reads the same string whatever the length of its neighbours', () => {
    const texts = [12, 13, 100, 128, 129, 1000, 1024, 1025, 5000].map((length) => 'abcdefghij'.repeat(500).slice(0, length));
    expect(loads(`[${texts.map((text) => `'${text}'`).join(', ')}]`)).toStrictEqual(texts);
    expect(loads(`[${texts.map((text) => `'ä${text}\\n'`).join(', ')}]`)).toStrictEqual(texts.map((text) => `ä${text}\n`));
  });

  it('serpent: reads escapes among characters of any width', () => {
    for (const before of ['', 'a', 'é', '€', '\u{1f600}', 'é€\u{1f600}a']) {
      for (const [written, meant] of [
        ['\\n', '\n'],
        ['\\xe9', 'é'],
        ['\\u20ac', '€'],
        ['\\ud83d\\ude00', '\u{1f600}'],
        ['\\ud83d', '\ud83d'],
        ['\\U0001f600', '\u{1f600}'],
        ['\\400', '\u0100'],
        ['\\q', '\\q'],
        ['\\\n', ''],
      ]) {
        for (const filler of ['', 'x'.repeat(300), 'é'.repeat(300)]) {
          expect(loads(`'${before}${filler}${written}${before}'`)).toBe(`${before}${filler}${meant}${before}`);
        }
      }
    }
  });

  it('serpent: reads strings with characters of any length in UTF-8', () => {
    expect(loads("['é', '€', '\u{1f600}', 'é\\t€', '\\u20ac\u{1f600}']")).toStrictEqual([
      'é',
      '€',
      '\u{1f600}',
      'é\t€',
      '€\u{1f600}',
    ]);
  });
});

describe('long strings', () => {
  const around = [0, 1, 1022, 1023, 1024, 1025, 3000];
  const x = 'x'.repeat(3000);

  it.each([
    ["\\'", "'"],
    ['\\n', '\n'],
    ['\\\n', ''],
    ['"', '"'],
    ['\u0007', '\u0007'],
    ['\u00e9', '\u00e9'],
    ['\u{1f600}', '\u{1f600}'],
    ["' 'y", 'y'],
    ['\\/', '\\/'],
    ['\\\\', '\\'],
    ['\\u20ac', '\u20ac'],
    ['\\ud83d', '\ud83d'],
    ['\\x1b', '\u001b'],
    ['\\b\\f\\t', '\b\f\t'],
    ['\\q', '\\q'],
    ['\\"', '"'],
    ['\\n\\x41\\n', '\nA\n'],
  ])('serpent: reads %j anywhere in a long string', (written, meant) => {
    for (const before of around) {
      for (const behind of around) {
        const [start, end] = ['x'.repeat(before), 'z'.repeat(behind)];
        expect(loads(`('${start}${written}${end}', 'next')`)).toEqual([`${start}${meant}${end}`, 'next']);
      }
    }
  });

  it('serpent: refuses long strings with a line end in them, or without an end', () => {
    for (const text of [`'${x}\n'`, `'${x}\r${x}'`, `'${x}`, `["${x}', "a"]`]) expect(errorOf(text).code).toBe('SYNTAX');
  });
});

describe('errors', () => {
  it.each([
    ['[1, 2', 5],
    ['[1 2]', 3],
    ["{'é': }", 7],
    ["'abc", 0],
    ['[1_]', 3],
    ['[07]', 1],
    ['  nan', 2],
    ["['a' b'b']", 5],
    ['{[]: 1}', 1],
  ])('serpent: an error tells the byte offset in %s', (text, offset) => {
    const error = errorOf(text);
    expect(error.offset).toBe(offset);
    expect(error.message).toContain(`at byte ${offset}`);
  });

  it.each([
    ['"\\N{BULLET}"', /by name/],
    ['...', /Ellipsis/],
    ["f'x'", /f-strings/],
    ['[1, ]]', /the end/],
    ["{'a' 1}", /expected/],
    ['{1: 2, 3}', /":"/],
    ['{1, 2: 3}', /of a set/],
  ])('serpent: an error tells what is wrong in %s', (text, message) => {
    expect(errorOf(text).message).toMatch(message);
  });

  it('serpent: refuses bytes that are not UTF-8, and zero bytes', () => {
    expect(errorOf(Buffer.from([0x27, 0xff, 0x27]))).toMatchObject({ code: 'ENCODING' });
    expect(errorOf(Buffer.from("'a\0'"))).toMatchObject({ code: 'ENCODING', offset: 2 });
  });

  it('serpent: refuses half a surrogate pair in a string, because decoding would change it', () => {
    expect(errorOf("'\ud800'").code).toBe('ENCODING');
    expect(loads("'\\ud800'")).toBe('\ud800');
  });
});

describe('limits', () => {
  it.each(['[', '(', '{1:', '[(', '{(1,', '-(', "{'a':["])('serpent: refuses 100,000 times %s', (opening) => {
    expect(errorOf(opening.repeat(100_000)).code).toMatch(/TOO_DEEP|UNHASHABLE|SYNTAX/);
  });

  it('serpent: allows exactly maxDepth containers', () => {
    expect(() => loads('['.repeat(200) + ']'.repeat(200))).not.toThrow();
    expect(errorOf('['.repeat(201) + ']'.repeat(201))).toMatchObject({ code: 'TOO_DEEP', offset: 200 });
    expect(errorOf('[[]]', { maxDepth: 1 }).message).toContain('maxDepth');
    expect(() => loads("[{'a': [1]}, {'a': [1]}, (((1)))]", { maxDepth: 4 })).not.toThrow();
    expect(() => loads('['.repeat(1000) + ']'.repeat(1000), { maxDepth: 1000 })).not.toThrow();
    expect(() => loads('{1:'.repeat(1000) + '1' + '}'.repeat(1000), { maxDepth: 1000 })).not.toThrow();
  });

  it('serpent: maxIntDigits limits an int in any base', () => {
    expect(loads('9'.repeat(4300))).toBeTypeOf('bigint');
    expect(errorOf('9'.repeat(4301)).code).toBe('TOO_MANY_DIGITS');
    expect(errorOf(`0x${'f'.repeat(4301)}`).code).toBe('TOO_MANY_DIGITS');
    expect(errorOf('1_234', { maxIntDigits: 3 }).code).toBe('TOO_MANY_DIGITS');
    expect(errorOf('1234', { maxIntDigits: 3 }).code).toBe('TOO_MANY_DIGITS');
    expect(loads('9'.repeat(5000), { maxIntDigits: 5000 })).toBeTypeOf('bigint');
    expect(loads('9'.repeat(5000) + '.0')).toBe(Infinity);
  });

  it('serpent: maxBytes limits the message', () => {
    expect(errorOf("'äb'", { maxBytes: 4 })).toMatchObject({ code: 'TOO_LARGE' });
    expect(loads("'äb'", { maxBytes: 5 })).toBe('äb');
  });

  it('serpent: maxValueBytes limits the memory of the value, and the error tells both', () => {
    const hostile = [
      '[],'.repeat(20_000),
      '{},'.repeat(20_000),
      '(),'.repeat(20_000),
      '{1},'.repeat(20_000),
      'set(),'.repeat(20_000),
      '1j,'.repeat(20_000),
      "'ab',".repeat(40_000),
      "{'1023': 0},".repeat(20_000),
      `{${Array.from({ length: 20_000 }, (_, index) => `'k${index}':0`).join()}}`,
      `{${Array.from({ length: 20_000 }, (_, index) => `${index}:0`).join()}}`,
      `${'9'.repeat(4_000)},`.repeat(1_000),
      "b'',".repeat(10_000),
      `'${'x'.repeat(2_000_000)}'`,
      `b'${'x'.repeat(2_000_000)}'`,
      `{'data': '${'AAAA'.repeat(500_000)}', 'encoding': 'base64'}`,
      '1,'.repeat(200_000),
    ];
    for (const text of hostile) {
      for (const values of ['natural', 'faithful'] as const) {
        const error = errorOf(text, { maxValueBytes: 500_000, values });
        expect(error.code).toBe('TOO_COSTLY');
        expect(error.message).toMatch(
          /^the value takes \d{6,7} bytes of memory or more \(maxValueBytes is 500000\) at byte \d+$/,
        );
      }
    }
    expect(errorOf('[[], []]', { maxValueBytes: 80 }).code).toBe('TOO_COSTLY');
  });

  it('serpent: a list of numbers is cheap', () => {
    const numbers = Array.from({ length: 100_000 }, (_, index) => index / 7);
    expect(() => loads(JSON.stringify(numbers), { maxValueBytes: 1_300_000 })).not.toThrow();
  });

  it('serpent: literals that are joined cost as one literal, and their parts cost while they are read', () => {
    const costOf = (text: string): number => {
      const budget = { spentBytes: 0, limitBytes: 10_000 };
      parse(text, { budget });
      return budget.spentBytes;
    };
    expect(costOf(`'ab' '' "cd" u''`)).toBe(costOf("'abcd'"));
    expect(costOf("'a' '\u20ac'")).toBe(costOf("'a\\u20ac'"));
    expect(costOf("b'ab' b''b'c'")).toBe(costOf("b'abc'"));
    expect(costOf('\'\'""'.repeat(50_000))).toBe(0);
    expect(errorOf("'a'".repeat(50_000), { maxValueBytes: 500_000 }).code).toBe('TOO_COSTLY');
    expect(errorOf("'' b''").message).toContain('bytes and string literals cannot be joined');
  });

  it('serpent: short bytes share memory with each other only, whatever stands between them', () => {
    const lines = `'${'\\\n'.repeat(2_000)}'`;
    const escapes = `'${'\\x41'.repeat(900)}'`;
    const values = loads(`b'x',${lines},${escapes},`.repeat(60)) as unknown[];
    const memory = new Set(values.filter((value) => Buffer.isBuffer(value)).map(({ buffer }) => buffer));
    expect(memory.size).toBeLessThanOrEqual(2);
  });

  it('serpent: a budget gets the memory of the value, also when reading fails', () => {
    const budget = { spentBytes: 100, limitBytes: 10_000 };
    parse("['a long text', 1]", { budget });
    expect(budget.spentBytes).toBeGreaterThan(150);
    expect(budget.spentBytes).toBeLessThan(350);
    const before = budget.spentBytes;
    expect(errorOf("['a long text' 1]", { budget }).code).toBe('SYNTAX');
    expect(budget.spentBytes).toBeGreaterThan(before);
    expect(errorOf('[],'.repeat(1_000), { budget }).message).toContain('(maxValueBytes is 10000)');
    expect(budget.spentBytes).toBeGreaterThan(10_000);
  });

  it.each([
    { maxValueBytes: 0 },
    { maxValueBytes: NaN },
    { maxDepth: 0 },
    { maxDepth: 1001 },
    { maxDepth: NaN },
    { maxIntDigits: 0 },
    { maxIntDigits: Infinity },
    { maxBytes: NaN },
    { values: 'native' as 'natural' },
    { value: 'faithful' } as object,
    'faithful' as never,
    null as never,
  ])('serpent: refuses the option %j', (options) => {
    expect(errorOf('1', options).code).toBe('BAD_OPTION');
  });
});
