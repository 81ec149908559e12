import { type JscTarget, transform as swc } from '@swc/core';
import { build, transform as esbuild } from 'esbuild';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Script } from 'node:vm';
import typescript from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changedNames } from '../../../lib/objects/parameters/renamed-parameters.js';
import { readParameters } from '../../../lib/objects/parameters/parameter-reader.js';

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

/** Parameters with names of globals that the file uses, and others. */
const NAMES_OF_GLOBALS = `
import { basename } from 'node:path';
const seen = (target: object, key: string) => {};
class Lab {
  @seen start(process = 'everything', step = 1) {
    return [process, step];
  }
  @seen move(location = 'home', fetch?: string) {
    return [location, fetch];
  }
  @seen hash(sha256 = '', x2 = 0, text = '') {
    return [basename(sha256), x2, text];
  }
  @seen state() {
    return [process.env, typeof location, fetch];
  }
}
export const methods = [Lab.prototype.start, Lab.prototype.move, Lab.prototype.hash];
`;

/** The author has given the numbers. */
const NUMBERS_OF_THE_AUTHOR = `
const seen = (target: object, key: string) => {};
class Lab {
  @seen compare(process1 = '', process2 = '') {
    return [process1, process2];
  }
  @seen swap(text: string, text1: string, item2: number) {
    for (const item of [text, text1]) console.log(item, item2);
  }
  @seen state(event1: string) {
    const event = (name: string) => [name, process.env];
    return event(event1);
  }
}
export const methods = [Lab.prototype.compare, Lab.prototype.swap, Lab.prototype.state];
`;

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'renamed-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** Runs a CommonJS module that exports `methods`, and gives the changed names of each while the module's file is on the stack. */
async function changedIn(code: string, file = join(directory, 'module.cjs'), inFile = code): Promise<string[][]> {
  await writeFile(file, inFile);
  const calls = 'return module.exports.methods.map((method) => changedNames(method, readParameters(method), true));';
  const text = `(function (exports, module, require, changedNames, readParameters) {${code}\n${calls}\n})`;
  const run = new Script(text, { filename: file }).runInThisContext() as (...args: unknown[]) => string[][];
  const made = { exports: {} };
  return run(made.exports, made, createRequire(file), changedNames, readParameters);
}

const bySwc = async (source: string, target: JscTarget = 'es2022'): Promise<string> => {
  const { code } = await swc(source, {
    swcrc: false,
    module: { type: 'commonjs' },
    jsc: { target, parser: { syntax: 'typescript', decorators: true }, transform: { legacyDecorator: true } },
  });
  return code;
};
const LEGACY = { compilerOptions: { experimentalDecorators: true } };
const byEsbuild = async (source: string): Promise<string> =>
  (await esbuild(source, { format: 'cjs', loader: 'ts', tsconfigRaw: LEGACY })).code;
/** Bundles the source with a module that uses the globals. */
async function bundled(source: string): Promise<string> {
  const globals = 'export const env = [process.env, typeof location, fetch];';
  const { outputFiles } = await build({
    stdin: { contents: `import { env } from 'globals';\nconsole.assert(env);\n${source}`, loader: 'ts', sourcefile: 'lab.ts' },
    bundle: true,
    write: false,
    platform: 'node',
    tsconfigRaw: LEGACY,
    plugins: [
      {
        name: 'globals',
        setup: ({ onResolve, onLoad }) => {
          onResolve({ filter: /^globals$/ }, ({ path }) => ({ path, namespace: 'globals' }));
          onLoad({ filter: /.*/, namespace: 'globals' }, () => ({ contents: globals }));
        },
      },
    ],
  });
  return outputFiles[0]!.text;
}
const byTypeScript = (source: string): string =>
  typescript.transpileModule(source, {
    compilerOptions: {
      target: typescript.ScriptTarget.ES2022,
      module: typescript.ModuleKind.CommonJS,
      experimentalDecorators: true,
    },
  }).outputText;

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

describe('changedNames of parameters with the name of a global', () => {
  it.each<[string, (source: string) => Promise<string>, string]>([
    ['SWC', bySwc, '1'],
    ['SWC for ES5', (source) => bySwc(source, 'es5'), '1'],
    ['esbuild', byEsbuild, '2'],
    ['esbuild in a bundle', bundled, '2'],
    ['esbuild in a bundle of modules by SWC', async (source) => bundled(await bySwc(source)), '1'],
  ])('a parameter with the name of a global, which %s has renamed, has a changed name', async (_, compile, number) => {
    const [start, move, hash] = await changedIn(await compile(NAMES_OF_GLOBALS));
    expect([start, move, hash]).toEqual([[`process${number}`], [`location${number}`, `fetch${number}`], []]);
  });

  it.each<[string, (source: string) => Promise<string> | string]>([
    ['SWC', bySwc],
    ['esbuild', byEsbuild],
    ['TypeScript', byTypeScript],
  ])('a number that the author gave a parameter is no changed name, compiled by %s', async (_, compile) => {
    expect(await changedIn(await compile(NUMBERS_OF_THE_AUTHOR))).toEqual([[], [], []]);
  });

  it('a number in a file of the compiler of TypeScript is the number of the author', async () => {
    const source = NAMES_OF_GLOBALS.replace(/(?<=start\(|\[)process(?=[, ])/g, 'process1');
    expect(source).toContain('start(process1 =');
    expect(await changedIn(byTypeScript(source))).toEqual([[], [], []]);
  });

  it('names are changed that the TypeScript of the method does not have, when SWC compiles it in memory', async () => {
    const code = await bySwc(NAMES_OF_GLOBALS);
    const changed = await changedIn(code, join(directory, 'module.ts'), NAMES_OF_GLOBALS);
    expect(changed).toEqual([['process1'], ['location1', 'fetch1'], []]);
    const numbers = await bySwc(NUMBERS_OF_THE_AUTHOR);
    expect(await changedIn(numbers, join(directory, 'module.ts'), NUMBERS_OF_THE_AUTHOR)).toEqual([[], [], []]);
  });
});
