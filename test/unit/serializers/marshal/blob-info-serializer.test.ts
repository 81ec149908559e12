import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import { PyFrozenSet } from '../../../../lib/serpent/index.js';
import { ELLIPSIS, STOP_ITERATION } from '../../../../lib/serializers/contract/marshal-singleton.js';
import { createBlobInfoSerializer, createSerializers } from '../../../../lib/serializers/serializers.js';

const serializer = createBlobInfoSerializer({ values: 'faithful' });

it.each([
  ['Ellipsis', '2e', ELLIPSIS],
  ['StopIteration', '53', STOP_ITERATION],
  ['a tuple of both', '28020000002e53', [ELLIPSIS, STOP_ITERATION]],
  ['a frozenset', '3e010000002e', new PyFrozenSet([ELLIPSIS])],
  ['a dict', '7b2e5330', new Map([[ELLIPSIS, STOP_ITERATION]])],
])('the info of a blob is read and written: %s', (_, hex, value) => {
  const read = serializer.loads(Buffer.from(hex, 'hex'));
  expect(read).toEqual(value);
  expect(serializer.dumps(read).toString('hex')).toBe(hex);
});

it('Ellipsis and StopIteration are read only in the info of blobs, and written in marshal alone', () => {
  const { json, msgpack, serpent, marshal } = Object.fromEntries([...createSerializers().values()].map((one) => [one.name, one]));
  for (const other of [json, msgpack, serpent])
    expect(() => other!.dumps({ value: ELLIPSIS })).toThrow('Ellipsis of Python can be sent only in marshal');
  for (const letter of ['.', 'S']) expect(() => marshal!.loads(Buffer.from(letter))).toThrow('only plain values travel');
  expect([String(ELLIPSIS), inspect(STOP_ITERATION)]).toEqual(['Ellipsis', 'StopIteration']);
});
