import { cp, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../scripts/package-root.js';
import { Program, run } from '../../scripts/program.js';
import { TestReport } from '../../scripts/test-report.js';
import { NPM_TIMEOUT_MS, publishedVersions } from '../npm-registry.js';

/** Versions of packages by name. */
export type Versions = Readonly<Record<string, string>>;

interface Manifest {
  peerDependencies: Record<string, string>;
  devDependencies: Record<string, string>;
}

const TESTS_TIMEOUT_MS = 1_800_000;
const COPIED = ['lib', 'test', 'scripts', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'vitest.config.ts'];
/** Development dependencies that no test loads. */
const TOOLS = ['@arethetypeswrong/cli', 'knip', 'oxlint', 'oxlint-tsgolint', 'prettier', 'publint'];

/** The oldest or the newest version of every Nest package in the registry that package.json allows. */
export async function nestVersions(which: 'oldest' | 'newest'): Promise<Versions> {
  const { peerDependencies, devDependencies } = await manifest();
  // HTTP adapters have the same versions as the core
  const core = peerDependencies['@nestjs/core']!;
  const adapters = { '@nestjs/platform-express': core, '@nestjs/platform-fastify': core };
  const ranges = { ...devDependencies, ...peerDependencies, ...adapters };
  const versions: Record<string, string> = {};
  for (const [name, range] of Object.entries(ranges)) {
    if (!name.startsWith('@nestjs/')) continue;
    const published = await publishedVersions(name, range);
    versions[name] = published.at(which === 'oldest' ? 0 : -1)!;
  }
  return versions;
}

/** A copy of the library and its tests in its own directory, with other versions of the Nest packages and no other changes. */
export class NestProject implements AsyncDisposable {
  private constructor(
    private readonly directory: string,
    private readonly versions: Versions,
  ) {}

  /** @throws {Error} with npm's output, when the packages are not compatible */
  static async install(versions: Versions): Promise<NestProject> {
    const directory = await mkdtemp(join(await realpath(tmpdir()), 'nestjs-pyro versions '));
    const project = new NestProject(directory, versions);
    try {
      await project.fill();
      return project;
    } catch (error) {
      await project[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Compiles the library. @throws {Error} with the compiler's output */
  async compile(): Promise<void> {
    await run(process.execPath, [this.program('typescript', 'bin', 'tsc'), '-p', 'tsconfig.build.json', '--noEmit'], {
      cwd: this.directory,
    });
  }

  /**
   * Runs tests, with the versions in an environment variable for the tests that check them.
   *
   * @param folder a folder in test/; the first part of its path is the name of the Vitest project
   * @throws {Error} with the output, when there is no report
   */
  async test(folder: string): Promise<TestReport> {
    const report = join(this.directory, `${folder.replaceAll('/', '-')}.json`);
    const args = ['run', '--project', folder.split('/')[0]!, `test/${folder}`, '--reporter=json', `--outputFile.json=${report}`];
    const program = new Program(process.execPath, [this.program('vitest', 'vitest.mjs'), ...args], {
      cwd: this.directory,
      env: { NEST_VERSIONS: JSON.stringify(this.versions) },
      timeoutMs: TESTS_TIMEOUT_MS,
    });
    const { exitCode, output } = await program.ended;
    try {
      const outcome = await TestReport.read([report], join(this.directory, 'test'));
      if (exitCode === 0 || outcome.failures.length > 0) return outcome;
    } catch (error) {
      throw new Error(`vitest wrote no report of ${folder}\n${output}`, { cause: error });
    }
    throw new Error(`vitest failed (${exitCode ?? 'killed'}) outside of its tests\n${output}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }

  private async fill(): Promise<void> {
    for (const name of COPIED) await cp(join(packageRoot, name), join(this.directory, name), { recursive: true });
    const original = await manifest();
    const devDependencies = Object.fromEntries(
      Object.entries({ ...original.devDependencies, ...this.versions }).filter(([name]) => !TOOLS.includes(name)),
    );
    await writeFile(join(this.directory, 'package.json'), JSON.stringify({ ...original, devDependencies }));
    const install = ['install', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'];
    await run('npm', install, { cwd: this.directory, timeoutMs: NPM_TIMEOUT_MS });
  }

  private program(name: string, ...path: string[]): string {
    return join(this.directory, 'node_modules', name, ...path);
  }
}

async function manifest(): Promise<Manifest> {
  return JSON.parse(await readFile(join(packageRoot, 'package.json'), 'utf8')) as Manifest;
}
