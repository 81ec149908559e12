import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Options as SwcOptions, transformFile } from '@swc/core';
import { expect } from 'vitest';
import { kwargs, PyroProxy } from '../../../../lib/index.js';
import { packageRoot } from '../../../../scripts/package-root.js';
import { Program } from '../../../../scripts/program.js';
import { closeAfter } from '../fixtures.js';
import type { CatalogueObject } from './app/catalogue.object.js';

/** SWC's options for a Nest app, as in `.swcrc`. */
export const SWC_OPTIONS: SwcOptions = {
  jsc: {
    target: 'es2023',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
  },
  module: { type: 'es6' },
  sourceMaps: 'inline',
};

/**
 * Makes a directory with the sources of the app in `app/`, and with this library, compiled by SWC, as its `nestjs-pyro`. All other packages
 * are the packages of this project. The directory is removed after the test.
 */
export async function appDirectory(): Promise<string> {
  const builds = join(packageRoot, 'build');
  await mkdir(builds, { recursive: true });
  const directory = await mkdtemp(join(builds, 'recipe-'));
  closeAfter(() => rm(directory, { recursive: true, force: true }));
  await cp(join(import.meta.dirname, 'app'), join(directory, 'src'), { recursive: true });
  await writeFile(join(directory, 'package.json'), JSON.stringify({ name: 'app', private: true, type: 'module' }));
  const library = join(directory, 'node_modules', 'nestjs-pyro');
  await compile(join(packageRoot, 'lib'), join(library, 'dist'));
  await cp(join(packageRoot, 'package.json'), join(library, 'package.json'));
  return directory;
}

/** Compiles a folder of TypeScript with SWC, file by file. */
export async function compile(from: string, to: string): Promise<void> {
  const files = (await readdir(from, { recursive: true })).filter((name) => name.endsWith('.ts'));
  await Promise.all(
    files.map(async (name) => {
      const { code } = await transformFile(join(from, name), SWC_OPTIONS);
      const file = join(to, name.replace(/\.ts$/, '.js'));
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, code);
    }),
  );
}

/** Runs the built app and calls its object: positional and keyword arguments, an attribute, a stream. */
export async function expectToServe(script: string): Promise<void> {
  const program = new Program(process.execPath, ['--enable-source-maps', script], { cwd: dirname(script) });
  try {
    const uri = await program.line('ready:');
    await using catalogue = await PyroProxy.connect<CatalogueObject>(uri);
    expect(await catalogue.find('s')).toEqual(['steel', 'silver']);
    expect(await catalogue.find(kwargs({ text: 's', limit: 1 }))).toEqual(['steel']);
    expect(await catalogue.search(kwargs({ text: 'steel', order: 'name' }))).toEqual({
      text: 'steel',
      options: { order: 'name' },
    });
    expect(await catalogue.$get('size')).toBe(7);
    const names: string[] = [];
    for await (const name of await catalogue.all()) names.push(name);
    expect(names).toEqual(['steel', 'copper', 'silver', 'stone']);
  } finally {
    await program.stop();
  }
}
