import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { dumps, loads, PyComplex, pyFloat, pyTuple, SerpentError, type DumpsOptions } from '../../../lib/serpent/index.js';

const HEADER = '# serpent utf-8 python3.2\n';

function text(value: unknown, options?: DumpsOptions): string {
  const written = dumps(value, options).toString();
  expect(written.startsWith(HEADER)).toBe(true);
  return written.slice(HEADER.length);
}

function errorOf(value: unknown, options?: DumpsOptions): SerpentError {
  try {
    dumps(value, options);
  } catch (error) {
    if (error instanceof SerpentError) return error;
    throw error;
  }
  throw new Error('was not refused');
}

describe('values', () => {
  it.each<[unknown, string]>([
    [undefined, 'None'],
    [[undefined, null, true, false], '[None,None,True,False]'],
    [[0, -0, 1, -1, 999999999, 1000000000, -123, 2 ** 53, 1.5], '[0,-0.0,1,-1,999999999,1000000000,-123,9007199254740992.0,1.5]'],
    [[10n, -(10n ** 20n)], '[10,-100000000000000000000]'],
    [
      [1e16, 1e15 + 0.5, 1e-4, 1e-5, 1.5e-7, 1e22, 5e-324, 1e100].map(pyFloat),
      '[1e+16,1000000000000000.5,0.0001,1e-05,1.5e-07,1e+22,5e-324,1e+100]',
    ],
    [[NaN, Infinity, -Infinity], "[{'__class__':'float','value':'nan'},1e30000,-1e30000]"],
    [[pyTuple(), pyTuple(1), pyTuple(1, 2)], '[(),(1,),(1,2)]'],
    [new Set(), '()'],
    [new Set([1, 'a', [2, [3]]]), "{1,'a',(2,(3,))}"],
    [
      new Map<unknown, unknown>([
        [1, 2],
        [[3], { a: 4 }],
      ]),
      "{1:2,(3,):{'a':4}}",
    ],
    [{}, '{}'],
    [{ a: undefined, b: 1, [Symbol('c')]: 2 }, "{'b':1}"],
    [{ a: undefined }, '{}'],
    [Object.assign(Object.create(null) as object, { a: 1 }), "{'a':1}"],
    [JSON.parse('{"__proto__":1}'), "{'__proto__':1}"],
    [new Uint8Array([1, 2, 255]), "{'data': 'AQL/', 'encoding': 'base64'}"],
    [new Uint8Array([1, 2]).buffer, "{'data': 'AQI=', 'encoding': 'base64'}"],
    [new DataView(new Uint8Array([1, 2, 3]).buffer, 1), "{'data': 'AgM=', 'encoding': 'base64'}"],
    [
      [new Int16Array([-1, 2]), new Float64Array([1, NaN]), new BigInt64Array([-5n]), new Int8Array()],
      "[[-1,2],[1.0,{'__class__':'float','value':'nan'}],[-5],[]]",
    ],
    [[new PyComplex(1, 2), new PyComplex(-0, -0), new PyComplex(1e16, -Infinity)], '[(1.0+2.0j),(-0.0-0.0j),(1e+16-1e30000j)]'],
    [new PyComplex(NaN, -1), "{'__class__':'complex','real':{'__class__':'float','value':'nan'},'imag':-1.0}"],
    [new Date(0), "'1970-01-01T00:00:00+00:00'"],
    [new Date(12), "'1970-01-01T00:00:00.012000+00:00'"],
    [[Object(1), Object('a'), Object(true), Object(5n)], "[1,'a',True,5]"],
    [Object.assign([], { length: 2 }), '[None,None]'],
    [
      Object.assign(new TypeError('no'), { code: 5 }),
      "{'__class__':'TypeError','__exception__':True,'args':('no',),'attributes':{'code':5}}",
    ],
    [new URL('http://a.b/c'), "'http://a.b/c'"],
  ])('serpent: writes %o as %s', (value, expected) => {
    expect(text(value)).toBe(expected);
  });

  it.each([
    'two\nlines\r\n',
    "it's\ttrue\\n",
    'say "no"',
    `"it's"`,
    'Zoë\n',
    '日本\\',
    'a\xa0b',
    '\x1b[2J\n',
    '\x7f',
    '😀\n',
    '\xad\n',
    '\b\f',
  ])('long text is written as its parts are: %j', (part) => {
    const parts = 400;
    const [short, long] = [dumps([part]), dumps([part.repeat(parts)])].map((bytes) => bytes.toString().split('\n').at(-1)!);
    expect(long).toBe(short!.slice(0, 2) + short!.slice(2, -2).repeat(parts) + short!.slice(-2));
  });

  it('serpent: writes own members of class instances, and what their toJSON returns', () => {
    class Point {
      x = 1;
      #hidden = 2;
      get y(): number {
        return this.#hidden;
      }
    }
    class Money {
      toJSON(): unknown {
        return [new Point()];
      }
    }
    expect(text([new Point(), new Money()])).toBe("[{'x':1},[{'x':1}]]");
  });

  it('serpent: writes the dicts of a long list as it writes each alone, whichever keys they have', () => {
    const dicts = Array.from({ length: 30 }, (_, i) => ({
      ...(i % 5 === 3 ? {} : { a: i }),
      b: i % 7 === 2 ? undefined : { a: [{ b: i }], [`c${i % 3}`]: {} },
      ...(i % 4 === 1 ? { d: 1, a: 2 } : { 'd\'"\n': [], é: null }),
    }));
    expect(text(dicts)).toBe(`[${dicts.map((dict) => text(dict)).join(',')}]`);
    expect(text({ a: [dicts, dicts.slice(0, 3)] })).toBe(`{'a':[${text(dicts)},${text(dicts.slice(0, 3))}]}`);
  });

  it('serpent: writes no inherited members, and none that cannot be enumerated', () => {
    const value = Object.create({ inherited: 1 }, { hidden: { value: 2 }, own: { value: 3, enumerable: true } }) as object;
    expect(text([value])).toBe("[{'own':3}]");
  });

  it('serpent: leaves a member out that a getter before it deletes', () => {
    const value = {
      get a() {
        delete (value as { b?: number }).b;
        return 1;
      },
      b: 2,
      c: 3,
    };
    expect(text([value])).toBe("[{'a':1,'c':3}]");
  });

  it('serpent: writes objects of another realm', () => {
    const value: unknown = runInNewContext('[new Map([[1, new Set([2])]]), new Date(0), new Uint8Array([1]), { a: 1 }]');
    expect(text(value)).toBe("[{1:{2}},'1970-01-01T00:00:00+00:00',{'data': 'AQ==', 'encoding': 'base64'},{'a':1}]");
  });

  it('serpent: writes an object twice when it does not contain itself', () => {
    const shared = { a: [1] };
    expect(text([shared, shared])).toBe("[{'a':[1]},{'a':[1]}]");
  });

  it('serpent: reads each getter once', () => {
    let reads = 0;
    const value = {
      get a() {
        return ++reads;
      },
    };
    expect(text([value])).toBe("[{'a':1}]");
  });
});

describe('written bytes', () => {
  it('serpent: bytes that were written stay the same when others are written', () => {
    const values = ['a', 'b'.repeat(5_000), 'c'.repeat(60_000), 'd'.repeat(70_000), { e: 1 }];
    const written = values.map((value) => dumps(value));
    for (const value of values.toReversed()) dumps(value);
    expect(written.map((bytes) => loads(bytes))).toEqual(values);
  });

  it('serpent: a value may be written while another one is written, also when one fails', () => {
    const inner: Buffer[] = [];
    const encodeObject = (value: object): unknown => {
      if (!(value instanceof Date)) return undefined;
      inner.push(dumps(['inner', 'x'.repeat(1_000)]));
      expect(() => dumps([1, () => 1])).toThrow(SerpentError);
      return 'a date';
    };
    expect(text(['y'.repeat(1_000), new Date(0), 'z'], { encodeObject })).toBe(`['${'y'.repeat(1_000)}','a date','z']`);
    expect(loads(inner[0]!)).toEqual(['inner', 'x'.repeat(1_000)]);
  });
});

describe('floats', () => {
  it('serpent: writes a float with few decimals as Python’s repr does', () => {
    const literals =
      '0.1 -0.1 0.0001 -0.0001 0.00011 1.5 2.25 13.7301 999999999.9999 -999999999.9999 1000000000.5 0.99995 12.0 -3.0 100.05';
    expect(text(literals.split(' ').map((literal) => pyFloat(Number(literal))))).toBe(`[${literals.split(' ').join(',')}]`);
  });

  it('serpent: writes a float with many digits as Python’s repr does', () => {
    const literals =
      '0.14285714285714285 -0.3333333333333333 0.1234567 12.000001 100.00000000000001 0.00012345678901234567 0.0001000000000000001 ' +
      '999999999999999.9 99999999999999.98 123456789012345.6 1000000000000000.1 9007199254740992.0 0.30000000000000004 ' +
      '9.999999999999998 1.0000000000000002 0.9999999999999999 0.03125 1234.000000001 5e-05 1e+16 1.7976931348623157e+308';
    expect(text(literals.split(' ').map((literal) => pyFloat(Number(literal))))).toBe(`[${literals.split(' ').join(',')}]`);
  });
});

describe('strings', () => {
  it.each([
    ['plain', "'plain'"],
    ["it's", '"it\'s"'],
    ['say "no"', '\'say "no"\''],
    ['"it\'s"', "'\"it\\'s\"'"],
    ['a\\b\n\r\t\0\x1b\x7f', "'a\\\\b\\n\\r\\t\\x00\\x1b\\x7f'"],
    ['\x80\xa0\xad\xe9', "'\\x80\\xa0\\xadé'"],
    ['\u2028\u3000\ufeff€日本', "'\\u2028\\u3000\\ufeff€日本'"],
    ['\ud800', "'\\ud800'"],
    ['\udc00\ud800', "'\\udc00\\ud800'"],
    ['\u{1f600}\u{10ffff}', "'\u{1f600}\\U0010ffff'"],
    ["\u0416's", '"Ж\'s"'],
  ])('serpent: writes %j as Python’s repr does', (value, expected) => {
    expect(text(value)).toBe(expected);
    expect(text({ [value]: value })).toBe(`{${expected}:${expected}}`);
  });

  it('serpent: writes a short string with the same escapes as a long one', () => {
    const long = 'a'.repeat(100);
    const units = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code));
    // without a diff of a megabyte
    expect(text(units) === text(units.map((unit) => long + unit)).replaceAll(long, '')).toBe(true);
  });

  it('serpent: writes a long text in parts, without a divided character or another quote', () => {
    for (const [unit, written] of [
      ['\u{1f600}', '\u{1f600}'],
      ['\ud800', '\\ud800'],
      ['\u{10ffff}', '\\U0010ffff'],
      ['\x7f', '\\x7f'],
      ['é', 'é'],
    ] as const) {
      for (const before of ['', "'"]) {
        const quote = before === '' ? "'" : '"';
        const long = text(`${before}${unit.repeat(100_000)}"`.slice(0, before === '' ? undefined : -1));
        expect(long === `${quote}${before}${written.repeat(100_000)}${before === '' ? '"' : ''}${quote}`).toBe(true);
      }
    }
  });

  it.each([39, 40, 41, 42, 100, 511, 512, 513, 5000])('serpent: writes %i characters of any width', (length) => {
    for (const unit of ['a', 'é', '€', '\u{1f600}', "'", '\n', '\ud800']) {
      const value = [unit.repeat(length), unit.repeat(length)];
      expect(loads(dumps(value))).toStrictEqual(value);
    }
  });

  it('serpent: escapes each character that is not printable, wherever it stands', () => {
    const escapeOf = (character: string): string => {
      const short = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\' }[character];
      if (short !== undefined) return short;
      const point = character.codePointAt(0)!;
      const [letter, digits] = point < 0x100 ? ['x', 2] : point < 0x10000 ? ['u', 4] : ['U', 8];
      return `\\${letter}${point.toString(16).padStart(digits as number, '0')}`;
    };
    const points = [...Array(0x10000).keys(), 0x1f600, 0x1fffe, 0xe0001, 0xf0000, 0x10ffff];
    const characters = points.map((point) => String.fromCodePoint(point)).filter((each) => each !== "'");
    for (const between of ['', 'a', 'é', '\u{1f600}', '\x80', '\ue000']) {
      const value = characters.map((each) => each + between).join(between);
      const expected = value.replace(/[\\\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu, escapeOf);
      expect(text(value) === `'${expected}'`).toBe(true);
    }
  });
});

describe('bytesRepr', () => {
  it('bytesRepr writes bytes as Python’s repr does, and as dict keys too', () => {
    const bytes = Buffer.from("\0a'\\\n\x7f\xff", 'latin1');
    expect(text(bytes, { bytesRepr: true })).toBe('b"\\x00a\'\\\\\\n\\x7f\\xff"');
    expect(text(Buffer.from('"\''), { bytesRepr: true })).toBe("b'\"\\''");
    expect(text(new Map([[Buffer.from('k'), 1]]), { bytesRepr: true })).toBe("{b'k':1}");
    expect(text(Buffer.alloc(200_000, 1), { bytesRepr: true }) === `b'${'\\x01'.repeat(200_000)}'`).toBe(true);
  });
});

describe('encodeObject', () => {
  class Thing {
    constructor(readonly name: string) {}
  }
  const encodeObject = (value: object): unknown => {
    if (value instanceof Thing) return { __class__: 'Thing', inner: value.name === 'outer' ? new Thing('inner') : value.name };
    return typeof value === 'function' ? 'a function' : undefined;
  };

  it('encodeObject replaces objects at any depth', () => {
    expect(text([new Thing('outer'), () => 1, { a: new Thing('b') }], { encodeObject })).toBe(
      "[{'__class__':'Thing','inner':{'__class__':'Thing','inner':'inner'}},'a function',{'a':{'__class__':'Thing','inner':'b'}}]",
    );
    expect(text(new Set([() => 1]), { encodeObject })).toBe("{'a function'}");
    expect(errorOf(new Set([new Thing('a')]), { encodeObject })).toMatchObject({ code: 'UNHASHABLE' });
  });

  it('encodeObject is called for plain objects and instances of subclasses, but not for its own replacement', () => {
    const asked: object[] = [];
    class List extends Array<number> {}
    const list = List.from([1]);
    const plain = { list };
    dumps([plain], {
      encodeObject: (value) => {
        asked.push(value);
        return value === plain ? { replaced: list } : undefined;
      },
    });
    expect(asked).toEqual([plain, list]);
  });

  it('encodeObject receives the path of the object', () => {
    const paths: string[] = [];
    const value = { a: [new Map([['k', new Thing('x')]])], 'b c': new Set([new Thing('y')]) };
    dumps(value, { encodeObject: (item, path) => (item instanceof Thing ? (paths.push(path()), 1) : undefined) });
    expect(paths).toEqual(['value.a[0].get("k")', 'value["b c"]{…}']);
  });

  it('a replacement by encodeObject does not count as nesting', () => {
    const nest = (depth: number): Thing => Object.assign(new Thing('a'), { inner: depth === 1 ? null : nest(depth - 1) });
    const inner = (value: object): unknown =>
      value instanceof Thing ? [(value as unknown as { inner: unknown }).inner] : undefined;
    expect(() => dumps(nest(200), { encodeObject: inner })).not.toThrow();
    expect(errorOf(nest(201), { encodeObject: inner })).toMatchObject({ code: 'TOO_DEEP' });
  });

  it('a write fails when encodeObject returns the object itself again and again', () => {
    expect(
      errorOf(new Thing('a'), { encodeObject: (value) => ({ value: value instanceof Thing ? value : new Thing('b') }) }).code,
    ).toBe('CYCLE');
    expect(errorOf(new Thing('a'), { encodeObject: () => [new Thing('b')] }).code).toBe('TOO_DEEP');
  });

  it('an error of encodeObject is passed on unchanged', () => {
    const error = new RangeError('mine');
    expect(() =>
      dumps(new Thing('a'), {
        encodeObject: () => {
          throw error;
        },
      }),
    ).toThrow(error);
  });
});

describe('what cannot be written', () => {
  function* generator(): Generator<number> {
    yield 1;
  }
  const cyclic: Record<string, unknown> = { items: [1] };
  (cyclic.items as unknown[]).push(new Map([['self', cyclic]]));

  it.each<[string, unknown, string, string]>([
    ['a function', { items: [1, { callback() {} }] }, 'UNSUPPORTED', 'value.items[1].callback'],
    ['a symbol', [Symbol('s')], 'UNSUPPORTED', 'value[0]'],
    ['a promise', { 'a b': Promise.resolve() }, 'UNSUPPORTED', 'value["a b"]'],
    ['a generator', [generator()], 'UNSUPPORTED', 'value[0]'],
    ['an iterator', [[1].values()], 'UNSUPPORTED', 'value[0]'],
    ['a RegExp', /a/, 'UNSUPPORTED', 'value'],
    ['a WeakMap', new WeakMap(), 'UNSUPPORTED', 'value'],
    ['an invalid Date', [new Date(NaN)], 'UNSUPPORTED', 'value[0]'],
    ['a cycle', cyclic, 'CYCLE', 'value.items[1].get("self")'],
    ['a long int', [10n ** 4300n], 'TOO_MANY_DIGITS', 'value[0]'],
    ['an object as key', new Map([[{}, 1]]), 'UNHASHABLE', 'value.get(…)'],
    ['a Set in a key', new Map([[[new Set()], 1]]), 'UNHASHABLE', 'value.get(…)[0]'],
    ['bytes as key', new Map([[Buffer.from('a'), 1]]), 'UNHASHABLE', 'value.get(…)'],
    ['nan as key', new Set([NaN]), 'UNHASHABLE', 'value{NaN}'],
    ['a symbol as key', new Set([Symbol('s')]), 'UNSUPPORTED', 'value{Symbol(s)}'],
    ['a function as key', new Set([() => 1]), 'UNHASHABLE', 'value{() => 1}'],
  ])('serpent: refuses to write %s, naming the path', (_, value, code, path) => {
    expect(errorOf(value)).toMatchObject({ code, path });
    expect(errorOf(value).message).toContain(`${path}: `);
  });

  it('serpent: refuses a toJSON that returns its object again', () => {
    class Loop {
      toJSON(): unknown {
        return [this];
      }
    }
    expect(errorOf(new Loop()).code).toBe('CYCLE');
    class Same {
      a = 1;
      toJSON(): unknown {
        return this;
      }
    }
    expect(text(new Same())).toBe("{'a':1}");
  });

  it('serpent: writing keeps to maxDepth, maxBytes and maxIntDigits', () => {
    const nest = (depth: number): unknown => (depth === 0 ? 1 : [nest(depth - 1)]);
    expect(() => dumps(nest(200))).not.toThrow();
    expect(errorOf(nest(201))).toMatchObject({ code: 'TOO_DEEP' });
    expect(() => dumps(nest(1000), { maxDepth: 1000 })).not.toThrow();
    expect(text(10n ** 4300n - 1n)).toHaveLength(4300);
    expect(errorOf('a'.repeat(100), { maxBytes: 127 }).code).toBe('TOO_LARGE');
    expect(dumps('a'.repeat(100), { maxBytes: 128 })).toHaveLength(128);
    expect(errorOf('é'.repeat(51), { maxBytes: 128 }).code).toBe('TOO_LARGE');
    expect(
      errorOf(
        Array.from({ length: 1000 }, () => 'abc'),
        { maxBytes: 3000 },
      ).code,
    ).toBe('TOO_LARGE');
    expect(errorOf(1, { maxDepth: 0 }).code).toBe('BAD_OPTION');
  });

  it.each([
    [{ bytesRepr: 'no' }, 'bytesRepr is the text "no"; it has to be true or false, and no text'],
    [{ bytesRepr: 1 }, 'bytesRepr is 1; it has to be true or false, and no text'],
    [{ encodeObject: {} }, 'encodeObject is an object; it has to be a function'],
    [
      { byteRepr: true },
      'dumps: byteRepr is no option; the options are maxDepth, maxIntDigits, maxBytes, bytesRepr, encodeObject',
    ],
    ['bytesRepr', 'dumps: the options are the text "bytesRepr"; they have to be an object'],
    [null, 'dumps: the options are null; they have to be an object'],
  ])('serpent: writing refuses the option %j', (options, message) => {
    expect(errorOf(Buffer.from('a'), options as DumpsOptions)).toMatchObject({ code: 'BAD_OPTION', message });
  });
});
