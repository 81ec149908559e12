import { copyFile, cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../../scripts/package-root.js';
import { Program, run } from '../../scripts/program.js';

const NPM_TIMEOUT_MS = 240_000;

/** An app that {@link installApp} makes. */
export interface AppOptions {
  type: 'module' | 'commonjs';
  /** A file of `test/package/app/`, without its suffix. */
  program: string;
  /** Packages to install together with this package, in the versions of this project. */
  packages: readonly string[];
}

/** Runs npm and returns its output; cached packages are not downloaded. */
export async function npm(args: readonly string[], cwd: string): Promise<string> {
  const { stdout } = await run('npm', [...args, '--no-audit', '--no-fund'], { cwd, timeoutMs: NPM_TIMEOUT_MS });
  return stdout;
}

/**
 * Makes an app in an empty directory: installs our tarball and the other packages, and compiles the app against their types.
 *
 * @returns the command line that starts it
 */
export async function installApp(
  directory: string,
  tarball: string,
  { type, program, packages }: AppOptions,
): Promise<[command: string, script: string]> {
  await mkdir(directory);
  await writeFile(join(directory, 'package.json'), JSON.stringify({ name: 'app', private: true, type }));
  const versions = await Promise.all([...packages, '@types/node'].map(async (name) => `${name}@${await installedVersion(name)}`));
  await npm(['install', '--prefer-offline', tarball, ...versions], directory);
  await copyFile(join(packageRoot, 'test', 'package', 'app', `${program}.ts`), join(directory, `${program}.ts`));
  const compilerOptions = {
    target: 'es2023',
    module: 'nodenext',
    types: ['node'],
    strict: true,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    rootDir: '.',
    outDir: 'out',
    skipLibCheck: false,
  };
  await writeFile(join(directory, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
  await run(process.execPath, [join(packageRoot, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', directory]);
  return [process.execPath, join(directory, 'out', `${program}.js`)];
}

/** Puts what `npm run build` made among the packages of an app. */
export async function copyBuiltPackage(app: string): Promise<void> {
  const target = join(app, 'node_modules', 'nestjs-pyro');
  await mkdir(target);
  await cp(join(packageRoot, 'dist'), join(target, 'dist'), { recursive: true });
  await copyFile(join(packageRoot, 'package.json'), join(target, 'package.json'));
}

/** Starts a program that prints `ready: URI`, and calls `use` with the URI while the program runs. */
export async function whileRunning<T>(
  [command, script]: [string, string],
  cwd: string,
  use: (uri: string) => Promise<T>,
): Promise<T> {
  const program = new Program(command, [script], { cwd });
  try {
    return await use(await program.line('ready:'));
  } finally {
    await program.stop();
  }
}

/** The version of a package that this project uses. */
export async function installedVersion(name: string): Promise<string> {
  const manifest = await readFile(join(packageRoot, 'node_modules', name, 'package.json'), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
