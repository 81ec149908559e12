import { expect, it } from 'vitest';
import { fuzzValues } from '../hostile/fuzz-values.js';

const VALUES = 100 * Number(process.env['FUZZ_RUNS'] ?? 300);
const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 1e9);

it('damaged values are read or refused, none costs much for its size, and whole values are read as they were written', () => {
  const { values, accepted } = fuzzValues({ seed: SEED, values: VALUES });
  expect(values).toBe(VALUES);
  expect(accepted).toBeGreaterThan(0);
}, 3_600_000);
