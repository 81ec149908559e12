import { describe, expect, it } from 'vitest';
import { SecurityError, SerializeError } from '../../../lib/protocol/errors.js';
import { SERIALIZER_IDS } from '../../../lib/protocol/constants.js';
import type { SerializerName, ValueMode } from '../../../lib/serializers/contract/serializer.js';
import { createSerializers } from '../../../lib/serializers/serializers.js';

/** Makes data that grows with a count, and that a careless reader reads in quadratic time. */
type Shape = (count: number) => Buffer | string;

const SMALL = 1_000;
const TIMES = 8;
/** Linear time gives 8, quadratic time 64; the limit leaves room for a busy machine and garbage collection. */
const MOST_TIMES = 24;
/** Shorter times are too short to measure a ratio. */
const NOISE_MS = 60;

const i32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
};
const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const f64 = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
};
const repeated = (count: number, part: (index: number) => Buffer | string): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, index) => Buffer.from(part(index) as string)));
const text = (count: number, part: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => part(index)).join('');

/** Ints that collide in V8's hash tables: their hash, which has no seed, ends in 12 zero bits. */
const colliding: number[] = [];
for (let value = 1; colliding.length < SMALL * TIMES; value++) if ((hashOf(value) & 0xfff) === 0) colliding.push(value);

function hashOf(value: number): number {
  let hash = value | 0;
  hash = ~hash + (hash << 15);
  hash ^= hash >>> 12;
  hash += hash << 2;
  hash ^= hash >>> 4;
  hash = Math.imul(hash, 2057);
  return hash ^ (hash >>> 16);
}

/**
 * Versions of Node before these give names such as '65536' a hash without a seed (CVE-2026-21717). Maps, objects and JSON.parse alike
 * then take quadratic time for many of them, and no code above V8 can mend it: docs/deployment.md names the versions.
 */
const SEEDED_SINCE: Readonly<Record<string, [minor: number, patch: number]>> = { 20: [20, 2], 22: [22, 2], 24: [14, 1] };
const [major, minor, patch] = process.versions.node.split('.').map(Number) as [number, number, number];
const [seededMinor, seededPatch] = SEEDED_SINCE[major] ?? [0, 0];
const NUMBER_NAMES_HAVE_A_SEED = minor > seededMinor || (minor === seededMinor && patch >= seededPatch);

/** Bigints that collide, in a table which is too small to be checked as those of numbers are. */
const SMALL_TABLE = `{${Array.from({ length: 127 }, (_, index) => `0x${((BigInt(index + 1) << 64n) | 5n).toString(16)}`).join(',')}},`;
const MANY_TAGS = Array.from({ length: 900 }, (_, index) => (index * 7_919) % 900).join(',');

const SERPENT: Record<string, Shape> = {
  'a list of ints': (count) => `[${'12345, '.repeat(count)}]`,
  'floats of many digits': (count) => `[${`1.${'1'.repeat(40)}, `.repeat(count)}]`,
  'one float of very many digits': (count) => `1.${'1'.repeat(count * 20)}`,
  'one int of too many digits': (count) => '1'.repeat(count * 20),
  'one int of too many digits, in hex': (count) => `0x${'f'.repeat(count * 20)}`,
  'underscores in a number': (count) => `1${'_1'.repeat(count * 10)}.5`,
  'a string of escapes': (count) => `'${String.raw`\x41\u00e9\n`.repeat(count)}'`,
  'a string of halves of pairs': (count) => `'${String.raw`\ud800`.repeat(count * 4)}'`,
  'a string of letters beyond latin 1': (count) => `'${'\u20ac\u{1f600}'.repeat(count * 2)}'`,
  'backslashes without an end': (count) => `'${String.raw`\\`.repeat(count * 10)}`,
  'quotation marks in triple ones': (count) => `'''${`'' `.repeat(count * 5)}'''`,
  'triple quotes that never end': (count) => `'''${`'' `.repeat(count * 5)}`,
  'adjacent strings': (count) => `[${"'ab' ".repeat(count * 3)}]`,
  'adjacent bytes': (count) => `[${"b'ab' ".repeat(count * 3)}]`,
  'prefixes of no string': (count) => `[${'br '.repeat(count * 3)}]`,
  'raw strings of backslashes': (count) => `r'${String.raw`\a`.repeat(count * 5)}'`,
  'white space': (count) => `[${' \n\t'.repeat(count * 10)}1]`,
  comments: (count) => `[${'# [ (\n'.repeat(count * 5)}1]`,
  'continued lines': (count) => `[${'\\\n'.repeat(count * 10)}1]`,
  'brackets too deep': (count) => '['.repeat(count * 20),
  'parentheses too deep': (count) => '('.repeat(count * 20),
  'braces too deep': (count) => '{1:'.repeat(count * 7),
  'shallow brackets, again and again': (count) => `[${`${'['.repeat(50)}${']'.repeat(50)},`.repeat(count / 10)}]`,
  signs: (count) => '-'.repeat(count * 20),
  'a sum without an end': (count) => '1+1j'.repeat(count * 5),
  'complex numbers': (count) => `[${'(1.5-2j), '.repeat(count * 2)}]`,
  'dicts with the same keys': (count) => `[${"{'name': 1, 'size': 2}, ".repeat(count)}]`,
  'dicts with keys in another order each': (count) => `[${text(count, (i) => `{'a${i % 7}': 1, 'b${i % 5}': 2}, `)}]`,
  'a dict of very many names': (count) => `{${text(count, (i) => `'name ${i}': ${i}, `)}}`,
  'a dict with one name again and again': (count) => `{${"'name': 1, ".repeat(count * 2)}}`,
  ...(NUMBER_NAMES_HAVE_A_SEED && {
    'a dict of names that are numbers': (count: number) => `{${text(count, (i) => `'${i * 65_536}': 1, `)}}`,
  }),
  'a dict of inherited names': (count) => `{${"'constructor': 1, 'toString': 2, ".repeat(count)}}`,
  'a dict of ints': (count) => `{${text(count, (i) => `${i}: 1, `)}}`,
  'a dict of ints that collide': (count) => `{${text(count, (i) => `${colliding[i]}: 1, `)}}`,
  'a dict of large ints that collide': (count) => `{${text(count, (i) => `${BigInt(i + 1) << 64n}: 1, `)}}`,
  'small sets of large ints that collide': (count) => `[${SMALL_TABLE.repeat(count / 20)}]`,
  'URIs with many tags': (count) =>
    `[${`{'__class__': 'Pyro5.core.URI', 'state': ('PYROMETA', '${MANY_TAGS}', None, None, None)}, `.repeat(count / 100)}]`,
  'a dict of floats that collide': (count) => `{${text(count, (i) => `${collidingFloat(i)}: 1, `)}}`,
  'a dict of tuples': (count) => `{${text(count, (i) => `(${i}, 'x'): 1, `)}}`,
  'a dict of one key in all its forms': (count) => `{${'1: 1, 1.0: 2, True: 3, '.repeat(count)}}`,
  'a set of ints': (count) => `{${text(count, (i) => `${i}, `)}}`,
  'a set of ints that collide': (count) => `{${text(count, (i) => `${colliding[i]}, `)}}`,
  'a set of large ints that collide': (count) => `{${text(count, (i) => `${BigInt(i + 1) << 64n}, `)}}`,
  'a set of floats that collide': (count) => `{${text(count, (i) => `${collidingFloat(i)}, `)}}`,
  'a set of tuples': (count) => `{${text(count, (i) => `(${i}, (1.5,)), `)}}`,
  'a set of long strings that begin alike': (count) => `{${text(count / 10, (i) => `'${'x'.repeat(200)}${i}', `)}}`,
  'bytes in base64': (count) => `{'data': '${'QUJD'.repeat(count * 5)}', 'encoding': 'base64'}`,
  'many small bytes in base64': (count) => `[${"{'data': 'QUJD', 'encoding': 'base64'}, ".repeat(count)}]`,
  'class dicts': (count) => `[${"{'__class__': 'Pyro5.core.URI', 'state': ('PYRO', 'o', None, 'h', 1)}, ".repeat(count / 2)}]`,
  exceptions: (count) => `[${"{'__class__': 'builtins.ValueError', '__exception__': True, 'args': ('x',)}, ".repeat(count / 2)}]`,
  'a class name that is long': (count) => `{'__class__': '${'a.'.repeat(count * 10)}'}`,
  nan: (count) => `[${"{'__class__': 'float', 'value': 'nan'}, ".repeat(count)}]`,
};

const JSON_TEXT: Record<string, Shape> = {
  'a list of ints': (count) => `[${'12345, '.repeat(count)}0]`,
  'one int of too many digits': (count) => '1'.repeat(count * 20),
  'one float of very many digits': (count) => `1.${'1'.repeat(count * 20)}`,
  'large ints': (count) => `[${`${'9'.repeat(300)}, `.repeat(count / 10)}0]`,
  'a string of escapes': (count) => `"${String.raw`\u00e9\n\ud83d\ude00`.repeat(count)}"`,
  'a string of halves of pairs': (count) => `"${String.raw`\ud800`.repeat(count * 4)}"`,
  'an exception with a traceback of control characters': (count) =>
    `{"__class__": "a.B", "__exception__": true, "args": [], "attributes": {"_pyroTraceback": [${text(count, () => `"${String.raw`\u0001`.repeat(10)}", `)}""]}}`,
  'backslashes without an end': (count) => `"${String.raw`\\`.repeat(count * 10)}`,
  'white space': (count) => `[${' \n\t'.repeat(count * 10)}1]`,
  'brackets too deep': (count) => '['.repeat(count * 20),
  'objects too deep': (count) => '{"a":'.repeat(count * 4),
  'shallow brackets, again and again': (count) => `[${`${'['.repeat(50)}${']'.repeat(50)},`.repeat(count / 10)}0]`,
  'objects with the same names': (count) => `[${'{"name": 1, "size": 2}, '.repeat(count)}0]`,
  'an object of very many names': (count) => `{${text(count, (i) => `"name ${i}": ${i}, `)}"": 0}`,
  'an object with one name again and again': (count) => `{${'"name": 1, '.repeat(count * 2)}"": 0}`,
  ...(NUMBER_NAMES_HAVE_A_SEED && {
    'an object of names that are numbers': (count: number) => `{${text(count, (i) => `"${i * 65_536}": 1, `)}"": 0}`,
  }),
  'an object of names that are numbers, and collide': (count) => `{${text(count, (i) => `"${colliding[i]}": 1, `)}"": 0}`,
  'an object of inherited names': (count) => `{${'"constructor": 1, "toString": 2, '.repeat(count)}"": 0}`,
  'class dicts': (count) => `[${'{"__class__": "Pyro5.core.URI", "state": ["PYRO", "o", null, "h", 1]}, '.repeat(count / 2)}0]`,
  exceptions: (count) => `[${'{"__class__": "builtins.ValueError", "__exception__": true, "args": ["x"]}, '.repeat(count / 2)}0]`,
};

const marshalDict = (entries: Buffer): Buffer => Buffer.concat([Buffer.from('{'), entries, Buffer.from('0')]);
const marshalSet = (count: number, members: Buffer): Buffer => Buffer.concat([Buffer.from('<'), i32(count), members]);
const marshalList = (count: number, members: Buffer): Buffer => Buffer.concat([Buffer.from('['), i32(count), members]);
const marshalInt = (value: number): Buffer => Buffer.concat([Buffer.from('i'), i32(value)]);
/** Ints above 64 bits. */
const marshalLarge = (value: number): Buffer =>
  Buffer.concat([
    Buffer.from('l'),
    i32(7),
    Buffer.alloc(8),
    Buffer.from([(value << 4) & 0xf0, (value >> 4) & 0x7f, (value >> 11) & 0xff, (value >> 19) & 0x7f, 1, 0]),
  ]);
const marshalFloat = (value: number): Buffer => Buffer.concat([Buffer.from('g'), f64(value)]);
const marshalText = (value: string): Buffer => Buffer.concat([Buffer.from('z'), Buffer.from([value.length]), Buffer.from(value)]);

/** Halves of surrogate pairs, of three bytes each. */
const marshalHalves = (count: number): Buffer =>
  Buffer.concat([Buffer.from('u'), i32(count * 3), Buffer.alloc(count * 3, Buffer.from([0xed, 0xa0, 0x80]))]);
/** An exception whose attributes are the first value that can be referred to. */
const sharedException = marshalDict(
  Buffer.concat([
    ...['__class__', 'a.B', '__exception__'].map(marshalText),
    Buffer.from('T'),
    marshalText('args'),
    Buffer.from([0x29, 0]),
    marshalText('attributes'),
    Buffer.from('r'),
    i32(0),
  ]),
);

const MARSHAL: Record<string, Shape> = {
  'a list of ints': (count) => marshalList(count * 4, repeated(count * 4, marshalInt)),
  'lists too deep': (count) => Buffer.alloc(count * 20, Buffer.concat([Buffer.from('['), i32(1)])),
  'empty lists': (count) =>
    marshalList(
      count * 4,
      repeated(count * 4, () => marshalList(0, Buffer.alloc(0))),
    ),
  'one int of too many digits': (count) => Buffer.concat([Buffer.from('l'), i32(count * 10), Buffer.alloc(count * 20, 1)]),
  'large ints': (count) => marshalList(count, repeated(count, marshalLarge)),
  'a long text beyond ASCII': (count) => Buffer.concat([Buffer.from('u'), i32(count * 20), Buffer.alloc(count * 20, '\u00e9')]),
  'a text of halves of pairs': (count) => marshalHalves(count * 20),
  'a text of halves of pairs among letters': (count) =>
    Buffer.concat([Buffer.from('u'), i32(count * 20), Buffer.alloc(count * 20, Buffer.from([0x61, 0xed, 0xa0, 0x80]))]),
  'texts of one half of a pair': (count) =>
    marshalList(
      count * 4,
      repeated(count * 4, () => marshalHalves(1)),
    ),
  'exceptions that share a traceback of control characters': (count) =>
    marshalList(
      count,
      Buffer.concat([
        Buffer.from([0x7b | 0x80]),
        marshalText('_pyroTraceback'),
        marshalList(1, Buffer.concat([Buffer.from('u'), i32(count * 20), Buffer.alloc(count * 20, 1)])),
        Buffer.from('0'),
        repeated(count - 1, () => sharedException),
      ]),
    ),
  'references to one long list': (count) =>
    marshalList(
      count + 1,
      Buffer.concat([
        Buffer.from([0x5b | 0x80]),
        i32(1000),
        Buffer.alloc(1000, 'N'),
        repeated(count, () => Buffer.concat([Buffer.from('r'), i32(0)])),
      ]),
    ),
  'references to the one before': (count) =>
    marshalList(
      count,
      repeated(count, (i) =>
        i === 0 ? Buffer.from([0x4e | 0x80]) : Buffer.concat([Buffer.from([0x28 | 0x80]), i32(1), Buffer.from('r'), i32(i - 1)]),
      ),
    ),
  'a dict of ints': (count) => marshalDict(repeated(count, (i) => Buffer.concat([marshalInt(i), Buffer.from('N')]))),
  'a dict of ints that collide': (count) =>
    marshalDict(repeated(count, (i) => Buffer.concat([marshalInt(colliding[i]!), Buffer.from('N')]))),
  'a dict of large ints that collide': (count) =>
    marshalDict(repeated(count, (i) => Buffer.concat([marshalLarge(i), Buffer.from('N')]))),
  'a dict of floats that collide': (count) =>
    marshalDict(repeated(count, (i) => Buffer.concat([marshalFloat(collidingFloat(i)), Buffer.from('N')]))),
  'a dict of very many names': (count) =>
    marshalDict(repeated(count, (i) => Buffer.concat([marshalText(`name ${i}`), Buffer.from('N')]))),
  'a dict of names that are numbers, and collide': (count) =>
    marshalDict(repeated(count, (i) => Buffer.concat([marshalText(String(colliding[i])), Buffer.from('N')]))),
  'a set of ints that collide': (count) =>
    marshalSet(
      count,
      repeated(count, (i) => marshalInt(colliding[i]!)),
    ),
  'a set of large ints that collide': (count) => marshalSet(count, repeated(count, marshalLarge)),
  'a set of tuples': (count) =>
    marshalSet(
      count,
      repeated(count, (i) => Buffer.concat([Buffer.from([0x29, 1]), marshalInt(i)])),
    ),
  'class dicts': (count) =>
    marshalList(
      count,
      repeated(count, () => marshalDict(Buffer.concat([marshalText('__class__'), marshalText('Pyro5.server.Daemon')]))),
    ),
};

const msgpackMap = (count: number, entries: Buffer): Buffer => Buffer.concat([Buffer.from([0xdf]), u32(count), entries]);
const msgpackList = (count: number, members: Buffer): Buffer => Buffer.concat([Buffer.from([0xdd]), u32(count), members]);
const msgpackText = (value: string): Buffer => Buffer.concat([Buffer.from([0xd9, value.length]), Buffer.from(value)]);
const msgpackLarge = (value: bigint): Buffer => {
  const digits = Buffer.from(String(value));
  return Buffer.concat([Buffer.from([0xc7, digits.length, 0x31]), digits]);
};

const MSGPACK: Record<string, Shape> = {
  'a list of ints': (count) =>
    msgpackList(
      count * 4,
      repeated(count * 4, (i) => Buffer.concat([Buffer.from([0xce]), u32(i)])),
    ),
  'lists too deep': (count) => Buffer.alloc(count * 20, 0x91),
  'empty lists': (count) => msgpackList(count * 20, Buffer.alloc(count * 20, 0x90)),
  'large ints': (count) =>
    msgpackList(
      count,
      repeated(count, (i) => msgpackLarge((BigInt(i) + 1n) << 100n)),
    ),
  'one int of too many digits': (count) =>
    Buffer.concat([Buffer.from([0xc9]), u32(count * 20), Buffer.from([0x31]), Buffer.alloc(count * 20, '1')]),
  'a long text beyond ASCII': (count) =>
    Buffer.concat([Buffer.from([0xdb]), u32(count * 20), Buffer.alloc(count * 20, '\u00e9')]),
  'a dict of ints that collide': (count) =>
    msgpackMap(
      count,
      repeated(count, (i) => Buffer.concat([Buffer.from([0xce]), u32(colliding[i]!), Buffer.from([0xc0])])),
    ),
  'a dict of large ints that collide': (count) =>
    msgpackMap(
      count,
      repeated(count, (i) => Buffer.concat([msgpackLarge(BigInt(i + 1) << 64n), Buffer.from([0xc0])])),
    ),
  'a dict of very many names': (count) =>
    msgpackMap(
      count,
      repeated(count, (i) => Buffer.concat([msgpackText(`name ${i}`), Buffer.from([0xc0])])),
    ),
  'a dict of bytes': (count) =>
    msgpackMap(
      count,
      repeated(count, (i) => Buffer.concat([Buffer.from([0xc4, 4]), u32(i), Buffer.from([0xc0])])),
    ),
  'a dict of names that are numbers, and collide': (count) =>
    msgpackMap(
      count,
      repeated(count, (i) => Buffer.concat([msgpackText(String(colliding[i])), Buffer.from([0xc0])])),
    ),
  'class dicts': (count) =>
    msgpackList(
      count,
      repeated(count, () => Buffer.concat([Buffer.from([0x81]), msgpackText('__class__'), msgpackText('Pyro5.server.Daemon')])),
    ),
};

/** Floats that are no ints and have the same hash in V8, which mixes all 64 bits. */
function collidingFloat(index: number): number {
  return unmixed[index]!;
}
const unmixed = floatsOfOneHash(SMALL * TIMES);

/** Inverts V8's hash of a double: all results have the same low hash bits and any upper bits. */
function floatsOfOneHash(count: number): number[] {
  const view = new DataView(new ArrayBuffer(8));
  const floats: number[] = [];
  for (let high = 1n; floats.length < count; high++) {
    view.setBigUint64(0, unmixedBits(high << 30n));
    const value = view.getFloat64(0);
    if (Number.isFinite(value) && !Number.isInteger(value)) floats.push(value);
  }
  return floats;
}

function unmixedBits(hash: bigint): bigint {
  const wrap = (value: bigint): bigint => BigInt.asUintN(64, value);
  const unshift = (value: bigint, bits: bigint): bigint => {
    let result = value;
    for (let shift = bits; shift < 64n; shift += bits) result = value ^ (result >> bits);
    return result;
  };
  const inverse = (factor: bigint): bigint => {
    let result = 1n;
    for (let i = 0; i < 6; i++) result = wrap(result * (2n - factor * result));
    return result;
  };
  let bits = unshift(hash, 22n);
  bits = wrap(bits * inverse(65n));
  bits = unshift(bits, 11n);
  bits = wrap(bits * inverse(21n));
  bits = unshift(bits, 31n);
  // hash = ~key + (key << 18): (2 ** 18 - 1) * key - 1
  return wrap((bits + 1n) * inverse((1n << 18n) - 1n));
}

/** Items of few bytes, so that each byte costs much. */
const SHORT: Record<SerializerName, readonly string[]> = {
  serpent: ["'\\n',", "'\u00e9',", 'np.int8(1),', 'np.half(1),', "np.str_(''),", '1_0,', '0x1,', '-1,'],
  json: ['-1,', '1.5,', '-0,', '"\\n",', '"\u00e9",', '"a",'],
  marshal: ['f\x010', 'f\x031e5', 'x\x010\x010', 'l\x01\0\0\0\x01\0'],
  msgpack: ['\xd4\x315', '\xd5\x311j', '\xd6\x33\0\0\x0b\0', '\xd7\x32\0\0\0\0\0\0\0\0'],
};
/** Each takes 2 to 5 times as long as ints of serpent; with a regular expression for each it was 9 to 20 times. */
const MOST_TIMES_INTS = 9;
const SHORT_BYTES = 2 ** 18;

function listOf(name: SerializerName, item: string): Buffer {
  const unit = Buffer.from(item, name === 'json' || name === 'serpent' ? 'utf8' : 'latin1');
  const count = Math.floor(SHORT_BYTES / unit.length);
  const items = Buffer.alloc(count * unit.length, unit);
  const made: Record<SerializerName, () => Buffer> = {
    serpent: () => Buffer.concat([Buffer.from('['), items, Buffer.from(']')]),
    json: () => Buffer.concat([Buffer.from('['), items, Buffer.from('0]')]),
    marshal: () => marshalList(count, items),
    msgpack: () => msgpackList(count, items),
  };
  return made[name]();
}

const SHAPES: Record<SerializerName, Record<string, Shape>> = {
  serpent: SERPENT,
  marshal: MARSHAL,
  json: JSON_TEXT,
  msgpack: MSGPACK,
};

/** CPU time of this process; other programs do not count. */
function cpuMs(work: () => void): number {
  const begun = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / 1_000;
}

/** The CPU time of the fastest of some reads. */
function fastest(work: () => void): number {
  return Math.min(...Array.from({ length: 9 }, () => cpuMs(work)));
}

describe('the time of values of few bytes', () => {
  const all = createSerializers();
  const ints = listOf('serpent', '123,');

  it.each(Object.entries(SHORT).flatMap(([name, items]) => items.map((item) => [name as SerializerName, item] as const)))(
    '%s: many %j take no longer than lists of ints, by far',
    (name, item) => {
      const data = listOf(name, item);
      const serializer = all.get(SERIALIZER_IDS[name])!;
      let ratio = Infinity;
      for (let round = 0; round < 5 && ratio > MOST_TIMES_INTS; round++) {
        const reference = fastest(() => void all.get(SERIALIZER_IDS.serpent)!.loads(ints));
        ratio = fastest(() => void serializer.loads(data)) / reference;
      }
      expect(ratio).toBeLessThan(MOST_TIMES_INTS);
    },
  );

  it.each(Object.keys(SHORT) as SerializerName[])(
    '%s: a list of texts in place of a call costs as a value, by and large',
    (name) => {
      const serializer = all.get(SERIALIZER_IDS[name])!;
      const data = serializer.dumps(Array.from({ length: 50_000 }, () => 'a'));
      const asCall = (): void => expect(() => serializer.loadsCall(data)).toThrow('a call is');
      let ratio = Infinity;
      for (let round = 0; round < 5 && ratio > 3; round++) ratio = fastest(asCall) / fastest(() => void serializer.loads(data));
      expect(ratio).toBeLessThan(3);
    },
  );
});

describe.each(Object.entries(SHAPES))('reading %s', (name, shapes) => {
  it.each(Object.keys(shapes))('the time of reading is proportional to the data: %s', (title) => {
    for (const values of ['natural', 'faithful'] as ValueMode[]) {
      const serializer = createSerializers({ values }).get(SERIALIZER_IDS[name as SerializerName])!;
      const shape = shapes[title]!;
      const read = (data: Buffer) => (): void => {
        try {
          serializer.loads(data);
        } catch (error) {
          if (!(error instanceof SerializeError) && !(error instanceof SecurityError)) throw error;
        }
      };
      const [small, large] = [SMALL, SMALL * TIMES].map((count) => Buffer.from(shape(count) as string));
      read(small!)();
      let [smallMs, largeMs] = [Infinity, Infinity];
      // a disturbance does not hit all rounds
      for (let round = 0; round < 5 && !(largeMs < Math.max(NOISE_MS, smallMs * MOST_TIMES)); round++) {
        smallMs = Math.min(smallMs, cpuMs(read(small!)));
        largeMs = Math.min(largeMs, cpuMs(read(large!)));
      }
      const what = `${values}: ${small!.length} bytes take ${smallMs} ms, ${large!.length} bytes ${largeMs} ms`;
      expect(largeMs, what).toBeLessThan(Math.max(NOISE_MS, smallMs * MOST_TIMES));
    }
  });
});
