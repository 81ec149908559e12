import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PyComplex, pyFloat, pyTuple } from '../../../lib/serpent/index.js';
import { SERIALIZER_IDS, type SerializerName } from '../../../lib/serializers/contract/serializer.js';
import { createSerializers } from '../../../lib/serializers/serializers.js';
import { PythonPeer } from './python-peer.js';
import { float, int, type PythonValue, sorted, str, typedOf, withBytes } from './python-value.js';

const NAMES = Object.keys(SERIALIZER_IDS) as SerializerName[];
const natural = createSerializers();
const faithful = createSerializers({ values: 'faithful' });

let python: PythonPeer;
beforeAll(async () => {
  python = await PythonPeer.start();
});
afterAll(() => python.stop());

const list = (...items: PythonValue[]): PythonValue => ['list', items];
const tuple = (...items: PythonValue[]): PythonValue => ['tuple', items];
const hi: PythonValue = ['bytes', '6869'];

/** A row of docs/values.md or docs/serializers.md: one result for all serializers, or one per serializer; an Error means that writing fails. */
type Row<T> = [what: string, value: T, expected: PythonValue | Record<SerializerName, PythonValue | Error>];

describe('JavaScript values in Python', () => {
  const fails = new Error('cannot be written in');
  const rows: Row<unknown>[] = [
    ['undefined', undefined, ['none']],
    ['a boolean', true, ['bool', true]],
    ['a safe integer', 2 ** 53 - 1, int(2 ** 53 - 1)],
    ['an unsafe integer', 2 ** 53, float(2 ** 53)],
    ['minus zero', -0, float(-0)],
    ['pyFloat', pyFloat(2), float(2)],
    ['a bigint', 2n ** 64n, int(2n ** 64n)],
    ['nan', NaN, ['float', 'nan']],
    ['infinity', [Infinity, -Infinity], list(float(Infinity), float(-Infinity))],
    [
      'PyComplex',
      new PyComplex(1, -2),
      { serpent: complex(1, -2), marshal: complex(1, -2), json: fails, msgpack: complex(1, -2) },
    ],
    [
      'bytes',
      [Buffer.from('hi'), new Uint8Array([104, 105])],
      { serpent: list(hi, hi), marshal: list(hi, hi), json: fails, msgpack: list(hi, hi) },
    ],
    ['an ArrayBuffer', new Uint8Array([104, 105]).buffer, { serpent: hi, marshal: hi, json: fails, msgpack: hi }],
    [
      'other typed arrays',
      [new Int16Array([-1]), new Float32Array([1]), new BigUint64Array([2n])],
      list(list(int(-1)), list(float(1)), list(int(2))),
    ],
    [
      'pyTuple',
      pyTuple(1, pyTuple()),
      {
        serpent: tuple(int(1), tuple()),
        marshal: tuple(int(1), tuple()),
        json: list(int(1), list()),
        msgpack: list(int(1), list()),
      },
    ],
    [
      'a Set',
      new Set([1]),
      { serpent: ['set', [int(1)]], marshal: ['set', [int(1)]], json: list(int(1)), msgpack: list(int(1)) },
    ],
    ['an empty Set', new Set(), { serpent: tuple(), marshal: ['set', []], json: list(), msgpack: list() }],
    ['an object', { a: 1, b: undefined }, ['dict', [[str('a'), int(1)]]]],
    ['a Map with names', new Map([['a', 1]]), ['dict', [[str('a'), int(1)]]]],
    [
      'a Map with numbers',
      new Map([[1, 2]]),
      {
        serpent: ['dict', [[int(1), int(2)]]],
        marshal: ['dict', [[int(1), int(2)]]],
        json: ['dict', [[str('1'), int(2)]]],
        msgpack: fails,
      },
    ],
    [
      'a Map with floats',
      new Map([[pyFloat(1), 2]]),
      {
        serpent: ['dict', [[float(1), int(2)]]],
        marshal: ['dict', [[float(1), int(2)]]],
        json: ['dict', [[str('1.0'), int(2)]]],
        msgpack: fails,
      },
    ],
    [
      'a Map with bytes',
      new Map([[Buffer.from('hi'), 2]]),
      {
        serpent: new Error('cannot be a dict key'),
        marshal: ['dict', [[hi, int(2)]]],
        json: fails,
        msgpack: ['dict', [[hi, int(2)]]],
      },
    ],
    [
      'a Map with Arrays',
      new Map([[[1, [2]], 3]]),
      {
        serpent: ['dict', [[tuple(int(1), tuple(int(2))), int(3)]]],
        marshal: ['dict', [[tuple(int(1), tuple(int(2))), int(3)]]],
        json: fails,
        msgpack: fails,
      },
    ],
    [
      'a Map with null and booleans',
      new Map<unknown, unknown>([[null, 1]]),
      {
        serpent: ['dict', [[['none'], int(1)]]],
        marshal: ['dict', [[['none'], int(1)]]],
        json: ['dict', [[str('null'), int(1)]]],
        msgpack: fails,
      },
    ],
    [
      'a Set in a Set',
      new Set([new Set([1])]),
      {
        serpent: new Error('cannot be a dict key or a set member'),
        marshal: ['set', [['set', [int(1)]]]],
        json: list(list(int(1))),
        msgpack: list(list(int(1))),
      },
    ],
    ['a Date', new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 60)), str('2026-01-02T03:04:05.060000+00:00')],
    ['a Date of whole seconds', new Date(0), str('1970-01-01T00:00:00+00:00')],
    ['a boxed primitive', Object('x'), str('x')],
    ['an object with toJSON', new URL('http://a/'), str('http://a/')],
    [
      'an instance',
      new (class Point {
        x = 1;
      })(),
      ['dict', [[str('x'), int(1)]]],
    ],
    [
      'half of a surrogate pair',
      '\ud800',
      { serpent: str('\ud800'), marshal: str('\ud800'), json: str('\ud800'), msgpack: fails },
    ],
  ];

  describe.each(NAMES)('written in %s', (name) => {
    it.each(rows.map(([what]) => what))('Python reads this JavaScript value as docs/values.md says: %s', async (what) => {
      const [, value, row] = rows.find((candidate) => candidate[0] === what)!;
      const expected = Array.isArray(row) ? row : row[name];
      const serializer = natural.get(SERIALIZER_IDS[name])!;
      if (expected instanceof Error) {
        expect(() => serializer.dumps([value])).toThrow(
          expect.objectContaining({ name: 'SerializeError', message: expect.stringMatching(expected.message) as string }),
        );
        expect(() => serializer.dumps([value])).toThrow(/value\[0\]/);
      } else {
        const read = await python.read(name, serializer.dumps(value));
        expect(name === 'serpent' ? withBytes(read) : read).toEqual(expected);
      }
    });
  });
});

describe('Python values in JavaScript', () => {
  const naive = '2026-01-02T03:04:05.060000';
  const fails = new Error('Python cannot write it');
  const rows: Row<PythonValue>[] = [
    ['datetime', ['datetime', naive], { serpent: str(naive), marshal: fails, json: str(naive), msgpack: str(`${naive}+00:00`) }],
    [
      'datetime with a zone',
      ['datetime', `${naive}+02:00`],
      { serpent: str(`${naive}+02:00`), marshal: fails, json: str(`${naive}+02:00`), msgpack: fails },
    ],
    [
      'date',
      ['date', '2026-01-02'],
      { serpent: str('2026-01-02'), marshal: fails, json: str('2026-01-02'), msgpack: str('2026-01-02') },
    ],
    ['Decimal', ['decimal', '1.50'], { serpent: str('1.50'), marshal: fails, json: str('1.50'), msgpack: str('1.50') }],
    ['UUID', ['uuid', '12345678-1234-5678-1234-567812345678'], str('12345678-1234-5678-1234-567812345678')],
    ['timedelta', ['timedelta', 1.5], { serpent: float(1.5), marshal: fails, json: fails, msgpack: fails }],
    [
      'frozenset',
      ['frozenset', [int(1)]],
      { serpent: ['set', [int(1)]], marshal: ['set', [int(1)]], json: fails, msgpack: fails },
    ],
    ['bytes', hi, { serpent: hi, marshal: hi, json: fails, msgpack: hi }],
    ['complex', complex(1, 2), { serpent: complex(1, 2), marshal: complex(1, 2), json: fails, msgpack: complex(1, 2) }],
    [
      'set',
      ['set', [int(1)]],
      { serpent: ['set', [int(1)]], marshal: ['set', [int(1)]], json: list(int(1)), msgpack: list(int(1)) },
    ],
    ['tuple', tuple(int(1)), { serpent: tuple(int(1)), marshal: tuple(int(1)), json: list(int(1)), msgpack: list(int(1)) }],
  ];

  describe.each(NAMES)('read from %s', (name) => {
    it.each(rows.map(([what]) => what))('this Python value is read here as docs/values.md says: %s', async (what) => {
      const [, value, row] = rows.find((candidate) => candidate[0] === what)!;
      const expected = Array.isArray(row) ? row : row[name];
      // values.py also reads its own data, and fails for values that only Pyro5 itself can compare
      const answer = python.write(name, value);
      if (expected instanceof Error) await expect(answer).rejects.toThrow(Error);
      else expect(sorted(typedOf(faithful.get(SERIALIZER_IDS[name])!.loads((await answer).data)))).toEqual(expected);
    });
  });
});

describe.each(NAMES)('calls in %s', (name) => {
  const ours = natural.get(SERIALIZER_IDS[name])!;

  it('calls that Python writes are read', async () => {
    const call = tuple(str('obj'), str('add'), tuple(int(1), str('two')), ['dict', [[str('kw'), list(int(3))]]]);
    const { data } = await python.writeCall(name, call);
    expect(ours.loadsCall(data)).toEqual({ objectId: 'obj', method: 'add', args: [1, 'two'], kwargs: { kw: [3] } });
    expect(faithful.get(SERIALIZER_IDS[name])!.loadsCall(data)).toEqual({
      objectId: 'obj',
      method: 'add',
      args: [1, 'two'],
      kwargs: { kw: [3] },
    });
  });

  it('calls are written so that Python reads them', async () => {
    const data = ours.dumpsCall({ objectId: 'obj', method: 'add', args: [1, 'two'], kwargs: { kw: [3] } });
    const args = [int(1), str('two')];
    const expected = tuple(str('obj'), str('add'), name === 'json' || name === 'msgpack' ? list(...args) : tuple(...args), [
      'dict',
      [[str('kw'), list(int(3))]],
    ]);
    expect(await python.readCall(name, data)).toEqual(expected);
  });
});

describe('marshal of every version', () => {
  const shared: PythonValue = tuple(str('interned_name'), str('länge'), int(-1), int(2n ** 31n), int(-(2n ** 100n)));
  const value = list(
    shared,
    shared,
    float(0.1),
    float(-Infinity),
    complex(1.5, -0.5),
    hi,
    [
      'dict',
      [
        [str('interned_name'), shared],
        [tuple(int(1)), ['none']],
      ],
    ],
    ['frozenset', [['bool', true]]],
    tuple(),
  );

  it.each([0, 1, 2, 3, 4, 5])('marshal of version %i is read', async (version) => {
    const data = await python.marshal(version, value);
    expect(sorted(typedOf(faithful.get(SERIALIZER_IDS.marshal)!.loads(data)))).toEqual(sorted(value));
  });
});

function complex(real: number, imag: number): PythonValue {
  return ['complex', float(real)[1] as string, float(imag)[1] as string];
}
