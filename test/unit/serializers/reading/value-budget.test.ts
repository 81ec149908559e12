import { setFlagsFromString } from 'node:v8';
import { runInThisContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { SerializeError } from '../../../../lib/protocol/errors.js';
import { HandshakeBudget, ValueBudget } from '../../../../lib/serializers/contract/value-budget.js';
import { UnreadableError } from '../../../../lib/serializers/contract/unreadable-error.js';
import { SERIALIZER_IDS } from '../../../../lib/protocol/constants.js';
import type { Serializer, SerializerName } from '../../../../lib/serializers/contract/serializer.js';
import { createSerializers } from '../../../../lib/serializers/serializers.js';

setFlagsFromString('--allow-natives-syntax');
const hasHashTable = runInThisContext('(object) => %HasDictionaryElements(object)') as (object: object) => boolean;
const isCompact = runInThisContext('(list) => %HasDoubleElements(list)') as (list: unknown[]) => boolean;

const NAMES = Object.keys(SERIALIZER_IDS) as SerializerName[];
const serializer = (name: SerializerName, options = {}): Serializer => createSerializers(options).get(SERIALIZER_IDS[name])!;

/** The estimated memory of a value. */
function costOf(name: SerializerName, value: unknown, options = {}): number {
  const budget = new ValueBudget(Infinity);
  serializer(name, options).loads(serializer(name).dumps(value), { budget });
  return budget.spentBytes;
}

function failureOf(read: () => unknown): UnreadableError {
  try {
    read();
  } catch (error) {
    return error as UnreadableError;
  }
  throw new Error('the value was read');
}

const many = (count: number, value: unknown): unknown[] => Array.from({ length: count }, () => value);

describe('short texts that are far from each other, which V8 keeps with what stands between them', () => {
  const COUNT = 200;
  const text = 'abcdefghijklmn';
  const gap = ' '.repeat(1_083);
  const names = many(9, 0).map((_, index) => `n${index}`.padEnd(120, 'x'));
  const marshalText = (value: string): Buffer => Buffer.from(`z${String.fromCharCode(value.length)}${value}`);
  const flagged = (bytes: Buffer): Buffer => Buffer.concat([Buffer.from([bytes[0]! | 0x80]), bytes.subarray(1)]);
  const members = names.flatMap((name) => [marshalText(name), Buffer.from('N')]);
  const marshalDict = (refs: boolean): Buffer =>
    Buffer.concat([
      Buffer.from('{'),
      marshalText('k'),
      marshalText(text),
      ...(refs ? members.map((member, index) => (index % 2 === 0 ? flagged(member) : member)) : members),
      Buffer.from('0'),
    ]);
  const marshalList = (dict: Buffer): Buffer => {
    const head = Buffer.from('[    ');
    head.writeInt32LE(COUNT, 1);
    return Buffer.concat([head, ...many(COUNT, dict)] as Buffer[]);
  };
  const special = `{'__class__':'float','value':'${'1'.padStart(100, '0')}'},`;

  it.each<[SerializerName, string, Buffer]>([
    ['serpent', 'spaces', Buffer.from(`[${`'${text}',${gap}`.repeat(COUNT)}]`)],
    ['serpent', 'comments', Buffer.from(`[${`'${text}',#${gap}\n`.repeat(COUNT)}]`)],
    ['serpent', 'texts of floats', Buffer.from(`[${`'${text}',${special.repeat(9)}`.repeat(COUNT)}]`)],
    ['json', 'spaces', Buffer.from(`[${many(COUNT, `"${text}"`).join(`,${gap}`)}]`)],
    ['marshal', 'known names', marshalList(marshalDict(false))],
    ['marshal', 'known names that can be referred to', marshalList(marshalDict(true))],
  ])('short texts that are far from each other cost their neighbours, too: %s, %s', (name, _, data) => {
    const budget = new ValueBudget(Infinity);
    serializer(name).loads(data, { budget });
    expect(budget.spentBytes).toBeGreaterThan((COUNT - 2) * 1_000);
    // and not much more
    expect(budget.spentBytes).toBeLessThan(COUNT * 1_400);
  });

  it.each(NAMES)('texts next to each other cost no more than before: %s', (name) => {
    const cost = costOf(
      name,
      many(COUNT, 0).map((_, index) => `text number ${index} of many`),
    );
    expect(cost).toBeLessThan(COUNT * (24 + 27 + 12) + 200);
  });
});

it.each(NAMES)('a Date costs more than its text: %s', (name) => {
  const texts = many(100, '2026-01-31T10:20:30+00:00');
  expect(costOf(name, texts, { dates: 'Date' }) - costOf(name, texts)).toBe(100 * 72);
  const read = (): unknown => serializer(name, { dates: 'Date', maxValueBytes: 8_000 }).loads(serializer(name).dumps(texts));
  expect(read).toThrow('maxValueBytes is 8000');
});

describe('the cost of a value: serpent', () => {
  it('long names, and the hundredth name of a dict, cost once, however many dicts have them', () => {
    const dict = Object.fromEntries(Array.from({ length: 100 }, (_, i) => ['n'.repeat(i + 1), null]));
    const oneMore = costOf('serpent', many(51, dict)) - costOf('serpent', many(50, dict));
    // a hash table of 100 members
    expect(oneMore).toBeLessThan(6_000);
  });

  it('a new name is not counted as a string as well', () => {
    const names = (start: number): object => Object.fromEntries(many(10, 0).map((_, i) => [`name ${start + i}`, null]));
    const costs = costOf('serpent', [names(10), names(20), names(30)]) - costOf('serpent', [names(10), names(20)]);
    expect(costs).toBeLessThan(56 + 6 * 8 + 10 * (75 + 7) + 50);
  });
});

describe.each(NAMES)('the cost of a value: %s', (name) => {
  it('a value over maxValueBytes is refused, and the error names the memory, the limit and the option', () => {
    const data = serializer(name).dumps(many(10_000, {}));
    const error = failureOf(() => serializer(name, { maxValueBytes: 100_000 }).loads(data));
    expect(error).toBeInstanceOf(SerializeError);
    const [, spent] = /the value takes (\d+) bytes of memory or more \(maxValueBytes is 100000\)/.exec(error.message) ?? [];
    // the reader stops where the value goes over the limit
    expect(Number(spent)).toBeGreaterThan(100_000);
    expect(Number(spent)).toBeLessThan(110_000);
    expect(error.toPythonError()).toMatchObject({ pythonType: 'builtins.ValueError' });
  });

  it('the argument of a call that costs too much is named', () => {
    const call = { objectId: 'thing', method: 'measure', args: [1, many(10_000, [])], kwargs: {} };
    const data = serializer(name).dumpsCall(call);
    const error = failureOf(() => serializer(name, { maxValueBytes: 100_000 }).loadsCall(data));
    expect(error.message).toMatch(/^argument 2.* of measure cannot be read: the value takes \d+ bytes of memory or more/);
  });

  it('a list of a hundred thousand floats costs 8 to 16 bytes for each', () => {
    const floats = Array.from({ length: 100_000 }, (_, index) => index + 0.5);
    const cost = costOf(name, floats);
    expect(cost).toBeGreaterThan(800_000);
    expect(cost).toBeLessThan(1_600_000);
  });

  it('floats among other values cost more', () => {
    const floats: unknown[] = Array.from({ length: 1_000 }, (_, index) => index + 0.5);
    expect(costOf(name, [...floats, null])).toBeGreaterThan(costOf(name, floats) + 15_000);
  });

  it('lists of numbers stay compact, whatever lists were read before', () => {
    const data = serializer(name).dumps([[{}], [1.5, null], [1.5, 2.5], ['x']]);
    for (let round = 0; round < 200; round++) serializer(name).loads(data);
    expect((serializer(name).loads(data) as unknown[][]).map(isCompact)).toEqual([false, false, true, false]);
  });

  it('dicts with the same names cost less than dicts with names of their own', () => {
    const same = Array.from({ length: 1_000 }, () => ({ alpha: 1, beta: 2 }));
    const own = Array.from({ length: 1_000 }, (_, index) => ({ [`alpha${index}`]: 1, [`beta${index}`]: 2 }));
    expect(costOf(name, own)).toBeGreaterThan(2 * costOf(name, same));
  });

  it('keys that look like array indices are stored in a hash table, and cost what it takes', () => {
    const value = many(100, { 1023: 'x', name: 'y' });
    const read = serializer(name).loads(serializer(name).dumps(value)) as object[];
    expect(read).toStrictEqual(value);
    expect(read.map(hasHashTable)).not.toContain(false);
    expect(costOf(name, value)).toBeGreaterThan(100 * 200);
    expect(costOf(name, value)).toBeLessThan(100 * 600);
  });

  it('keyword arguments that look like array indices are stored in a hash table', () => {
    const call = { objectId: 'thing', method: 'm', args: [], kwargs: { 1023: 1 } };
    for (const values of ['natural', 'faithful']) {
      const { kwargs } = serializer(name, { values }).loadsCall(serializer(name).dumpsCall(call));
      expect(kwargs).toEqual(call.kwargs);
      expect(hasHashTable(kwargs)).toBe(true);
    }
  });

  it('an exception has its attributes in a hash table, when they look like array indices', () => {
    const dict = { __class__: 'builtins.ValueError', __exception__: true, args: [], attributes: { 1023: 1 } };
    const error = serializer(name).loads(serializer(name).dumps(dict)) as { attributes: object };
    expect(hasHashTable(error.attributes)).toBe(true);
  });

  it('exceptions and proxies inside of a value count', () => {
    const exception = { __class__: 'builtins.ValueError', __exception__: true, args: [], attributes: {} };
    const data = serializer(name).dumps(many(1_000, exception));
    const plain = new ValueBudget(Infinity);
    serializer(name).loads(data, { budget: plain, plain: true });
    const made = new ValueBudget(Infinity);
    serializer(name).loads(data, { budget: made });
    expect(made.spentBytes).toBeGreaterThan(plain.spentBytes + 100_000);
  });

  it('a reader that knows the names from before gives the same values', () => {
    const one = serializer(name);
    const data = one.dumps([{ constructor: 1, b: { c: 1 } }, { __class__: 'lab.Unknown', b: 2 }, { b: 1, constructor: 2 }, {}]);
    const first = one.loads(data, { plain: true });
    expect(one.loads(data, { plain: true })).toStrictEqual(first);
    expect(() => one.loads(data)).toThrow('unsupported serialized class: lab.Unknown');
  });
});

describe('budgets', () => {
  it('the budget of a handshake is four times maxHandshakeBytes, and the error says so', () => {
    const budget = new HandshakeBudget(1_000);
    expect(budget.limitBytes).toBe(4_000);
    const error = failureOf(() => serializer('json').loads(Buffer.from(`[${'{},'.repeat(100)}0]`), { budget }));
    expect(error.message).toContain('that of a handshake may take 4 times maxHandshakeBytes (1000)');
  });

  it('a value in marshal costs as often as it is referred to, as if it were written out', () => {
    const costOfCopies = (value: Buffer, count: number): number => {
      const flagged = Buffer.from(value);
      flagged[0]! |= 0x80;
      const references = many(count - 1, Buffer.from([0x72, 0, 0, 0, 0])) as Buffer[];
      const budget = new ValueBudget(Infinity);
      serializer('marshal').loads(Buffer.concat([Buffer.from([0x5b, count, 0, 0, 0]), flagged, ...references]), { budget });
      return budget.spentBytes;
    };
    const list = Buffer.concat([Buffer.from([0x5b, 100, 0, 0, 0]), Buffer.alloc(100, 'N')]);
    const text = Buffer.concat([Buffer.from([0x75, 100, 0, 0, 0]), Buffer.alloc(100, 'a')]);
    for (const value of [list, text]) {
      const once = costOfCopies(value, 1);
      expect(costOfCopies(value, 100)).toBeGreaterThan(99 * (once - 100));
      expect(costOfCopies(value, 100)).toBeLessThan(100 * (once + 16));
    }
  });

  it('values that can be referred to cost no more where they are referred to', () => {
    const row = (item: string): Buffer =>
      Buffer.concat([Buffer.from([0xdb, 50, 0, 0, 0]), Buffer.from(item.repeat(50), 'latin1')]);
    const costs = ['N', '\xce'].map((item) => {
      const budget = new ValueBudget(Infinity);
      const references = many(99, Buffer.from([0x72, 0, 0, 0, 0])) as Buffer[];
      serializer('marshal').loads(Buffer.concat([Buffer.from([0x5b, 100, 0, 0, 0]), row(item), ...references]), { budget });
      return budget.spentBytes;
    });
    expect(costs[1]).toBe(costs[0]);
  });

  it('names of dicts that can be referred to cost the same as other names', () => {
    const dict = (letter: string): Buffer =>
      Buffer.concat([
        Buffer.from('{'),
        ...['a', 'b', 'c', 'd'].map((name) => Buffer.from(`${letter}\x01${name}N`, 'latin1')),
        Buffer.from('0'),
      ]);
    const costs = ['z', '\xfa'].map((letter) => {
      const budget = new ValueBudget(Infinity);
      const dicts = many(100, dict(letter)) as Buffer[];
      serializer('marshal').loads(Buffer.concat([Buffer.from([0x5b, 100, 0, 0, 0]), ...dicts]), { budget });
      return budget.spentBytes;
    });
    expect(costs[1]).toBe(costs[0]);
    expect(costs[0]).toBeGreaterThan(100 * 64);
  });

  it('a string with escapes in json is one flat string', () => {
    expect(serializer('json').loads(Buffer.from(String.raw`"a\"\\\/\b\f\n\r\t\u20ac\ud83d\ude00é"`))).toBe(
      'a"\\/\b\f\n\r\t\u20ac\u{1f600}é'.replace('é', '\u00e9'),
    );
    for (const bad of [String.raw`"\x"`, String.raw`"\u12"`, String.raw`"\u12g4"`, '"\\n\n"', '"\\']) {
      expect(() => serializer('json').loads(Buffer.from(bad))).toThrow(/bad json data/);
    }
  });
});
