import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SERIALIZER_IDS } from '../../../lib/protocol/constants.js';
import type { SerializerName } from '../../../lib/serializers/contract/serializer.js';
import { createSerializers } from '../../../lib/serializers/serializers.js';
import { arbitraryValue } from './arbitrary-value.js';
import { PythonPeer } from './python-peer.js';
import { faithfulOf, natural, type PythonValue, sorted, typedOf, withBytes } from './python-value.js';

/** The number of values per serializer; `npm run test:long` uses more. */
const COUNT = Number(process.env.LONG_VALUES ?? 2_000);
/** A failure names the seed that repeats it. */
const SEED = Number(process.env.VALUES_SEED ?? Math.trunc(Math.random() * 0x3fffffff));
/** Values per request to Python: with single values, waiting would take most of the time. */
const BATCH = 500;
/** While Python works on one batch, the next batch is made here. */
const BATCHES_AT_ONCE = 2;
const PROGRESS_MS = 60_000;

const NAMES = Object.keys(SERIALIZER_IDS) as SerializerName[];

const faithful = createSerializers({ values: 'faithful' });
const plain = createSerializers({ values: 'natural' });

let python: PythonPeer;
beforeAll(async () => {
  python = await PythonPeer.start();
});
afterAll(() => python.stop());

describe.each(NAMES)('values in %s', (name) => {
  const ours = faithful.get(SERIALIZER_IDS[name])!;
  const naturally = plain.get(SERIALIZER_IDS[name])!;
  const arbitrary = arbitraryValue(name);
  const asRead = (typed: PythonValue): PythonValue => sorted(name === 'serpent' ? withBytes(typed) : typed);

  /** Checks each value: written by Python and read here, forwarded, written here and read by Python, and read as natural value. */
  async function check(values: readonly PythonValue[]): Promise<void> {
    const written = await python.writeAll(name, values);
    const read = written.map(({ data }) => ours.loads(data));
    const fromHere = await python.readAll(name, [
      ...read.map((value) => ours.dumps(value)),
      ...written.map(({ given }) => ours.dumps(faithfulOf(given))),
      ...written.map(({ data }) => naturally.dumps(naturally.loads(data))),
    ]);
    for (const [index, { typed }] of written.entries()) {
      const expected = asRead(typed);
      const [passedOn, made, again] = [0, 1, 2].map((kind) => asRead(fromHere[kind * values.length + index]!));
      expectSame(sorted(typedOf(read[index])), expected, 'written there, read here');
      expectSame(passedOn!, expected, 'passed on');
      expectSame(made!, expected, 'written here, read there');
      expectSame(again!, sorted(natural(expected)), 'read and written as natural values', inAnyOrder);
    }
  }

  /** Checks a batch. If the batch fails, checks its values one by one, and shrinks to the smallest value that fails. */
  async function checkBatch(seed: number, numRuns: number): Promise<void> {
    try {
      await check(fc.sample(arbitrary, { seed, numRuns }));
    } catch (error) {
      await fc.assert(
        fc.asyncProperty(arbitrary, (value) => check([value])),
        { seed, numRuns },
      );
      throw new Error(`the values of VALUES_SEED=${seed} LONG_VALUES=${numRuns} failed only together`, { cause: error });
    }
  }

  it(
    'values mean the same here and in Python, whoever writes and whoever reads them',
    async () => {
      let [begun, done, told] = [0, 0, Date.now()];
      const work = async (): Promise<void> => {
        while (begun < COUNT) {
          const [seed, size] = [SEED + begun / BATCH, Math.min(BATCH, COUNT - begun)];
          begun += size;
          await checkBatch(seed, size);
          done += size;
          if (Date.now() - told < PROGRESS_MS) continue;
          told = Date.now();
          console.log(`${done} of ${COUNT} values in ${name}, VALUES_SEED=${SEED}`);
        }
      };
      await Promise.all(Array.from({ length: BATCHES_AT_ONCE }, work));
      expect(done).toBe(COUNT);
    },
    30_000 + COUNT * 20,
  );
});

/** Compares as text first, which is much faster. */
function expectSame(one: PythonValue, other: PythonValue, what: string, view: (typed: PythonValue) => unknown = same): void {
  if (JSON.stringify(one) !== JSON.stringify(other)) expect(view(one), what).toEqual(view(other));
}

const same = (typed: PythonValue): PythonValue => typed;

/** Ignores order: plain objects order their keys themselves, and whole floats in sets sort as the ints that they became. */
function inAnyOrder(typed: PythonValue): unknown {
  const [kind, items] = typed;
  if (kind === 'list' || kind === 'tuple') return [kind, items.map(inAnyOrder)];
  if (kind === 'set') return [kind, new Set(items.map((item) => JSON.stringify(item)))];
  if (kind === 'dict') return [kind, new Map(items.map(([key, item]) => [JSON.stringify(key), inAnyOrder(item)]))];
  return typed;
}
