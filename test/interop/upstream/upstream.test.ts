import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SERIALIZER_IDS } from '../../../lib/protocol/constants.js';
import type { SerializerName } from '../../../lib/serializers/contract/serializer.js';
import { Program } from '../../../scripts/program.js';
import { ensurePythonEnv, upstreamDistribution } from '../python-env.js';
import { NestControl } from './nest-control.js';

const TIMEOUT_MS = 180_000;

const TESTS = 34;
/** The number of these tests that Python's own daemon passes. With json and marshal, Python's client cannot send what some tests send. */
const PASSED_BY_PYTHON: Record<SerializerName, number> = { serpent: 34, json: 32, marshal: 28, msgpack: 34 };
const NAMES = Object.keys(SERIALIZER_IDS) as SerializerName[];

const here = import.meta.dirname;

/** The outcome of each test: `passed`, `failed` or `skipped`. */
type Outcomes = Record<string, string>;

interface UpstreamRun {
  outcomes: Outcomes;
  output: string;
}

/** Runs of a test that failed. Some of Pyro5's tests measure times as short as 0.1 s, which a busy machine does not keep. */
const MAX_RUNS = 6;

/**
 * Repeats the tests that failed and should not have.
 *
 * @param wronglyFailed the names of these tests; an empty list ends the repetition
 */
async function repeat(
  first: UpstreamRun,
  run: (only: readonly string[]) => Promise<UpstreamRun>,
  wronglyFailed: (outcomes: Outcomes) => readonly string[],
): Promise<UpstreamRun> {
  let { outcomes, output } = first;
  for (let runs = 1; runs < MAX_RUNS; runs++) {
    const failed = wronglyFailed(outcomes);
    if (failed.length === 0) break;
    const again = await run(failed);
    outcomes = { ...outcomes, ...again.outcomes };
    output += again.output;
  }
  return { outcomes, output };
}

/** @param only names of the tests to run; default: all */
async function runPytest(controlUrl: string, serializer: SerializerName, only: readonly string[] = []): Promise<UpstreamRun> {
  const tests = join(await upstreamDistribution(), 'tests', 'test_server.py');
  const env = {
    REMOTE_DAEMON_CONTROL: controlUrl,
    REMOTE_DAEMON_SERIALIZER: serializer,
    REMOTE_DAEMON_ONLY: only.join(','),
    PYTHONPATH: here,
    PYTHONDONTWRITEBYTECODE: '1',
  };
  const args = ['-m', 'pytest', '-p', 'remote_daemon', '-p', 'no:cacheprovider', '--quiet', '--tb=short', tests];
  const { exitCode, output } = await new Program(await ensurePythonEnv(), args, { env, timeoutMs: TIMEOUT_MS }).ended;
  const line = output.split('\n').find((text) => text.startsWith('outcomes: '));
  // 1 is pytest's code for tests that failed
  if ((exitCode !== 0 && exitCode !== 1) || line === undefined) throw new Error(`pytest ended with ${exitCode}\n${output}`);
  return { outcomes: JSON.parse(line.slice('outcomes: '.length)) as Outcomes, output };
}

function testsThat(ended: string, outcomes: Outcomes): string[] {
  return Object.keys(outcomes).filter((name) => outcomes[name] === ended);
}

describe("Pyro5's own server tests", { timeout: TIMEOUT_MS }, () => {
  let python: Program;
  let pythonUrl: string;
  let nest: NestControl;
  const table: Record<string, object> = {};

  beforeAll(async () => {
    const args = [join(here, 'python_daemon.py'), join(await upstreamDistribution(), 'tests')];
    python = new Program(await ensurePythonEnv(), args, {
      env: { PYTHONDONTWRITEBYTECODE: '1' },
      timeoutMs: NAMES.length * TIMEOUT_MS,
    });
    pythonUrl = await python.line('ready:');
    nest = await NestControl.listen();
  });

  afterAll(async () => {
    console.table(table);
    await python.stop();
    await nest[Symbol.asyncDispose]();
  });

  it.each(NAMES)('tests that pass against Pyro5’s own daemon pass against a Nest app, in %s', async (serializer) => {
    const againstPython = (only?: readonly string[]): Promise<UpstreamRun> => runPytest(pythonUrl, serializer, only);
    const againstNest = (only?: readonly string[]): Promise<UpstreamRun> => runPytest(nest.url, serializer, only);
    const [firstOfPython, firstOfNest] = await Promise.all([againstPython(), againstNest()]);
    const control = await repeat(firstOfPython, againstPython, (outcomes) => {
      const failed = testsThat('failed', outcomes);
      return failed.length > TESTS - PASSED_BY_PYTHON[serializer] ? failed : [];
    });
    const possible = testsThat('passed', control.outcomes);
    const ours = await repeat(firstOfNest, againstNest, (outcomes) =>
      testsThat('failed', outcomes).filter((name) => possible.includes(name)),
    );
    const passed = testsThat('passed', ours.outcomes);
    table[serializer] = {
      tests: Object.keys(control.outcomes).length,
      'pass against Python': possible.length,
      'pass against Nest': passed.length,
    };
    expect(possible, control.output).toHaveLength(PASSED_BY_PYTHON[serializer]);
    expect(passed, ours.output).toEqual(expect.arrayContaining(possible));
  });
});
