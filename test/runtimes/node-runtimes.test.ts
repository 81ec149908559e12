import { beforeAll, describe, expect, it } from 'vitest';
import { NODE_RANGES, NodeRuntime } from './node-runtime.js';

/** `.ci/run` takes the first and the last Node, and the projects `unit` and `e2e`; `npm run test:long` takes everything. */
const short = process.env['RUNTIMES'] === 'short';
const ranges = short ? [NODE_RANGES[0], NODE_RANGES.at(-1)!] : NODE_RANGES;
const projects = short ? ['--project=unit', '--project=e2e'] : [];
const RUNS_ON = 'unit/node-version.test.ts > tests, and the programs that they start, run on the Node that was asked for';

describe.each(ranges)('with Node %s', (range) => {
  let runtime: NodeRuntime;

  beforeAll(async () => {
    runtime = await NodeRuntime.install(range);
  });

  it('every test passes with this version of Node', async () => {
    const report = await runtime.test(...projects);
    console.log(`Node ${runtime.version}: ${report.passed} tests passed`);
    expect(report.failures).toEqual([]);
    expect(report.outcomeOf(RUNS_ON)).toBe('passed');
  });

  if (short) return;
  it('apps with the installed package work with this version of Node, as modules and as CommonJS', async () => {
    const report = await runtime.test('--mode=package');
    expect(report.failures).toEqual([]);
    expect(report.passed).toBeGreaterThan(0);
  });
});
