/**
 * Compares the package that `npm pack` would publish with its budget: size, number of files, dependencies and install scripts. The
 * build has to be there.
 *
 * While package.json names no repository, the check warns and does not fail: docs/releasing.md tells where the address belongs.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from './package-root.js';
import { run } from './program.js';

/** About a tenth more than the present package. If a change goes over the budget, find the cause before you change the figure. */
const BUDGET = { packedKiB: 2_900, unpackedKiB: 10_400, files: 2_350 };

/** Every dependency that a user installs with the package, and why the package does not do without it. */
const DEPENDENCIES: Record<string, string> = {
  acorn: 'reads parameter names and defaults from the source of methods; a parser of our own would be wrong somewhere',
  commander: 'commands, options and help texts of the program nestjs-pyro',
  re2js: 'regular expressions that peers send to the name server, in linear time',
};

/** Scripts of package.json that npm runs on the machine of a user. */
const INSTALL_SCRIPTS = ['preinstall', 'install', 'postinstall', 'prepare'];
/** Fields of package.json that npm's page of a package, and its provenance, need. */
const ADDRESSES = ['repository', 'homepage', 'bugs'];

interface PackageJson {
  dependencies?: Record<string, string>;
  scripts: Record<string, string>;
  [field: string]: unknown;
}

interface Packed {
  size: number;
  unpackedSize: number;
  files: { path: string }[];
}

interface LockFile {
  packages: Record<string, { dev?: boolean; optional?: boolean; peer?: boolean; hasInstallScript?: boolean }>;
}

const [packageJson, lockFile] = await Promise.all([
  readJson<PackageJson>('package.json'),
  readJson<LockFile>('package-lock.json'),
]);
const { stdout } = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts']);
const [packed] = JSON.parse(stdout) as [Packed];

const problems = [
  ...sizeProblems(packed),
  ...contentProblems(packed),
  ...(await mapProblems(packed)),
  ...dependencyProblems(packageJson, lockFile),
];
for (const problem of problems) console.error(`FAILED: ${problem}`);
const missing = ADDRESSES.filter((field) => packageJson[field] === undefined);
if (missing.length > 0) console.warn(`warning: package.json has no ${missing.join(', ')}: see docs/releasing.md`);
console.log(
  `${kibibytes(packed.size)} KiB packed, ${kibibytes(packed.unpackedSize)} KiB unpacked, ${packed.files.length} files, ` +
    `${Object.keys(packageJson.dependencies ?? {}).length} dependencies, ${problems.length} problems`,
);
if (problems.length > 0) process.exitCode = 1;

async function readJson<Content>(name: string): Promise<Content> {
  return JSON.parse(await readFile(join(packageRoot, name), 'utf8')) as Content;
}

function sizeProblems({ size, unpackedSize, files }: Packed): string[] {
  const measured = { packedKiB: kibibytes(size), unpackedKiB: kibibytes(unpackedSize), files: files.length };
  return (Object.keys(BUDGET) as (keyof typeof BUDGET)[])
    .filter((name) => measured[name] > BUDGET[name])
    .map((name) => `${name} is ${measured[name]}, the budget is ${BUDGET[name]}; scripts/check-budget.ts has it`);
}

/** A package without a build is small, and would pass every budget. */
function contentProblems({ files }: Packed): string[] {
  const paths = files.map(({ path }) => path);
  const needed = ['dist/index.js', 'dist/index.d.ts', 'dist/command-line/main.js', 'README.md', 'CHANGELOG.md', 'LICENSE'];
  return needed.filter((path) => !paths.includes(path)).map((path) => `the package has no ${path}; build it first`);
}

/** Source maps that name sources which they do not contain: nothing of `lib/` is in the package. */
async function mapProblems({ files }: Packed): Promise<string[]> {
  const maps = files.map(({ path }) => path).filter((path) => path.endsWith('.map'));
  const contents = await Promise.all(maps.map((path) => readJson<{ sourcesContent?: (string | null)[] }>(path)));
  return maps
    .filter((_, index) => !(contents[index]!.sourcesContent?.every((source) => source !== null) ?? false))
    .map((path) => `${path} names sources that are not in the package`);
}

function dependencyProblems({ dependencies = {}, scripts }: PackageJson, { packages }: LockFile): string[] {
  const installed = Object.entries(packages).filter(
    ([path, { dev, optional, peer }]) => path !== '' && dev !== true && optional !== true && peer !== true,
  );
  return [
    ...Object.keys(dependencies)
      .filter((name) => DEPENDENCIES[name] === undefined)
      .map((name) => `the dependency ${name} has no reason in scripts/check-budget.ts`),
    ...Object.keys(DEPENDENCIES)
      .filter((name) => dependencies[name] === undefined)
      .map((name) => `scripts/check-budget.ts has a reason for ${name}, which is no dependency`),
    ...installed
      .map(([path]) => path.replace(/^.*node_modules\//, ''))
      .filter((name) => DEPENDENCIES[name] === undefined)
      .map((name) => `a dependency brings ${name} along, which has no reason in scripts/check-budget.ts`),
    ...installed
      .filter(([, { hasInstallScript }]) => hasInstallScript === true)
      .map(([path]) => `${path} runs a script when it is installed`),
    ...INSTALL_SCRIPTS.filter((name) => scripts[name] !== undefined).map(
      (name) => `the script ${name} would run when a user installs the package`,
    ),
  ];
}

function kibibytes(bytes: number): number {
  return Math.ceil(bytes / 1_024);
}
