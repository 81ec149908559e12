import { run } from '../scripts/program.js';

/** Longest time of one npm command. */
export const NPM_TIMEOUT_MS = 300_000;

/** The published versions of a package in a range, in ascending order. */
export async function publishedVersions(name: string, range: string): Promise<string[]> {
  const { stdout } = await run('npm', ['view', `${name}@${range}`, 'version', '--json'], { timeoutMs: NPM_TIMEOUT_MS });
  // npm prints a single version as a text instead of a list
  const versions = [JSON.parse(stdout) as string | string[]].flat();
  return versions.sort((one, other) => one.localeCompare(other, 'en', { numeric: true }));
}
