import { fileURLToPath } from 'node:url';
import { inspectorPageForTests } from './scripts/build-inspector.js';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';

const source = (path: string) => fileURLToPath(new URL(`lib/${path}`, import.meta.url));

/** Tests read the package by its own name, from its sources: no build is needed before them. */
const alias = [
  { find: /^nestjs-pyro$/, replacement: source('index.ts') },
  { find: /^nestjs-pyro\/core$/, replacement: source('core.ts') },
  { find: /^nestjs-pyro\/serpent$/, replacement: source('serpent/index.ts') },
  { find: /^nestjs-pyro\/testing$/, replacement: source('testing/index.ts') },
];

interface Room {
  name: string;
  testTimeoutMs: number;
  /** Whether its tests start Python programs. */
  python: boolean;
  env?: Record<string, string>;
  /** Default: all its tests. */
  include?: string[];
}

/** Ends what hangs. A test of some seconds takes a minute on a machine with ten times as many busy programs as cores. */
const TEST_MS = 180_000;
const LONG_TEST_MS = 3_600_000;

/** What `vitest run` runs, and what `--mode long`, `--mode runtimes` and `--mode package` run instead. */
const rooms: Record<string, Room[]> = {
  test: [
    { name: 'unit', testTimeoutMs: TEST_MS, python: false },
    { name: 'fuzz', testTimeoutMs: TEST_MS, python: false },
    { name: 'interop', testTimeoutMs: TEST_MS, python: true },
    { name: 'e2e', testTimeoutMs: TEST_MS, python: true },
  ],
  long: [
    {
      name: 'interop',
      testTimeoutMs: LONG_TEST_MS,
      python: true,
      env: {
        LONG_VALUES: process.env['LONG_VALUES'] ?? '20000',
        LONG_ARRAYS: process.env['LONG_ARRAYS'] ?? '100000',
      },
    },
    { name: 'fuzz', testTimeoutMs: LONG_TEST_MS, python: false, env: { FUZZ_RUNS: process.env['FUZZ_RUNS'] ?? '20000' } },
    {
      name: 'e2e',
      testTimeoutMs: LONG_TEST_MS,
      python: true,
      env: {
        LEAK_CONNECTIONS: process.env['LEAK_CONNECTIONS'] ?? '100000',
        LEAK_CALLS: process.env['LEAK_CALLS'] ?? '1000000',
        NAME_SERVER_LATE_MS: process.env['NAME_SERVER_LATE_MS'] ?? '20000',
        LONG_ROUNDS: process.env['LONG_ROUNDS'] ?? '100',
        CHAOS_FAULTS: process.env['CHAOS_FAULTS'] ?? '500',
      },
      include: [
        'test/e2e/nest/leaks.test.ts',
        'test/e2e/nest/names.test.ts',
        'test/e2e/name-server/shared-names.test.ts',
        'test/e2e/chaos/*.test.ts',
      ],
    },
    {
      name: 'unit',
      testTimeoutMs: LONG_TEST_MS,
      python: false,
      env: { LONG_KILLS: process.env['LONG_KILLS'] ?? '1000', FUZZ_RUNS: process.env['FUZZ_RUNS'] ?? '2000' },
      include: ['test/unit/name-server/store/*.test.ts'],
    },
    { name: 'java', testTimeoutMs: LONG_TEST_MS, python: true },
    { name: 'versions', testTimeoutMs: LONG_TEST_MS, python: true },
    { name: 'runtimes', testTimeoutMs: LONG_TEST_MS, python: true },
  ],
  runtimes: [
    {
      name: 'runtimes',
      testTimeoutMs: LONG_TEST_MS,
      python: true,
      env: { RUNTIMES: process.env['RUNTIMES'] ?? 'oldest newest' },
    },
  ],
  package: [{ name: 'package', testTimeoutMs: 300_000, python: true }],
};

export default defineConfig(({ mode }) => ({
  test: {
    // two workers: the programs that interop tests start want a core as well. One for the package: npm pack makes dist/ anew
    maxWorkers: mode === 'package' ? 1 : 2,
    projects: (rooms[mode] ?? rooms.test!).map(projectOf),
  },
}));

function projectOf({ name, testTimeoutMs, python, env, include = everythingOf(name) }: Room): TestProjectInlineConfiguration {
  return {
    resolve: { alias },
    plugins: [inspectorPageForTests],
    test: {
      name,
      include,
      environment: 'node',
      pool: 'forks',
      testTimeout: testTimeoutMs,
      hookTimeout: testTimeoutMs,
      expect: { poll: { timeout: 60_000 } },
      env,
      ...(python && { globalSetup: 'test/interop/global-setup.ts' }),
    },
  };
}

function everythingOf(name: string): string[] {
  return [`test/${name}/**/*.test.ts`, ...(name === 'e2e' ? ['sample/**/*.test.ts'] : [])];
}
