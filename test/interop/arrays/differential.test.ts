import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bytesOfData } from '../../../lib/arrays/memory.js';
import { NdArray } from '../../../lib/arrays/nd-array.js';
import { SERIALIZER_IDS } from '../../../lib/protocol/constants.js';
import type { ArrayEncoding, SerializerName } from '../../../lib/serializers/contract/serializer.js';
import { createSerializers } from '../../../lib/serializers/serializers.js';
import { type MadeArray, NumpyPeer } from './numpy-peer.js';

/** Arrays of each serializer; `npm run test:long` uses 100,000 in all. */
const COUNT = Math.ceil(Number(process.env.LONG_ARRAYS ?? 1_200) / 4);
/** A failure names the seed that repeats it. */
const SEED = Number(process.env.VALUES_SEED ?? Math.trunc(Math.random() * 0x3fffffff));
const BATCH = 100;

const NAMES = Object.keys(SERIALIZER_IDS) as SerializerName[];
const ENCODINGS: readonly ArrayEncoding[] = ['bytes', 'npy', 'msgpack-numpy', 'list'];

let python: NumpyPeer;
beforeAll(async () => {
  python = await NumpyPeer.start();
});
afterAll(() => python.stop());

describe.each(NAMES)('arrays in %s', (name) => {
  const id = SERIALIZER_IDS[name];
  const reader = createSerializers().get(id)!;
  const faithful = createSerializers({ values: 'faithful' }).get(id)!;
  const writers = new Map(ENCODINGS.map((write) => [write, createSerializers({ arrays: { write } }).get(id)!]));

  async function checkBatch(seed: number, count: number): Promise<void> {
    const made = await python.make(name, seed, count);
    const arrays = made.map((one) => expectSame(reader.loads(Buffer.from(one.data, 'base64')), one));
    const written = arrays.map((array, index) => {
      const encoding = encodingFor(array, name, seed + index);
      const data = writers.get(encoding)!.dumps(array);
      return { data: data.toString('base64'), written: encoding };
    });
    const wrong = await python.check(name, seed, written);
    expect(
      wrong
        .map((text, index) => text && `VALUES_SEED=${seed}, number ${index}, ${JSON.stringify(written[index])}: ${text}`)
        .filter(Boolean),
    ).toEqual([]);
    for (const { data, form } of made) {
      const value = faithful.loads(Buffer.from(data, 'base64'));
      const again = reader.loads(faithful.dumps(value)) as NdArray;
      const once = reader.loads(Buffer.from(data, 'base64')) as NdArray;
      expect(again.equals(once), `passed on by a gateway: ${form}`).toBe(true);
    }
  }

  it(
    'arrays of every dtype, shape, order and encoding are the same here and in NumPy, whoever writes and whoever reads them',
    async () => {
      let done = 0;
      for (; done < COUNT; done += BATCH) await checkBatch(SEED + done, Math.min(BATCH, COUNT - done));
      expect(done).toBeGreaterThanOrEqual(COUNT);
      console.log(`${COUNT} arrays in ${name}, VALUES_SEED=${SEED}`);
    },
    30_000 + COUNT * 200,
  );
});

function expectSame(value: unknown, { dtype, shape, sha, form }: MadeArray): NdArray {
  expect(value, form).toBeInstanceOf(NdArray);
  const array = value as NdArray;
  const own = array.layout.dtype;
  expect(own.kind === 'struct' ? own.name : own.text, form).toBe(dtype);
  expect(array.shape, form).toEqual(shape);
  const bytes = bytesOfData(own, array.inOrderC());
  // NumPy does not copy the bytes between fields
  if (sha !== '') expect(createHash('sha256').update(bytes).digest('hex'), `${form} ${dtype} ${String(shape)}`).toBe(sha);
  return array;
}

/**
 * Gives an encoding that the serializer has for the array. json has neither bytes nor complex numbers. Python cannot read a complex nan
 * that serpent has written. Lists have no bytes of records.
 */
function encodingFor(array: NdArray, name: SerializerName, number: number): ArrayEncoding {
  const encoding = ENCODINGS[number % ENCODINGS.length]!;
  const { kind } = array.layout.dtype;
  const hasComplex = name === 'marshal' || name === 'msgpack';
  const isListed =
    kind !== 'struct' && kind !== 'void' && !(kind === 'complex' && !hasComplex) && !(kind === 'bytes' && name === 'json');
  return encoding === 'list' && !isListed ? 'npy' : encoding;
}
