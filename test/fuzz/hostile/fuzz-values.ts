import fc from 'fast-check';
import { SecurityError, SerializeError } from '../../../lib/core.js';
import { ValueBudget } from '../../../lib/serializers/contract/value-budget.js';
import type { Serializer, ValueMode } from '../../../lib/serializers/contract/serializer.js';
import { createSerializers } from '../../../lib/serializers/serializers.js';
import { Random } from './random.js';

export interface ValuesRun {
  seed: number;
  /** Values that are read. */
  values: number;
}

export interface ValuesResult {
  values: number;
  bytes: number;
  /** Values that were read; the others were refused. */
  accepted: number;
  /** Time for the slowest value. */
  worstMs: number;
  /** Memory that an accepted value takes, as the readers estimate it, for each byte of its data. */
  worstBytesPerByte: number;
}

const MODES: readonly ValueMode[] = ['natural', 'faithful'];
const SAMPLES = 60;
const VALUES_PER_SAMPLES = 50_000;
const MIB = 2 ** 20;
/** A value may take the event loop so long for its size. */
const MAX_MS_PER_MIB = 50;
/** Smaller costs cannot be told from pauses of the process. */
const LEAST_MS = 2;
const REPEATS = 5;

/** Bytes with a meaning in some format: type codes of marshal and msgpack, punctuation of the text formats, ends of ranges. */
const MEANING = Buffer.from('0NTFSiIlfgxysutAaZz()[]{}<>rcR"\'\\,:#-.eE19n_\0\x7f\x80\xc1\xc7\xd8\xdd\xdf\xff', 'latin1');

const anything = fc.oneof(
  { weight: 4, arbitrary: fc.jsonValue() as fc.Arbitrary<unknown> },
  { weight: 2, arbitrary: fc.anything({ withBigInt: true, withSet: true, maxDepth: 4 }) },
  fc.bigInt({ min: -(2n ** 300n), max: 2n ** 300n }),
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) as fc.Arbitrary<unknown>,
  fc.array(fc.double(), { maxLength: 200 }) as fc.Arbitrary<unknown>,
);

interface Sample {
  format: Serializer;
  data: Buffer;
  /** The same value, read and written again. */
  rewritten: Buffer;
}

/**
 * Reads values and damaged values in all serializers, in this process.
 *
 * @throws {Error} when a value is read wrong, fails with an error that is no error of a serializer, or takes too long for its size
 */
export function fuzzValues({ seed, values }: ValuesRun): ValuesResult {
  const result: ValuesResult = { values: 0, bytes: 0, accepted: 0, worstMs: 0, worstBytesPerByte: 0 };
  const random = new Random(seed);
  for (let group = 0; result.values < values; group++) {
    const samples = samplesOf(seed + group * 1_000_003);
    for (let rest = Math.min(VALUES_PER_SAMPLES, values - result.values); rest > 0; rest--) {
      const sample = random.pick(samples);
      if (random.chance(0.3)) readAgain(sample, result);
      else readDamaged(sample, random, result);
    }
  }
  return result;
}

function samplesOf(seed: number): Sample[] {
  const samples: Sample[] = [];
  for (const value of fc.sample(anything, { seed, numRuns: SAMPLES })) {
    for (const values of MODES) {
      for (const format of createSerializers({ values }).values()) {
        const sample = attempt((): Sample => {
          const data = format.dumps(value);
          return { format, data, rewritten: format.dumps(format.loads(data)) };
        });
        // some values cannot be written or read in all serializers
        if (sample === undefined) continue;
        samples.push(sample);
        samples.push(callOf(format, value));
      }
    }
  }
  return samples;
}

function callOf(format: Serializer, value: unknown): Sample {
  const data = format.dumpsCall({ objectId: 'object', method: 'method', args: [value], kwargs: { key: 1 } });
  return { format, data, rewritten: Buffer.alloc(0) };
}

/** A value that was read is written as the same bytes as before. */
function readAgain({ format, data, rewritten }: Sample, result: ValuesResult): void {
  const isCall = rewritten.length === 0;
  count(data, result);
  const value = measured(data, result, (budget) =>
    isCall ? format.loadsCall(data, { budget }) : format.loads(data, { budget }),
  );
  if (value === undefined) throw new Error(`${format.name} refuses what it has written: ${shown(data)}`);
  if (isCall || format.dumps(value.read).equals(rewritten)) return;
  throw new Error(`${format.name} reads another value than before: ${shown(data)}`);
}

function readDamaged({ format, data, rewritten }: Sample, random: Random, result: ValuesResult): void {
  const bytes = damaged(data, random);
  const isCall = rewritten.length === 0;
  const plain = random.chance(0.3);
  count(bytes, result);
  const value = measured(bytes, result, (budget) =>
    isCall ? format.loadsCall(bytes, { budget }) : format.loads(bytes, { budget, plain }),
  );
  if (value !== undefined && !isCall) attempt(() => format.dumps(value.read));
}

function damaged(data: Buffer, random: Random): Buffer {
  let bytes = data;
  for (let rest = 1 + random.below(3); rest > 0; rest--) {
    const at = random.below(bytes.length + 1);
    const insert = Buffer.from(Array.from({ length: random.below(4) }, () => MEANING[random.below(MEANING.length)]!));
    const copied = bytes.subarray(at, at + random.pick([0, 0, 0, 1, 8, 50]));
    bytes = Buffer.concat([bytes.subarray(0, at), insert, copied, bytes.subarray(at + random.pick([0, 0, 1, 1, 2, 20]))]);
  }
  return bytes;
}

/**
 * Reads a value, and measures the cost.
 *
 * @returns undefined when the value was refused
 * @throws {Error} when the cost is over the limit
 */
function measured(bytes: Buffer, result: ValuesResult, read: (budget: ValueBudget) => unknown): { read: unknown } | undefined {
  const budget = new ValueBudget(64 * MIB);
  const begun = performance.now();
  const value = attempt(() => ({ read: read(budget) }));
  const wallMs = performance.now() - begun;
  if (value !== undefined) {
    result.accepted++;
    if (bytes.length >= 64) result.worstBytesPerByte = Math.max(result.worstBytesPerByte, budget.spentBytes / bytes.length);
  }
  if (wallMs < LEAST_MS) {
    result.worstMs = Math.max(result.worstMs, wallMs);
    return value;
  }
  const ms = leastCpuMs(() => attempt(() => read(new ValueBudget(64 * MIB))));
  result.worstMs = Math.max(result.worstMs, ms);
  const most = LEAST_MS + (bytes.length / MIB) * MAX_MS_PER_MIB;
  if (ms > most) throw new Error(`${ms.toFixed(1)} ms for ${bytes.length} bytes: ${shown(bytes)}`);
  return value;
}

/** The time of the processor for some work, at best. Pauses of a busy machine, or of the garbage collector, are no cost of the work. */
function leastCpuMs(work: () => void): number {
  let least = Infinity;
  for (let again = 0; again < REPEATS; again++) {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1_000);
  }
  return least;
}

/** Undefined when the work fails with an error that serializers may throw. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof SerializeError || error instanceof SecurityError) return undefined;
    throw error;
  }
}

function count(bytes: Buffer, result: ValuesResult): void {
  result.values++;
  result.bytes += bytes.length;
}

const shown = (bytes: Buffer): string => bytes.toString('base64').slice(0, 4_000);
