import { copyFile, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { packageRoot } from '../../scripts/package-root.js';
import { run } from '../../scripts/program.js';
import { copyBuiltPackage, installedVersion, npm } from './installed-app.js';

/** The oldest version that `peerDependencies` allow, and the newest major version. */
const COMPILERS = ['5.4', '7'];
const PACKAGES = ['@nestjs/common', '@nestjs/core', '@nestjs/microservices', '@types/node', 'reflect-metadata', 'rxjs'];

let app: string;

beforeAll(async () => {
  app = await mkdtemp(join(await realpath(tmpdir()), 'compilers-'));
  await writeFile(join(app, 'package.json'), JSON.stringify({ name: 'app', private: true, type: 'module' }));
  const versions = await Promise.all(PACKAGES.map(async (name) => `${name}@${await installedVersion(name)}`));
  const compilers = COMPILERS.map((version) => `typescript-${version}@npm:typescript@${version}`);
  await npm(['install', '--prefer-offline', ...versions, ...compilers], app);
  await copyBuiltPackage(app);
  await copyFile(join(packageRoot, 'test', 'package', 'app', 'entries.ts'), join(app, 'entries.ts'));
  const compilerOptions = {
    target: 'es2022',
    lib: ['es2023', 'esnext.disposable'],
    module: 'nodenext',
    types: ['node'],
    strict: true,
    exactOptionalPropertyTypes: true,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    skipLibCheck: false,
    noEmit: true,
  };
  await writeFile(join(app, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
});

afterAll(async () => {
  await rm(app, { recursive: true, force: true });
});

it.each(COMPILERS)('TypeScript %s compiles the declarations of every entry, with exactOptionalPropertyTypes', async (version) => {
  const compiler = join(app, 'node_modules', `typescript-${version}`, 'bin', 'tsc');
  const { stdout } = await run(process.execPath, [compiler, '-p', app]);
  expect(stdout).toBe('');
});
