import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SERIALIZER_IDS, type SerializerName } from '../../../lib/serializers/serializer.js';
import { createSerializers } from '../../../lib/serializers/serializers.js';
import { arbitraryValue } from './arbitrary-value.js';
import { PythonPeer } from './python-peer.js';
import { faithfulOf, natural, type PythonValue, sorted, typedOf, withBytes } from './python-value.js';

/** Values of each serializer: `LONG_VALUES=20000 npx vitest run test/interop/serializers` for more, `VALUES_SEED` for the same again. */
const COUNT = Number(process.env.LONG_VALUES ?? 2_000);
const SEED = Number(process.env.VALUES_SEED ?? Math.trunc(Math.random() * 0x7fffffff));
const NAMES = Object.keys(SERIALIZER_IDS) as SerializerName[];

const faithful = createSerializers({ values: 'faithful' });
const plain = createSerializers({ values: 'natural' });

let python: PythonPeer;
beforeAll(async () => {
  python = await PythonPeer.start();
});
afterAll(() => python.stop());

describe.each(NAMES)(`values in %s (VALUES_SEED=${SEED})`, (name) => {
  const ours = faithful.get(SERIALIZER_IDS[name])!;
  const asRead = (typed: PythonValue) => sorted(name === 'serpent' ? withBytes(typed) : typed);
  const naturally = plain.get(SERIALIZER_IDS[name])!;

  it(
    'mean the same here and in Python, whoever writes and whoever reads them',
    async () => {
      await fc.assert(
        fc.asyncProperty(arbitraryValue(name), async (value) => {
          const { given, data, typed } = await python.writePlain(name, value);
          const expected = asRead(typed);
          const read = ours.loads(data);
          expect(sorted(typedOf(read)), 'written there, read here').toEqual(expected);
          const [passedOn, made, again] = await Promise.all([
            python.read(name, ours.dumps(read)),
            python.read(name, ours.dumps(faithfulOf(given))),
            python.read(name, naturally.dumps(naturally.loads(data))),
          ]);
          expect(asRead(passedOn), 'passed on').toEqual(expected);
          expect(asRead(made), 'written here, read there').toEqual(expected);
          expect(inAnyOrder(asRead(again)), 'read and written as natural values').toEqual(inAnyOrder(sorted(natural(expected))));
        }),
        { numRuns: COUNT, seed: SEED },
      );
    },
    30_000 + COUNT * 20,
  );
});

/** Plain objects have their own order of keys, and whole floats among set members sort as the ints they became. */
function inAnyOrder(typed: PythonValue): unknown {
  const [kind, items] = typed;
  if (kind === 'list' || kind === 'tuple') return [kind, items.map(inAnyOrder)];
  if (kind === 'set') return [kind, new Set(items.map((item) => JSON.stringify(item)))];
  if (kind === 'dict') return [kind, new Map(items.map(([key, item]) => [JSON.stringify(key), inAnyOrder(item)]))];
  return typed;
}
