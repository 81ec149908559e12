import fc from 'fast-check';
import type { Serializer } from '../../../lib/serializers/contract/serializer.js';
import { OBJECT } from './fuzzed-server.js';
import { SERIALIZERS } from './exchanges.js';

/** A value in one serializer, written once for all messages that have it. */
export interface Written {
  /** The arguments of `echo`. */
  echo: Buffer;
  /** The answer of a server that reads the value and writes it again. */
  result: Buffer;
}

export interface Sample {
  value: unknown;
  written: ReadonlyMap<Serializer, Written>;
}

const SAMPLES = 150;
const LARGE_TEXT = 'x'.repeat(100_000);

const small = fc.oneof(
  { weight: 6, arbitrary: fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<unknown> },
  fc.bigInt({ min: -(2n ** 200n), max: 2n ** 200n }),
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.array(fc.integer(), { maxLength: 300 }) as fc.Arbitrary<unknown>,
  fc.array(fc.double({ noNaN: true }), { maxLength: 100 }) as fc.Arbitrary<unknown>,
);

/** Values for the messages of a run. */
export class SampleValues {
  readonly small: readonly Sample[];
  readonly large: Sample = sampleOf(LARGE_TEXT);

  constructor(seed: number) {
    this.small = fc.sample(small, { seed, numRuns: SAMPLES }).filter(isPlain).map(sampleOf);
  }
}

/** False for a value with a dict key that is no data in natural mode. */
export function isPlain(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([key, member]) => !/^__(proto|class)__$/.test(key) && isPlain(member));
}

function sampleOf(value: unknown): Sample {
  return { value, written: new Map(SERIALIZERS.map((format) => [format, writtenIn(format, value)])) };
}

function writtenIn(format: Serializer, value: unknown): Written {
  return {
    echo: format.dumpsCall({ objectId: OBJECT, method: 'echo', args: [value], kwargs: {} }),
    result: rewritten(value, format, format),
  };
}

/** The bytes of a value that a server has read in one serializer, and writes in another. */
export function rewritten(value: unknown, read: Serializer, written: Serializer): Buffer {
  return written.dumps(read.loads(read.dumps(value)));
}
