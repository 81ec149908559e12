import { setFlagsFromString } from 'node:v8';
import { runInThisContext } from 'node:vm';
import { BadRequestException } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { kwargs, PyroRemoteError, PythonException } from '../../../lib/core.js';
import { parseJson } from '../../../lib/inspector/values/exact-json.js';
import { readSignatures } from '../../../lib/inspector/sources/read-signatures.js';
import { jsonOf } from '../../../lib/inspector/values/typed-values.js';
import { toPythonError } from '../../../lib/nest/errors/python-error.js';
import { sendable, settableAttributes } from '../../../lib/nest/errors/response-attributes.js';
import { bindArguments } from '../../../lib/objects/parameters/argument-binder.js';
import { params } from '../../../lib/objects/parameters/declared-parameters.js';
import { exceptionToDict } from '../../../lib/serializers/objects/exceptions.js';

setFlagsFromString('--allow-natives-syntax');
const hasHashTable = runInThisContext('(object) => %HasDictionaryElements(object)') as (object: object) => boolean;

/** A dict of a peer: V8 makes an ordinary copy of this one sixty times as large. */
const DICT: Record<string, unknown> = JSON.parse('{"1023":0,"name":1}') as Record<string, unknown>;

class Camera {
  take(options: object, ..._others: unknown[]): object {
    return options;
  }
}
params(Camera, 'take', '**options');

const signatures = (): object => {
  const { methods, attributes, types } = readSignatures({
    class: 'Camera',
    methods: { 1023: {}, name: {} },
    attributes: { 1023: {}, name: {} },
    types: { 1023: {}, name: { fields: { 1023: {}, name: {} } } },
  })!;
  const { fields } = types!['name'] as { fields: object };
  expect([methods, attributes, types!].map(hasHashTable)).toEqual([true, true, true]);
  return fields;
};

describe('keys like array indices, in copies of objects whose members a peer has named, are stored in a hash table', () => {
  it.each<[string, () => object]>([
    ['JSON of a dict', () => jsonOf(DICT) as object],
    ['JSON of a faithful dict', () => jsonOf(new Map(Object.entries(DICT))) as object],
    [
      'JSON of a faithful dict of numbers',
      () =>
        jsonOf(
          new Map<unknown, unknown>([
            [1023, 0],
            ['name', 1],
          ]),
        ) as object,
    ],
    ['JSON with long ints', () => (parseJson('[1234567890123456789, {"1023":0,"name":1}]') as object[])[1]!],
    ['signatures', signatures],
    ['details of an exception', () => sendable(DICT) as object],
    ['attributes of a response', () => (toPythonError(new BadRequestException(DICT)) as PythonException).attributes],
    ['attributes of a copied exception', () => settableAttributes(DICT)],
    [
      'an exception that is sent on',
      () => exceptionToDict(new PyroRemoteError('a.B', [], DICT), { detailedTraceback: false, maxBytes: 0 }).attributes,
    ],
    ['keyword arguments of a method', () => bindArguments(new Camera(), 'take', Camera.prototype.take, [], DICT)[0] as object],
    ['keyword arguments that are passed on', () => kwargs(new Map(Object.entries(DICT))).values],
  ])('keys like array indices are stored in a hash table in %s', (_, copy) => {
    const copied = copy();
    expect(hasHashTable(copied)).toBe(true);
    expect(Object.keys(copied)).toEqual(['1023', 'name']);
  });

  it('keyword arguments of a method with only known names are an empty object', () => {
    expect(bindArguments(new Camera(), 'take', Camera.prototype.take, [], {})).toEqual([{}]);
  });
});
