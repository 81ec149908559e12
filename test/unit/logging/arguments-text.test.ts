import { expect, it, vi } from 'vitest';
import * as util from 'node:util';
import { NdArray } from '../../../lib/arrays/nd-array.js';
import { argumentsText } from '../../../lib/logging/access-log.js';
import { SerializedBlob } from '../../../lib/serializers/contract/serialized-blob.js';
import { PyroRemoteError } from '../../../lib/serializers/objects/exceptions.js';
import { PyroUri } from '../../../lib/protocol/uri.js';

vi.mock(import('node:util'), async (original) => {
  const actual = await original();
  return { ...actual, inspect: Object.assign(vi.fn(actual.inspect), actual.inspect) as typeof actual.inspect };
});

const textOf = (...args: unknown[]): string => argumentsText({ args, kwargs: {} });

class Door {
  constructor(
    readonly name: string,
    readonly plan: unknown,
  ) {}
}

it('the text of arguments shows dicts, Maps, sets, exceptions, instances, arrays and blobs', () => {
  expect(argumentsText({ args: [1, 'a'], kwargs: { k: [true] } })).toBe("[ 1, 'a', { k: [ true ] } ]");
  expect(textOf(new Map([[1, 'x']]), new Set([2]))).toBe("[ Map(1) { 1 => 'x' }, Set(1) { 2 } ]");
  expect(textOf(new PyroRemoteError('builtins.ValueError', ['bad']))).toContain('ValueError');
  expect(textOf(new Door('front', { a: 1 }))).toBe("[ Door { name: 'front', plan: { a: 1 } } ]");
  expect(textOf(SerializedBlob.of('info', [1]))).toBe("[ { blob: 'info' } ]");
  expect(textOf(NdArray.from([1, 2]), Buffer.from('x'), new Date(0))).toContain('<Buffer 78>, 1970-01-01T00:00:00.000Z ]');
});

it.each([
  ['dict', (members: [string, unknown][]) => Object.fromEntries(members)],
  ['Map', (members: [string, unknown][]) => new Map(members)],
  ['set', (members: [string, unknown][]) => new Set(members.map(([, member]) => member))],
  ['instance', (members: [string, unknown][]) => Object.assign(new Door('front', null), Object.fromEntries(members))],
  ['dict of an instance', (members: [string, unknown][]) => new Door('front', Object.fromEntries(members))],
])('the text of arguments reads 20 members of a large %s', (_, make) => {
  let read = 0;
  class Counted {
    [Symbol.for('nodejs.util.inspect.custom')](): string {
      read++;
      return '·';
    }
  }
  textOf(make(Array.from({ length: 1_000 }, (_member, index) => [`member ${index}`, new Counted()])));
  expect(read).toBeLessThanOrEqual(20);
});

it('the text of arguments tells the true lengths of large lists, Maps and sets, and of the arguments themselves', () => {
  const numbers = Array.from({ length: 50_000 }, (_, index) => index);
  const first = numbers.slice(0, 20);
  expect(textOf(numbers)).toBe(util.inspect([numbers], { breakLength: Infinity, compact: true, maxArrayLength: 20 }));
  expect(textOf(numbers)).toContain('19, ... 49980 more items ]');
  expect(textOf(new Set(numbers))).toBe(`[ Set(50000) { ${first.join(', ')}, ... 49980 more items } ]`);
  const entriesOf = (of: number[]): [string, { n: number }[]][] => of.map((n) => [`k${n}`, [{ n }]]);
  const shownEntries = first.map((n) => `'k${n}' => [ { n: ${n} } ]`).join(', ');
  expect(textOf(new Map(entriesOf(numbers)))).toBe(`[ Map(50000) { ${shownEntries}, ... 49980 more items } ]`);
  expect(textOf(new Set(numbers.slice(0, 21)))).toBe(`[ Set(21) { ${first.join(', ')}, ... 1 more item } ]`);
  expect(textOf(...numbers.slice(0, 3_000))).toContain('19, ... 2980 more items ]');
  const deep = new Map([['a', new Map(entriesOf(numbers))]]);
  expect(textOf([[deep]])).not.toContain('Object');
});

it('keyword arguments are shown behind many positional arguments', () => {
  const textWith = (count: number): string => argumentsText({ args: Array.from({ length: count }, () => 1), kwargs: { k: [2] } });
  const ones = Array.from({ length: 20 }, () => 1).join(', ');
  expect(textWith(0)).toBe('[ { k: [ 2 ] } ]');
  expect(textWith(20)).toBe(`[ ${ones}, { k: [ 2 ] } ]`);
  expect(textWith(3_000)).toBe(`[ ${ones}, ... 2980 more items, { k: [ 2 ] } ]`);
});

it.each<[string, (count: number) => unknown]>([
  ['list', (length) => Array.from({ length }, (_, index) => index)],
  ['Map', (length) => new Map(Array.from({ length }, (_, index) => [index, index]))],
  ['set', (length) => new Set(Array.from({ length }, (_, index) => index))],
])('a large %s is as deep in the text of arguments as a short one', (_, make) => {
  const short = textOf([[[make(2)]]]);
  expect(short).toMatch(/^\[ \[ \[ \[ \[(?:Array|Map|Set)\] \] \] \] \]$/);
  expect(textOf([[[make(50)]]])).toBe(short);
});

it('the text of arguments reads 500 values of nested lists', () => {
  let visited = 0;
  const counted = (): unknown =>
    new Proxy([], { get: (list, key) => (key === 'slice' && visited++, Reflect.get(list, key) as unknown) });
  const nested = Array.from({ length: 20 }, () => Array.from({ length: 20 }, () => Array.from({ length: 20 }, counted)));
  textOf(nested);
  expect(visited).toBeLessThanOrEqual(500);
});

/** Characters of all texts and names in the values that `inspect` has got. */
function inspectedChars(): number {
  let chars = 0;
  const count = (value: unknown): void => {
    if (typeof value === 'string') chars += value.length;
    if (typeof value === 'symbol') chars += value.description!.length;
    if (typeof value === 'bigint') chars += String(value).length;
    if (typeof value === 'function') chars += value.name.length;
    if (typeof value !== 'object' || value === null) return;
    if (value instanceof RegExp) chars += value.source.length;
    if (value instanceof Map || value instanceof Set) value.forEach((item, key) => [item, key].forEach(count));
    else Object.entries(value).forEach(([name, member]) => [name, member].forEach(count));
  };
  for (const [value] of vi.mocked(util.inspect).mock.calls) count(value);
  return chars;
}

const LONG = "\n'".repeat(100_000);
const entries = (value: unknown): [string, unknown][] => Array.from({ length: 20 }, (_, index) => [`${LONG}${index}`, value]);
class Tagged {
  readonly [Symbol.toStringTag] = 'Tagged';
}

it.each<[string, unknown]>([
  ['names of a dict', Object.fromEntries(entries(1))],
  ['names of a nested dict', [[Object.fromEntries(entries(1))]]],
  ['names of a class dict', { __class__: LONG, ...Object.fromEntries(entries(1)) }],
  ['members of an instance', Object.assign(new Door('front', null), Object.fromEntries(entries(1)))],
  ['members of an instance with a tag', Object.assign(new Tagged(), Object.fromEntries(entries(1)))],
  ['keys of a Map', new Map(entries(1))],
  ['dicts that are keys of a Map', new Map([[Object.fromEntries(entries(1)), Object.fromEntries(entries(2))]])],
  ['members of a set', new Set(entries(1).flat())],
  ['the info of a blob', new SerializedBlob(Object.fromEntries(entries(LONG)), [])],
  ['a text', LONG],
  ['a text in a box', new String(LONG)],
  ['an exception', new PyroRemoteError('builtins.ValueError', [LONG])],
  [
    'the members of an exception that is not native',
    Object.assign(Object.create(Error.prototype), { message: LONG, name: LONG }),
  ],
  ['a symbol', Symbol(LONG)],
  ['a RegExp', new RegExp(LONG)],
  ['a function', Object.defineProperty(() => 1, 'name', { value: LONG })],
  ['ints', Array.from({ length: 20 }, () => Array.from({ length: 20 }, () => 10n ** 4_000n))],
  ['a URI', new PyroUri(`PYRO:${'x'.repeat(100_000)}@lab:1`)],
])('the text of arguments is made of short texts: %s', (_, value) => {
  vi.mocked(util.inspect).mockClear();
  const text = textOf(value);
  expect(text.length).toBeLessThan(12_000);
  expect(argumentsText({ args: [], kwargs: { [LONG]: value } }).length).toBeLessThan(12_000);
  expect(inspectedChars()).toBeLessThan(200_000);
});

it('long names that begin alike are shown apart', () => {
  const text = textOf({ [`${'n'.repeat(300)}1`]: 1, [`${'n'.repeat(300)}2`]: 2 });
  expect(text).toBe(`[ { '${'n'.repeat(200)}…': 1, '${'n'.repeat(200)}……': 2 } ]`);
});

it('a long text is shown with the number of its further characters, a long int without its digits', () => {
  expect(textOf('x'.repeat(250))).toBe(`[ '${'x'.repeat(200)}'... 50 more characters ]`);
  expect(textOf(10n ** 300n, -(10n ** 200n))).toBe(`[ <int of more than 200 digits>, -1${'0'.repeat(200)}n ]`);
});
