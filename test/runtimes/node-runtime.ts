import { mkdir, rm, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { packageRoot } from '../../scripts/package-root.js';
import { Program, run } from '../../scripts/program.js';
import { TestReport } from '../../scripts/test-report.js';
import { cached } from '../cache-directory.js';
import { NPM_TIMEOUT_MS, publishedVersions } from '../npm-registry.js';

/** The oldest Node that package.json allows, and the newest of each line that is supported. */
export const NODE_RANGES = ['20.19.0', '22', '24', '26'] as const;

const EXTREMES: ReadonlyMap<string, string> = new Map([
  ['oldest', NODE_RANGES[0]],
  ['newest', NODE_RANGES.at(-1)!],
]);

/**
 * The ranges that `RUNTIMES` asks for.
 *
 * @param asked `oldest`, `newest`, or both with a space between them
 * @throws {Error} on another word, and without a word
 */
export function namedRanges(asked: string): string[] {
  const names = asked.split(/\s+/).filter((name) => name !== '');
  const unknown = names.filter((name) => !EXTREMES.has(name));
  if (names.length > 0 && unknown.length === 0) return names.map((name) => EXTREMES.get(name)!);
  const what = names.length === 0 ? 'is empty' : `has ${unknown.map((name) => JSON.stringify(name)).join(' and ')}`;
  throw new Error(`RUNTIMES ${what}; it takes oldest and newest, with a space between them; unset it for all versions of Node`);
}

/** The oldest Node with `node:sqlite`. It reads a text of a column up to its first zero character only. */
export const OLDEST_WITH_SQLITE = '22.13.0';

const TESTS_TIMEOUT_MS = 3_000_000;
const BINARY = join('bin', process.platform === 'win32' ? 'node.exe' : 'node');
const VITEST = join(packageRoot, 'node_modules', 'vitest', 'vitest.mjs');

/** A Node of npm's package `node`, in the user's cache. */
export class NodeRuntime {
  private constructor(
    readonly version: string,
    readonly binary: string,
  ) {}

  /**
   * Installs the newest published version of a range, unless the cache has it.
   *
   * @throws {Error} with npm's output, for example when there is no such Node for this system
   */
  static async install(range: string): Promise<NodeRuntime> {
    const version = (await publishedVersions('node', range)).at(-1)!;
    const name = `node-${version}-${process.platform}-${process.arch}`;
    const directory = await cached(name, BINARY, async (workspace) => {
      // the install script of the package brings the binary for this system
      await writeFile(join(workspace, 'package.json'), JSON.stringify({ private: true, allowScripts: { node: true } }));
      const install = ['install', '--ignore-scripts=false', '--no-audit', '--no-fund', `node@${version}`];
      await run('npm', install, { cwd: workspace, timeoutMs: NPM_TIMEOUT_MS });
      return join(workspace, 'node_modules', 'node');
    });
    return new NodeRuntime(version, join(directory, BINARY));
  }

  /**
   * Runs tests of this project. The programs that they start by the name `node` run on the same Node.
   *
   * @param args arguments of `vitest run`
   * @throws {Error} with the output, when there is no report, or when something failed that is no test
   */
  async test(...args: string[]): Promise<TestReport> {
    const report = join(packageRoot, 'build', 'runtimes', `${this.version}-${args.join('') || 'all'}.json`);
    await mkdir(dirname(report), { recursive: true });
    await rm(report, { force: true });
    const program = new Program(this.binary, [VITEST, 'run', ...args, '--reporter=json', `--outputFile.json=${report}`], {
      env: { PATH: `${dirname(this.binary)}${delimiter}${process.env['PATH'] ?? ''}`, NODE_UNDER_TEST: this.version },
      timeoutMs: TESTS_TIMEOUT_MS,
    });
    const { exitCode, output } = await program.ended;
    try {
      const outcome = await TestReport.read([report], join(packageRoot, 'test'));
      if (exitCode === 0 || outcome.failures.length > 0) return outcome;
    } catch (error) {
      throw new Error(`vitest wrote no report with Node ${this.version}\n${output}`, { cause: error });
    }
    throw new Error(`vitest failed (${exitCode ?? 'killed'}) outside of its tests with Node ${this.version}\n${output}`);
  }
}
