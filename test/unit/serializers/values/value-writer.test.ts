import { isDeepStrictEqual } from 'node:util';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { SerializeError } from '../../../../lib/protocol/errors.js';
import { PyComplex, pyFloat, pyTuple } from '../../../../lib/serpent/index.js';
import { SerializedBlob } from '../../../../lib/serializers/contract/serialized-blob.js';
import { SERIALIZER_IDS } from '../../../../lib/protocol/constants.js';
import type { SerializerName, SerializerOptions } from '../../../../lib/serializers/contract/serializer.js';
import { createSerializers } from '../../../../lib/serializers/serializers.js';

const NAMES = Object.keys(SERIALIZER_IDS) as SerializerName[];

it.each(NAMES)('a SerializedBlob cannot be written in %s, and the error says what to do', (name) => {
  const serializer = createSerializers().get(SERIALIZER_IDS[name])!;
  for (const value of [SerializedBlob.of('info', [1]), [{ blob: SerializedBlob.of('info', [1]) }]]) {
    expect(() => serializer.dumps(value)).toThrow(SerializeError);
    expect(() => serializer.dumps(value)).toThrow('the only argument of a call');
  }
});

describe.each(NAMES)('values that cannot be written in %s', (name) => {
  const make = (options: Partial<SerializerOptions> = {}) => createSerializers(options).get(SERIALIZER_IDS[name])!;
  const serializer = make();
  const expectRefusal = (value: unknown, path: string, what: RegExp) => {
    const error = new Error('must fail');
    let thrown: unknown = error;
    try {
      serializer.dumps(value);
    } catch (failure) {
      thrown = failure;
    }
    expect(thrown).toBeInstanceOf(SerializeError);
    expect((thrown as Error).message).toContain(path);
    expect((thrown as Error).message).toMatch(what);
    expect((thrown as Error).message).toContain(name);
  };

  it.each<[string, unknown, RegExp]>([
    ['function', () => 1, /function/],
    ['symbol', Symbol('s'), /symbol/],
    ['Promise', Promise.resolve(), /Promise \(await it first\)/],
    ['RegExp', /x/, /RegExp/],
    ['WeakMap', new WeakMap(), /WeakMap/],
    ['generator', (function* () {})(), /iterator/],
    ['invalid Date', new Date(NaN), /invalid Date/],
    ['RegExp of another realm', runInNewContext('/x/'), /RegExp/],
    ['int without end', 10n ** 4300n, /4300/],
  ])('a %s cannot be written, and the error names its path', (_, value, what) => {
    expectRefusal({ items: [0, { 'a key': value }] }, 'value.items[1]["a key"]', what);
    expectRefusal(new Map([['k', pyTuple(value)]]), 'value.get("k")[0]', what);
  });

  it('a number of Python with a text in place of its number cannot be written', () => {
    const text = "1.0, 'admin', True";
    const float = Object.assign(Object.create(pyFloat(1)) as object, { value: text });
    const complex = (parts: object): object =>
      Object.assign(Object.create(PyComplex.prototype) as object, { real: 1, imag: 1 }, parts);
    for (const [value, kind] of [
      [float, 'PyFloat'],
      [Object.assign(pyFloat(1), { value: text }), 'PyFloat'],
      [complex({ real: text }), 'PyComplex'],
      [complex({ imag: text }), 'PyComplex'],
    ] as const) {
      const what = new RegExp(`a ${kind} with the text "1\\.0, 'admin', True" in place of a number`);
      expectRefusal([value], 'value[0]', what);
      expectRefusal(new Map([[value, 1]]), 'value.get(', what);
      expectRefusal(
        new Map([[pyTuple(value), 1]]),
        'value.get(',
        name === 'json' || name === 'msgpack' ? /key|PyFloat|PyComplex/ : what,
      );
    }
    expectRefusal(
      [Object.create(pyFloat(1).constructor.prototype as object)],
      'value[0]',
      /a PyFloat with undefined in place of a number/,
    );
  });

  it('values that contain themselves cannot be written', () => {
    const loop: Record<string, unknown> = { list: [] };
    (loop['list'] as unknown[]).push(loop);
    expectRefusal(loop, 'value.list[0]', /contains itself/);
    const twice = { a: 1 };
    expect(serializer.loads(serializer.dumps([twice, twice]))).toEqual([twice, twice]);
  });

  it('values deeper than maxDepth cannot be written', () => {
    let deep: unknown = 1;
    for (let i = 0; i < 201; i++) deep = [deep];
    expectRefusal(deep, 'value[0][0]', /200 nested containers.*maxDepth/);
    expect(serializer.loads(serializer.dumps((deep as unknown[])[0]))).toEqual((deep as unknown[])[0]);
    let millions: unknown = 1;
    for (let i = 0; i < 100_000; i++) millions = { next: millions };
    expectRefusal(millions, 'value.next', /maxDepth/);
  });

  it('set members and keys that Python cannot hash cannot be written', () => {
    for (const key of [{}, new Map(), new (class Thing {})()]) {
      expectRefusal([new Map([[key, 1]])], 'value[0]', /dict key or (a )?set member/);
      expectRefusal([new Set([key])], 'value[0]', /dict key or (a )?set member/);
      expectRefusal([new Set([[key]])], 'value[0]', /dict key or (a )?set member/);
    }
    expectRefusal([new Set([Symbol('s')])], 'value[0]', /symbol/);
  });

  it('values of more than maxMessageBytes cannot be written', () => {
    const small = make({ maxBytes: 1_000 });
    expect(small.dumps('x'.repeat(900)).length).toBeLessThanOrEqual(1_000);
    expect(() => small.dumps('x'.repeat(1_001))).toThrow(/maxMessageBytes \(1000\)/);
    expect(() => small.dumps(Array.from({ length: 600 }, () => 'ab'))).toThrow(/maxMessageBytes \(1000\)/);
  });

  it('an error of a getter, a toJSON or an encoder is kept as the cause', () => {
    const cause = new TypeError('mine');
    const fail = () => {
      throw cause;
    };
    const hostile = [
      Object.defineProperty({}, 'x', { get: fail, enumerable: true }),
      new (class {
        toJSON = fail;
      })(),
    ];
    for (const value of hostile) {
      expect(() => serializer.dumps([value])).toThrow(expect.objectContaining({ name: 'SerializeError', cause }));
    }
    expect(() => make({ encodeObject: fail }).dumps([{}])).toThrow(expect.objectContaining({ name: 'SerializeError', cause }));
  });

  it('a revoked Proxy is refused with a SerializeError', () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(() => serializer.dumps([proxy])).toThrow(SerializeError);
  });
});

describe.each(NAMES)('values that are written in %s', (name) => {
  const serializer = createSerializers().get(SERIALIZER_IDS[name])!;
  const round = (value: unknown) => serializer.loads(serializer.dumps(value));

  it('values of another realm or without a prototype are written', () => {
    expect(round(runInNewContext('[1, { a: new Date(0), m: new Map([["k", 1]]) }]'))).toEqual([
      1,
      { a: '1970-01-01T00:00:00+00:00', m: { k: 1 } },
    ]);
    expect(round(Object.assign(Object.create(null) as object, { a: 1 }))).toEqual({ a: 1 });
  });

  it('the result of encodeObject is written in place of a value, once', () => {
    const asked: object[] = [];
    const encoding = createSerializers({
      encodeObject: (value) => {
        asked.push(value);
        return value instanceof URL ? { url: value.href, nested: [{ deep: 1 }] } : undefined;
      },
    }).get(SERIALIZER_IDS[name])!;
    const url = new URL('http://a/');
    const value = { u: url };
    expect(encoding.loads(encoding.dumps(value))).toEqual({ u: { url: 'http://a/', nested: [{ deep: 1 }] } });
    expect(asked.slice(0, 2)).toEqual([value, url]);
    expect(asked.some((object) => 'url' in object)).toBe(false);
  });

  it('instances of subclasses are written as the class that they extend', () => {
    class Names extends Map<string, number> {}
    class Items extends Array<number> {}
    expect(round([new Names([['a', 1]]), Items.from([1, 2])])).toEqual([{ a: 1 }, [1, 2]]);
  });

  it('holes in arrays are written as None', () => {
    const holes: unknown[] = [];
    holes[2] = 1;
    expect(round(holes)).toEqual([null, null, 1]);
  });

  it('text of any length is written', () => {
    for (const length of [0, 1, 31, 32, 40, 41, 255, 256, 65_535, 65_536]) {
      expect(round('a'.repeat(length))).toBe('a'.repeat(length));
      expect(round('\u20ac'.repeat(length))).toBe('\u20ac'.repeat(length));
    }
  });

  it('containers of any length are written', () => {
    for (const length of [0, 15, 16, 255, 256, 65_535, 65_536]) {
      const items = Array.from({ length }, (_, index) => index);
      expect(isDeepStrictEqual(round(items), items)).toBe(true);
      const dict = Object.fromEntries(items.map((index) => [`k${index}`, index]));
      expect(isDeepStrictEqual(round(dict), dict)).toBe(true);
    }
  });
});

describe('json keys', () => {
  const json = createSerializers().get(SERIALIZER_IDS.json)!;
  it('json keys that would become the same text are refused', () => {
    expect(() =>
      json.dumps(
        new Map<unknown, unknown>([
          [1, 'a'],
          ['1', 'b'],
        ]),
      ),
    ).toThrow(SerializeError);
    expect(() => json.dumps(new Map([[new PyComplex(1, 1), 1]]))).toThrow(/complex/);
    expect(
      json
        .dumps(
          new Map<unknown, unknown>([
            [1, 'a'],
            [pyFloat(1), 'b'],
            [-0, 'c'],
            [2n ** 70n, 'd'],
          ]),
        )
        .toString(),
    ).toBe(`{"1":"a","1.0":"b","0":"c","${2n ** 70n}":"d"}`);
  });
});

describe('msgpack', () => {
  const msgpack = createSerializers().get(SERIALIZER_IDS.msgpack)!;
  const hex = (text: string) => msgpack.loads(Buffer.from(text, 'hex'));

  it('msgpack: writes ints in their shortest form, and larger ints as digits', () => {
    const forms: [number | bigint, string][] = [
      [0, '00'],
      [127, '7f'],
      [128, 'cc80'],
      [255, 'ccff'],
      [256, 'cd0100'],
      [65_536, 'ce00010000'],
      [2 ** 32, 'cf0000000100000000'],
      [2n ** 64n - 1n, 'cfffffffffffffffff'],
      [-1, 'ff'],
      [-32, 'e0'],
      [-33, 'd0df'],
      [-128, 'd080'],
      [-129, 'd1ff7f'],
      [-32_769, 'd2ffff7fff'],
      [-(2 ** 31) - 1, 'd3ffffffff7fffffff'],
      [-(2n ** 63n), 'd38000000000000000'],
      [2n ** 64n, `c71431${Buffer.from(String(2n ** 64n)).toString('hex')}`],
    ];
    for (const [value, form] of forms) {
      expect(msgpack.dumps(value).toString('hex')).toBe(form);
      expect(hex(form)).toBe(typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value);
    }
  });

  it('msgpack: reads dates of 4 and 8 bytes, and points in time', () => {
    expect(hex('d63303470b00')).toBe('2024-07-08');
    expect(hex('d73303470b0000000000')).toBe('2024-07-08');
    const moment = Buffer.alloc(8);
    moment.writeDoubleLE(1_720_441_845.25);
    expect(hex(`d732${moment.toString('hex')}`)).toMatch(/^2024-07-08T\d\d:\d\d:45\.250000/);
    expect(() => hex('d733ffffffffffffffff')).toThrow(SerializeError);
  });

  it('msgpack: refuses ext types and data that are not Pyro5’s', () => {
    for (const bad of [
      'd43000',
      'd4310a',
      'd4312d',
      'd6ff00000000',
      'd43200',
      'd7330000000000000000',
      'd73300ffffffffffffff',
      'd732000000000000f07f',
      'c1',
    ]) {
      expect(() => hex(bad), bad).toThrow(SerializeError);
    }
    const digits = Buffer.from('9'.repeat(4301));
    const long = Buffer.concat([Buffer.from([0xc8, digits.length >> 8, digits.length & 0xff, 0x31]), digits]);
    expect(() => msgpack.loads(long)).toThrow(/4300/);
  });

  it('msgpack: refuses lengths that the rest of the data cannot hold', () => {
    for (const head of ['ddffffffff', 'dfffffffff', 'dbffffffff', 'c6ffffffff', 'c9ffffffff31', '9f', '8f', 'a5']) {
      expect(() => hex(head), head).toThrow(SerializeError);
    }
  });

  it('msgpack: refuses keys that cannot be hashed, a __proto__ key, and text that is not UTF-8', () => {
    expect(() => hex('819001')).toThrow(/dict key/);
    expect(() => hex('818001')).toThrow(/dict key/);
    expect(() => msgpack.loads(Buffer.concat([Buffer.from([0x81, 0xa9]), Buffer.from('__proto__'), Buffer.from([1])]))).toThrow(
      /__proto__/,
    );
    expect(() => hex('a1ff')).toThrow(SerializeError);
    expect(() => hex('a3eda080')).toThrow(SerializeError);
  });
});
