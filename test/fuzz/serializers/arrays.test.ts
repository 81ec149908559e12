import fc from 'fast-check';
import { expect, it } from 'vitest';
import { descrLiteral } from '../../../lib/arrays/dtype.js';
import { dtypeOf } from '../../../lib/arrays/dtype-reader.js';
import { NdArray } from '../../../lib/arrays/nd-array.js';
import { writeNpyHeader } from '../../../lib/arrays/npy.js';
import { SerializeError } from '../../../lib/protocol/errors.js';
import { SERIALIZER_IDS } from '../../../lib/protocol/constants.js';
import { createSerializers } from '../../../lib/serializers/serializers.js';

const RUNS = Number(process.env.FUZZ_RUNS ?? 500);
/** Far more than the values below have. */
const MAX_VALUE_BYTES = 1_000_000;

const marshal = createSerializers({ maxValueBytes: MAX_VALUE_BYTES }).get(SERIALIZER_IDS.marshal)!;

/** Reads a dict of a peer, and uses the array: it is an array that works, another value, or refused. */
function read(dict: unknown): void {
  let value: unknown;
  try {
    value = marshal.loads(marshal.dumps(dict));
  } catch (error) {
    expect(error).toBeInstanceOf(SerializeError);
    return;
  }
  if (!(value instanceof NdArray)) return;
  expect(value.data.byteLength).toBeLessThan(MAX_VALUE_BYTES);
  value.toNested();
  expect(String(value)).toContain('array(');
  expect(marshal.loads(marshal.dumps(value))).toBeInstanceOf(NdArray);
}

const scalar = fc.constantFrom(
  '?',
  'i1',
  '<u2',
  '>i4',
  '<i8',
  'f2',
  '>f4',
  'c8',
  'M8[ns]',
  'm8[25s]',
  'S3',
  '<U2',
  'V5',
  'O',
  'S0',
  'U4294967295',
  'f16',
  'x',
  '',
);
const length = fc.oneof(
  fc.integer({ min: 0, max: 4 }),
  fc.constantFrom(-1, 2 ** 31, 2 ** 53 - 1, 2 ** 53, 0.5, 1e300),
  fc.string({ maxLength: 3 }),
);
const shape = fc.oneof(fc.array(length, { maxLength: 5 }), length);
const { dtype } = fc.letrec<{ dtype: unknown }>((tie) => ({
  dtype: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    scalar,
    fc.array(
      fc.oneof(fc.tuple(fc.string({ maxLength: 2 }), tie('dtype')), fc.tuple(fc.string({ maxLength: 2 }), tie('dtype'), shape)),
      { maxLength: 3 },
    ),
    fc.record(
      {
        names: fc.array(fc.string({ maxLength: 2 }), { maxLength: 3 }),
        formats: fc.array(tie('dtype'), { maxLength: 3 }),
        offsets: fc.array(length, { maxLength: 3 }),
        itemsize: length,
      },
      { requiredKeys: ['names', 'formats'] },
    ),
  ),
}));
const nested = fc.anything({ maxDepth: 3, withBigInt: true, withNullPrototype: false });
const data = fc.oneof(
  fc.uint8Array({ maxLength: 64 }),
  fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes).toString('base64')),
  fc.array(fc.array(fc.integer(), { maxLength: 3 }), { maxLength: 3 }),
  nested.filter(isSendable),
);

it('an array of any dtype, shape and data is read or refused, whatever they are', () => {
  const dict = fc.record(
    { __class__: fc.constantFrom('numpy.ndarray', 'ndarray'), dtype, shape, data, order: fc.constantFrom('C', 'F', 1) },
    { requiredKeys: ['dtype', 'data'] },
  );
  fc.assert(fc.property(dict, read), { numRuns: RUNS });
});

it('an npy file with any of its bytes changed is read or refused', () => {
  const file = Buffer.concat([writeNpyHeader('<f4', false, [2, 3]), Buffer.alloc(24)]);
  const records = Buffer.concat([
    writeNpyHeader(
      dtypeOf([
        ['a', '<i4'],
        ['b', '>f8', [2]],
      ]).descr,
      true,
      [2],
    ),
    Buffer.alloc(40),
  ]);
  const change = fc.tuple(fc.nat(200), fc.nat(255));
  const changed = fc.tuple(fc.constantFrom(file, records), fc.array(change, { minLength: 1, maxLength: 4 }), fc.nat(200));
  fc.assert(
    fc.property(changed, ([given, changes, cut]) => {
      const bytes = Buffer.from(given);
      for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte;
      read({ __class__: 'numpy.ndarray', npy: bytes.subarray(0, cut < 20 ? cut : undefined) });
    }),
    { numRuns: RUNS },
  );
});

it('a dtype that is read is described so that it is read again as the same', () => {
  fc.assert(
    fc.property(dtype, (given) => {
      let first;
      try {
        first = dtypeOf(given);
      } catch (error) {
        expect(error).toBeInstanceOf(SerializeError);
        return;
      }
      const again = dtypeOf(first.kind === 'struct' ? descrLiteral(first.descr) : first.text);
      expect([again.name, again.itemBytes]).toEqual([first.name, first.itemBytes]);
    }),
    { numRuns: RUNS },
  );
});

function isSendable(value: unknown): boolean {
  try {
    marshal.dumps(value);
    return true;
  } catch {
    return false;
  }
}
