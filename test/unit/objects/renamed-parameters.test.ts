import { transform as swc } from '@swc/core';
import { transform as esbuild } from 'esbuild';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changedNames } from '../../../lib/objects/renamed-parameters.js';
import { readParameters } from '../../../lib/objects/parameter-reader.js';

type AnyFunction = (...args: never[]) => unknown;

const SHORT_NAMES = `
import { basename } from 'node:path';
export class Echo {
  echo(x, kw) {
    return [basename(x), kw];
  }
  echo3(x, y, kw = {}) {
    const p = y;
    return [x, p, kw];
  }
}
export const methods = [Echo.prototype.echo, Echo.prototype.echo3];
`;

const LONG_NAMES = `
import { basename, dirname } from 'node:path';
const separator = '/';
class Lab {
  search(text = 'everything', options = {}) {
    return [basename(text) + separator, options];
  }
  find(text = 'everything', limit = 5, options = {}) {
    const found = dirname(text);
    return [found, limit, options];
  }
}
export const methods = [Lab.prototype.search, Lab.prototype.find];
`;

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'renamed-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** Runs a CommonJS module that exports `methods`, and gives the changed names of each while the module's file is on the stack. */
async function changedIn(code: string): Promise<string[][]> {
  const file = join(directory, 'module.cjs');
  await writeFile(file, code);
  const changed: string[][] = [];
  const note = (methods: AnyFunction[]): void => {
    for (const method of methods) changed.push(changedNames(method, readParameters(method), true));
  };
  const text = `(function (exports, module, require, note) {${code}\nnote(module.exports.methods)\n})`;
  const run = new Script(text, { filename: file }).runInThisContext() as (...args: unknown[]) => void;
  const made = { exports: {} };
  run(made.exports, made, createRequire(file), note);
  return changed;
}

const plain = async (source: string): Promise<string> => (await esbuild(source, { format: 'cjs' })).code;

describe('changedNames of a method that takes all keywords', () => {
  it('short names of an author are no changed names', async () => {
    expect(await changedIn(await plain(SHORT_NAMES))).toEqual([[], []]);
    expect(await changedIn(`// src/echo.js\n${await plain(SHORT_NAMES)}`)).toEqual([[], []]);
  });

  it('short names in code that is in no file are no changed names', () => {
    const fn = new Function('return { echo(x, kw) { return [x, kw]; } }.echo')() as AnyFunction;
    expect(changedNames(fn, readParameters(fn), true)).toEqual([]);
  });

  it.each<[string, (source: string) => Promise<{ code: string }>]>([
    ['esbuild', (source) => esbuild(source, { format: 'cjs', minifyIdentifiers: true })],
    ['esbuild, its syntax too', (source) => esbuild(source, { format: 'cjs', minifyIdentifiers: true, minifySyntax: true })],
    ['esbuild, with kept names', (source) => esbuild(source, { format: 'cjs', minifyIdentifiers: true, keepNames: true })],
    ['esbuild, its white space too', (source) => esbuild(source, { format: 'cjs', minify: true })],
    [
      'SWC',
      (source) =>
        swc(source, {
          jsc: { minify: { compress: false, mangle: true }, target: 'es2022' },
          module: { type: 'commonjs' },
          minify: false,
        }),
    ],
  ])('names that a minifier has changed are changed names, with white space of %s', async (_, minify) => {
    const { code } = await minify(LONG_NAMES);
    const changed = await changedIn(code);
    expect(changed.map(({ length }) => length)).toEqual([2, 3]);
  });
});
