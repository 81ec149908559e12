import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformFile } from '@swc/core';
import { build, type Plugin } from 'esbuild';
import { expect, it } from 'vitest';
import { run } from '../../../../scripts/program.js';
import { appDirectory, compile, expectToServe, SWC_OPTIONS } from './built-app.js';

/** esbuild emits no types of parameters, which Nest injects by: SWC compiles, esbuild bundles. */
const nestClasses: Plugin = {
  name: 'nest-classes',
  setup: ({ onLoad }) => {
    onLoad({ filter: /\.ts$/ }, async ({ path }) => ({ contents: (await transformFile(path, SWC_OPTIONS)).code, loader: 'js' }));
  },
};

it('SWC: an app that SWC compiles serves its objects', async () => {
  const directory = await appDirectory();
  await compile(join(directory, 'src'), join(directory, 'out'));
  await expectToServe(join(directory, 'out', 'main.js'));
});

it.each([
  ['as it is', {}],
  ['minified', { minify: true, keepNames: true }],
])('esbuild: an app that is one bundle, %s, serves its objects', async (_how, options) => {
  const directory = await appDirectory();
  const outfile = join(directory, 'out', 'main.mjs');
  const entryPoints = [join(directory, 'src', 'main.ts')];
  await build({
    entryPoints,
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    plugins: [nestClasses],
    ...options,
  });
  // a parameter has another name than in the source, which is why the app gives `params`
  expect(await readFile(outfile, 'utf8')).not.toContain('find(text,');
  await expectToServe(outfile);
});

it('Jest: tests of an app run in Jest, as modules, compiled by @swc/jest', async () => {
  const directory = await appDirectory();
  const config = {
    rootDir: 'src',
    extensionsToTreatAsEsm: ['.ts'],
    moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': ['$1', '$1.js'] },
    transform: { '\\.ts$': [fileURLToPath(import.meta.resolve('@swc/jest')), { ...SWC_OPTIONS, swcrc: false }] },
  };
  await writeFile(join(directory, 'jest.config.json'), JSON.stringify(config));
  const jest = fileURLToPath(import.meta.resolve('jest/bin/jest'));
  const args = ['--experimental-vm-modules', jest, '--config', 'jest.config.json', '--json', '--runInBand', '--no-watchman'];
  const { stdout } = await run(process.execPath, args, { cwd: directory });
  expect(JSON.parse(stdout)).toMatchObject({ success: true, numPassedTests: 2, numFailedTests: 0, openHandles: [] });
});
