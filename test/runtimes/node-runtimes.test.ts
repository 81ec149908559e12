import { beforeAll, describe, expect, it } from 'vitest';
import { namedRanges, NODE_RANGES, NodeRuntime, OLDEST_WITH_SQLITE } from './node-runtime.js';

/** `.ci/run` asks for the oldest and the newest Node in turn, with the projects `unit` and `e2e`; `npm run test:long` takes everything. */
const asked = process.env['RUNTIMES'];
const ranges = asked === undefined ? NODE_RANGES : namedRanges(asked);
const projects = asked !== undefined ? ['--project=unit', '--project=e2e'] : [];
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

  if (asked !== undefined) return;
  it('apps with the installed package work with this version of Node, as modules and as CommonJS', async () => {
    const report = await runtime.test('--mode=package');
    expect(report.failures).toEqual([]);
    expect(report.passed).toBeGreaterThan(0);
  });
});

describe.each(asked === undefined ? [OLDEST_WITH_SQLITE] : [])('with Node %s, the oldest that has SQLite', (range) => {
  it('names are kept in SQLite', async () => {
    const runtime = await NodeRuntime.install(range);
    const report = await runtime.test('--project=unit', 'test/unit/name-server/store/');
    expect(report.failures).toEqual([]);
    expect(report.passed).toBeGreaterThan(0);
  });
});
