import { expect, it } from 'vitest';
import { fuzzClient } from '../hostile/fuzz-client.js';

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 150);
const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 1e9);

it('a call ends with a result or an error of Pyro, whatever the server answers', async () => {
  expect(await fuzzClient({ seed: SEED, runs: RUNS })).toBeGreaterThan(0);
}, 3_600_000);
