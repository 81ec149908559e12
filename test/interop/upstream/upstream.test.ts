import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Program } from '../../../scripts/program.js';
import { ensurePythonEnv, upstreamDistribution } from '../python-env.js';
import { NestControl } from './nest-control.js';

const TIMEOUT_MS = 120_000;
const PASSED = 34;

const here = import.meta.dirname;

/** Runs Pyro5's server tests against the daemons that a control server starts; gives pytest's last line. */
async function runUpstreamTests(controlUrl: string): Promise<string> {
  const tests = join(await upstreamDistribution(), 'tests', 'test_server.py');
  const env = { REMOTE_DAEMON_CONTROL: controlUrl, PYTHONPATH: here, PYTHONDONTWRITEBYTECODE: '1' };
  const args = ['-m', 'pytest', '-p', 'remote_daemon', '-p', 'no:cacheprovider', '--quiet', '--tb=short', tests];
  const { exitCode, output } = await new Program(await ensurePythonEnv(), args, { env, timeoutMs: TIMEOUT_MS }).ended;
  if (exitCode !== 0) throw new Error(`pytest ended with ${exitCode}\n${output}`);
  return output.trimEnd().split('\n').at(-1)!;
}

// skipped and failed tests, where there are any, stand in this line beside those that passed
const allPassed = new RegExp(`^${PASSED} passed, \\d+ deselected in [\\d.]+s$`);

describe("Pyro5's own server tests", { timeout: TIMEOUT_MS }, () => {
  it('pass against its own daemon in another process', async () => {
    const python = await ensurePythonEnv();
    const env = { PYTHONDONTWRITEBYTECODE: '1' };
    const control = new Program(python, [join(here, 'python_daemon.py'), join(await upstreamDistribution(), 'tests')], { env });
    try {
      expect(await runUpstreamTests(await control.line('ready:'))).toMatch(allPassed);
    } finally {
      await control.stop();
    }
  });

  it('pass against a Nest app', async () => {
    const control = await NestControl.listen();
    try {
      expect(await runUpstreamTests(control.url)).toMatch(allPassed);
    } finally {
      await control[Symbol.asyncDispose]();
    }
  });
});
