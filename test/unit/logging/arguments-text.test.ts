import { expect, it } from 'vitest';
import { NdArray } from '../../../lib/arrays/nd-array.js';
import { argumentsText } from '../../../lib/logging/arguments-text.js';
import { SerializedBlob } from '../../../lib/serializers/contract/serialized-blob.js';
import { PyroRemoteError } from '../../../lib/serializers/objects/exceptions.js';

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

it('the text of arguments reads 500 values of nested lists', () => {
  let visited = 0;
  const counted = (): unknown =>
    new Proxy([], { get: (list, key) => (key === 'slice' && visited++, Reflect.get(list, key) as unknown) });
  const nested = Array.from({ length: 20 }, () => Array.from({ length: 20 }, () => Array.from({ length: 20 }, counted)));
  textOf(nested);
  expect(visited).toBeLessThanOrEqual(500);
});
