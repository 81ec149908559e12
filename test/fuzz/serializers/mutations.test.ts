import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SecurityError, SerializeError } from '../../../lib/protocol/errors.js';
import { PythonException } from '../../../lib/protocol/python-exception.js';
import { PyroUri } from '../../../lib/protocol/uri.js';
import { PyComplex, pyFloat, pyTuple } from '../../../lib/serpent/index.js';
import {
  SERIALIZER_IDS,
  type Serializer,
  type SerializerName,
  type ValueMode,
} from '../../../lib/serializers/contract/serializer.js';
import { createSerializers } from '../../../lib/serializers/serializers.js';

const RUNS = { numRuns: Number(process.env.FUZZ_RUNS ?? 1_500) };
const NAMES = Object.keys(SERIALIZER_IDS) as SerializerName[];
const MODES: ValueMode[] = ['natural', 'faithful'];

/** A value of every kind, so that changed bytes hit all kinds. */
const VALUES: unknown[] = [
  [null, true, false, 0, -1, 255, 65_536, 2 ** 40, 2n ** 63n, -(2n ** 90n), 0.5, pyFloat(1), NaN, -Infinity],
  ['', 'text', 'länge', '\u{1f600}', 'x'.repeat(40), 'y'.repeat(300), '"\'\\\n\0'],
  { nested: { dict: [{ list: [[[]]] }], constructor: 1 }, set: new Set([1, 'a']), date: new Date(0) },
  pyTuple(new PyroUri('PYRO:obj@localhost:4444'), new PyroUri('PYROMETA:a,b'), {
    __class__: 'Pyro5.client.Proxy',
    state: ['x', []],
  }),
  [
    new PythonException('builtins.KeyError', ['k', 1], { extra: [1] }),
    { __class__: 'Pyro5.core._ExceptionWrapper', exception: null },
  ],
];
const BINARY: unknown[] = [Buffer.from('bytes'), Buffer.alloc(300, 7), new PyComplex(1, -2)];

function samplesOf(serializer: Serializer): Buffer[] {
  const values = serializer.name === 'json' ? VALUES : [...VALUES, BINARY];
  const call = serializer.dumpsCall({ objectId: 'obj', method: 'add', args: [1, values], kwargs: { key: 'value' } });
  return [...values.map((value) => serializer.dumps(value)), call];
}

/** Bytes with a meaning in some format: type codes of marshal and msgpack, punctuation of the text formats, ends of ranges. */
const meaning = fc.constantFrom(
  ...Buffer.from('0NTFSiIlfgxysutAaZz()[]{}<>rcR"\'\\,:#-.eE19n_'),
  0,
  0x7f,
  0x80,
  0xc1,
  0xc7,
  0xd8,
  0xdd,
  0xdf,
  0xff,
);
const byte = fc.oneof(fc.integer({ min: 0, max: 255 }), meaning);

const change = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  remove: fc.constantFrom(0, 0, 1, 1, 2, 4, 20),
  insert: fc.array(byte, { maxLength: 5 }),
  copy: fc.constantFrom(0, 0, 0, 1, 8, 50),
});
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

function changed(data: Buffer, changes: readonly Change[]): Buffer {
  let bytes = data;
  for (const { at, remove, insert, copy } of changes) {
    const start = Math.floor(at * (bytes.length + 1));
    const copied = bytes.subarray(start, start + copy);
    bytes = Buffer.concat([bytes.subarray(0, start), Buffer.from(insert), copied, bytes.subarray(start + remove)]);
  }
  return bytes;
}

/** Inspects a value that was read, and writes it again: writing succeeds or fails with a PyroError. */
function check(serializer: Serializer, read: () => unknown): void {
  try {
    const value = read();
    serializer.dumps(value);
  } catch (error) {
    if (!(error instanceof SerializeError) && !(error instanceof SecurityError)) throw error;
  }
}

describe.each(NAMES.flatMap((name) => MODES.map((values) => ({ name, values }))))(
  '$name, $values, reading changed bytes',
  (kind) => {
    const serializer = createSerializers({ values: kind.values }).get(SERIALIZER_IDS[kind.name])!;
    const samples = samplesOf(serializer);
    const context = { decodeProxy: (state: readonly unknown[]) => ({ proxy: state.length }) };

    it('changed bytes are read as a value or fail with a PyroError, and no prototype is changed', () => {
      const members = Object.getOwnPropertyNames(Object.prototype);
      fc.assert(
        fc.property(fc.constantFrom(...samples), fc.array(change, { minLength: 1, maxLength: 4 }), (data, changes) => {
          const bytes = changed(data, changes);
          check(serializer, () => serializer.loads(bytes, context));
          check(serializer, () => serializer.loads(bytes, { plain: true }));
          check(serializer, () => serializer.loadsCall(bytes, context));
        }),
        RUNS,
      );
      expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(members);
    });

    it('random bytes are read as a value or fail with a PyroError', () => {
      fc.assert(
        fc.property(fc.array(byte, { maxLength: 60 }), (bytes) => {
          check(serializer, () => serializer.loads(Buffer.from(bytes), context));
        }),
        RUNS,
      );
    });

    it('reading does not change the data', () => {
      for (const data of samples) {
        const before = Buffer.from(data);
        check(serializer, () => serializer.loads(data, context));
        expect(data.equals(before)).toBe(true);
      }
    });
  },
);
