/**
 * Checks what docs/audit/upstream-tests.md, docs/audit/pyro5-parity.md and docs/audit/nest-features.md claim, and the tests that
 * docs/audit/faults-2026-11.md names: `check-parity.js REPORT…`, the reports that Vitest's JSON reporter wrote.
 *
 * Every test case of Pyro5's distribution, as pytest finds them, and every public name of its API must have a row. Every row must name
 * something of Python's. It must also name a test of this project that has passed, or give a reason as a full sentence in its last cell.
 * Rows about the API name a test with real Python. Nest has no list of its features, so faults of that page are reported by the line of the
 * row.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensurePythonEnv, upstreamDistribution } from '../test/interop/python-env.js';
import { type Claim, faultsOf, readClaims, unfinishedReasons, withoutPeer } from './claims.js';
import { packageRoot } from './package-root.js';
import { run } from './program.js';
import { TestReport } from './test-report.js';

const report = await TestReport.read(process.argv.slice(2), join(packageRoot, 'test'));
await check('docs/audit/upstream-tests.md', 'upstream case', await upstreamCases());
await check('docs/audit/pyro5-parity.md', 'Python', await publicNames(), withoutPeer);
await check('docs/audit/nest-features.md', 'Nest');
await checkTests('docs/audit/faults-2026-11.md', 'entry');

async function check(
  page: string,
  title: string,
  names?: string[],
  more: (claims: readonly Claim[]) => string[] = () => [],
): Promise<void> {
  const text = await readFile(join(packageRoot, page), 'utf8');
  const claims: Claim[] = readClaims(text, title);
  tell(page, [...faultsOf(claims, names, report), ...unfinishedReasons(text, title), ...more(claims)]);
  const tests = new Set(claims.flatMap((claim) => claim.tests));
  const without = claims.filter((claim) => claim.tests.length === 0).length;
  console.log(
    `${page}: ${names ? `${names.length} names, ` : ''}${claims.length} rows, ${without} of them with a reason alone; ${tests.size} tests`,
  );
}

/** Checks the tests that a page names by their titles. Its rows may name whole files, which `check:docs` looks for. */
async function checkTests(page: string, title: string): Promise<void> {
  const claims = readClaims(await readFile(join(packageRoot, page), 'utf8'), title);
  tell(page, faultsOf(claims, undefined, report));
  console.log(`${page}: ${claims.length} rows, ${claims.flatMap(({ tests }) => tests).length} tests by their titles`);
}

function tell(page: string, faults: readonly string[]): void {
  for (const fault of faults) console.error(`FAILED: ${page}: ${fault}`);
  if (faults.length > 0) process.exitCode = 1;
}

/** `test_core.py::TestCore::test_uri` */
async function upstreamCases(): Promise<string[]> {
  const cwd = join(await upstreamDistribution(), 'tests');
  const args = ['-m', 'pytest', '-p', 'no:cacheprovider', '--collect-only', '--quiet', '.'];
  const { stdout } = await run(await ensurePythonEnv(), args, { cwd, env: { PYTHONDONTWRITEBYTECODE: '1' } });
  return stdout
    .split('\n')
    .filter((line) => line.includes('::'))
    .map((line) => line.slice(line.lastIndexOf('/') + 1));
}

/** `Daemon`, `Daemon.register`, `Daemon(host)` */
async function publicNames(): Promise<string[]> {
  const { stdout } = await run(await ensurePythonEnv(), [join(packageRoot, 'scripts', 'python-names.py')]);
  return stdout.trim().split('\n');
}
