import { setFlagsFromString } from 'node:v8';
import { runInThisContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { loads } from '../../../lib/serpent/index.js';
import { indexArrayBytes, isIndexKey, storeIndexKeysInHashTable } from '../../../lib/serpent/costs/index-keys.js';

setFlagsFromString('--allow-natives-syntax');
const hasHashTable = runInThisContext('(object) => %HasDictionaryElements(object)') as (object: object) => boolean;

describe('index keys', () => {
  it.each(['0', '7', '10', '1023', '4294967294'])('%s is an index key', (key) => {
    expect(isIndexKey(key)).toBe(true);
  });

  it.each(['', '00', '01', '-1', '1.5', '1e3', 'a', '1a', ' 1', '4294967295', '9999999999', '12345678901', '١'])(
    '"%s" is no index key',
    (key) => {
      expect(isIndexKey(key)).toBe(false);
    },
  );

  it('the function tells just the keys that V8 sorts before all others', () => {
    for (const key of ['0', '9', '4294967294', '4294967295', '01', '1e3', '-1']) {
      const sorted = Object.keys({ first: 1, [key]: 2 })[0] === key;
      expect([key, isIndexKey(key)]).toEqual([key, sorted]);
    }
  });

  it('an object with a hash table keeps it and looks the same', () => {
    const object: Record<string, unknown> = { name: 'a' };
    storeIndexKeysInHashTable(object);
    expect(object).toStrictEqual({ name: 'a' });
    for (let key = 99; key >= 0; key--) object[String(key)] = key;
    for (let key = 0; key < 90; key++) delete object[String(key)];
    object['1000'] = 1000;
    expect(hasHashTable(object)).toBe(true);
    expect(Object.keys(object)).toEqual(['90', '91', '92', '93', '94', '95', '96', '97', '98', '99', '1000', 'name']);
  });
});

describe('index keys that are read', () => {
  it.each(["{'1023': 0}", "{'a': 1, '1023': 0}", "{'0': 0}", "{'5': 1, '4': 2, 'b': {}}"])(
    'serpent: stores the index keys of %s in a hash table',
    (text) => {
      const value = loads(text) as Record<string, unknown>;
      expect(hasHashTable(value)).toBe(true);
      expect(value).toStrictEqual(JSON.parse(text.replaceAll("'", '"')));
      expect(Object.keys(value)).toEqual(Object.keys(JSON.parse(text.replaceAll("'", '"')) as object));
    },
  );

  it('serpent: stores the index keys of every record in a hash table, and only these', () => {
    const [first, second, third] = loads("[{'a': 1, '1023': 0}, {'a': 2, '1023': 1}, {'a': 3}]") as [object, object, object];
    expect([first, second, third].map(hasHashTable)).toEqual([true, true, false]);
    expect(second).toStrictEqual({ a: 2, '1023': 1 });
  });

  it('serpent: turns an object with index keys into a Map in the order of the text', () => {
    expect([...(loads("{'7': 1, '3': 2, 'a': 3, None: 4}") as Map<unknown, unknown>)]).toEqual([
      ['7', 1],
      ['3', 2],
      ['a', 3],
      [null, 4],
    ]);
  });

  it('the array of a copy is estimated as long as V8 makes it; a hash table counts nothing', () => {
    const bytesOf = (...keys: number[]): number => indexArrayBytes(Object.fromEntries([...keys, 'name'].map((key) => [key, 0])));
    expect(bytesOf()).toBe(0);
    expect(bytesOf(0)).toBeLessThan(200);
    expect(bytesOf(1_023)).toBe(12_416);
    expect(bytesOf(1_023, 2_500)).toBe(8 * (2_501 + 1_250 + 16));
    for (const key of [1_024, 9_999, 4_294_967_294]) {
      expect(hasHashTable(Object.fromEntries([[key, 0]]))).toBe(true);
      expect(bytesOf(key)).toBe(0);
    }
    expect(hasHashTable(Object.fromEntries([[1_023, 0]]))).toBe(false);
  });
});
