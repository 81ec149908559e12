import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { PyroDaemon } from '../../../lib/core.js';
import { ensurePythonEnv } from '../python-env.js';
import { serveChecked } from './served.js';

let daemon: PyroDaemon;

beforeAll(async () => {
  daemon = await serveChecked();
});
afterAll(() => daemon.close());

it('a daemon gives Python’s own client what it expects of a Pyro5 daemon', async () => {
  const python = await ensurePythonEnv();
  const checks = fileURLToPath(new URL('checks.py', import.meta.url));
  const output = await new Promise<string>((resolve) => {
    const env = { ...process.env, CHECKED_LOCATION: daemon.locationStr, PYTHONDONTWRITEBYTECODE: '1' };
    execFile(
      python,
      ['-m', 'pytest', '-q', '-p', 'no:cacheprovider', '--tb=short', checks],
      { env, maxBuffer: 10_000_000 },
      (_error, stdout) => resolve(stdout),
    );
  });
  // the output tells a developer which check failed
  expect(output).toMatch(/^\d+ passed in /m);
  expect(daemon.connections).toEqual([]);
});
