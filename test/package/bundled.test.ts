import { type JscTarget, transformFile } from '@swc/core';
import { build, type BuildOptions } from 'esbuild';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { kwargs, PyroProxy, type RemoteObject } from 'nestjs-pyro';
import { packageRoot } from '../../scripts/package-root.js';
import { Program } from '../../scripts/program.js';

const built = (path: string): string => join(packageRoot, 'dist', path);
const PEERS = ['@nestjs/*', 'rxjs', 'reflect-metadata', 'acorn'];
let bundles = 0;

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});
const closeAfter = (close: () => unknown): void => void closers.push(close);

interface Started {
  program: Program;
  lab: RemoteObject;
  lamp: RemoteObject;
}

const sourceOf = (name: string): string => join(packageRoot, 'test', 'package', 'app', 'bundled', `${name}.ts`);

async function newDirectory(): Promise<string> {
  const directory = join(packageRoot, 'build', `bundle-${process.pid}-${++bundles}`);
  await mkdir(directory, { recursive: true });
  closeAfter(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Compiles the application of `app/bundled` with SWC, without a bundler, and starts it. */
async function startBySwc(target: JscTarget): Promise<Started> {
  const directory = await newDirectory();
  for (const name of ['main', 'names']) {
    const { code } = await transformFile(sourceOf(name), {
      swcrc: false,
      module: { type: 'es6' },
      jsc: {
        target,
        parser: { syntax: 'typescript', decorators: true },
        transform: { legacyDecorator: true, decoratorMetadata: true },
      },
    });
    await writeFile(join(directory, `${name}.js`), code);
  }
  return startProgram(join(directory, 'main.js'));
}

/** Bundles the application of `app/bundled` with esbuild, and starts it. */
async function start(options: BuildOptions): Promise<Started> {
  const directory = await newDirectory();
  const outfile = join(directory, 'main.mjs');
  await build({
    entryPoints: [sourceOf('main')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: [...PEERS, 'nestjs-pyro'],
    logLevel: 'silent',
    ...options,
  });
  return startProgram(outfile);
}

async function startProgram(outfile: string): Promise<Started> {
  const program = new Program(process.execPath, ['--enable-source-maps', outfile]);
  closeAfter(() => program.stop());
  const uri = (await program.line('ready:')).replace(/^ready: */, '');
  const [lab, lamp] = ['lab', 'lamp'].map((id) => PyroProxy.to(uri.replace('lab', id)));
  closeAfter(() => Promise.all([lab!.$release(), lamp!.$release()]));
  return { program, lab: lab!, lamp: lamp! };
}

const INLINED: BuildOptions = {
  external: PEERS,
  alias: { 'nestjs-pyro': built('index.js'), 'nestjs-pyro/core': built('core.js') },
};

describe.each([
  ['without its packages', {}],
  ['with source maps', { sourcemap: true }],
  ['with nestjs-pyro', INLINED],
] as [string, BuildOptions][])('an application that esbuild has bundled %s', (_, options) => {
  it('a keyword of a renamed parameter is refused, and never lands among the remaining keywords', async () => {
    const { lab, lamp } = await start(options);
    await expect(lab.$call('search', kwargs({ text: 'steel', limit: 5 }))).rejects.toThrow('the server has to give');
    await expect(lab.$call('search', kwargs({ limit: 5 }))).rejects.toThrow('`params`');
    await expect(lab.$call('move', kwargs({ axis1: 4 }))).rejects.toThrow("may have renamed the parameter to 'axis1");
    await expect(lab.$call('read', 1, kwargs({ offset: 5 }))).rejects.toThrow('`params`');
    await expect(lab.$call('etch', kwargs({ process: 'steel' }))).rejects.toThrow("may have renamed the parameter to 'process");
    await expect(lamp.$call('find', kwargs({ text: 'steel' }))).rejects.toThrow('`params`');
  });

  it('positional arguments, `params`, and parameters that kept their names work', async () => {
    const { lab, lamp } = await start(options);
    expect(await lab.$call('search', 'steel')).toEqual(['steel', {}]);
    expect(await lab.$call('named', kwargs({ text: 'steel', limit: 5 }))).toEqual(['steel', { limit: 5 }]);
    expect(await lab.$call('hash', kwargs({ sha256: 'a', base64: 'b', limit: 5 }))).toEqual(['a', 'b', { limit: 5 }]);
    expect(await lab.$call('heat', kwargs({ process: 'steel' }))).toEqual(['steel', 'object']);
    expect(await lab.$call('fit', kwargs({ x2: 1, x: 2 }))).toEqual([1, { x: 2 }]);
    expect(await lab.$call('echo', kwargs({ x: 1, k: 5 }))).toEqual([1, { k: 5 }]);
    expect(await lamp.$call('seek', kwargs({ text: 'steel' }))).toBe('steel');
  });

  it('a bundled server warns at its start of renamed parameters, and of nothing else', async () => {
    const { program } = await start(options);
    const { text } = await program.printed(/changed parameter names of Lab: .*/);
    expect(text).toMatch(
      /: read\((?:from\d+, )?offset\d+\), search\(text\d+\), move\(axis1\d+\), etch\(process\d+\); keyword arguments are taken by these names, and refused by other names/,
    );
    await program.printed(/changed parameter names of find\(text\d+\)/);
    expect(program.soFar).not.toContain('seek(');
  });
});

it.each<[string, BuildOptions]>([
  ['completely', { minify: true, keepNames: true }],
  ['in its names alone', { minifyIdentifiers: true }],
  ['in its names and syntax', { minifyIdentifiers: true, minifySyntax: true, keepNames: true }],
  ['in its white space alone', { minifyWhitespace: true }],
])('an application that esbuild has minified %s refuses keywords, and warns', async (_, options) => {
  const { program, lab } = await start(options);
  await expect(lab.$call('search', kwargs({ text: 'steel' }))).rejects.toThrow('`params`');
  await expect(lab.$call('move', kwargs({ axis1: 4 }))).rejects.toThrow('`params`');
  expect(await lab.$call('named', kwargs({ text: 'steel', limit: 5 }))).toEqual(['steel', { limit: 5 }]);
  await program.printed(/changed parameter names of Lab|changed parameter names of \w+: /);
});

describe.each<[JscTarget, string]>([
  ['es2022', 'process1'],
  ['es5', '_$process'],
])('an application that SWC has compiled for %s, without a bundler', (target, renamed) => {
  it('a keyword of a parameter that SWC has renamed is refused, and the server warns at its start', async () => {
    const { program, lab } = await startBySwc(target);
    await expect(lab.$call('etch', kwargs({ process: 'steel' }))).rejects.toThrow(
      `may have renamed the parameter to '${renamed}'`,
    );
    const { text } = await program.printed(/changed parameter names of Lab: .*/);
    expect(text).toContain(`Lab: etch(${renamed}); keyword`);
  });

  it('keywords of all other parameters work, as written in the source', async () => {
    const { lab, lamp } = await startBySwc(target);
    expect(await lab.$call('search', kwargs({ text: 'steel', limit: 5 }))).toEqual(['steel', { limit: 5 }]);
    expect(await lab.$call('heat', kwargs({ process: 'steel' }))).toEqual(['steel', 'object']);
    expect(await lab.$call('move', kwargs({ axis1: 4 }))).toEqual([4, {}]);
    expect(await lab.$call('hash', kwargs({ sha256: 'a', base64: 'b', limit: 5 }))).toEqual(['a', 'b', { limit: 5 }]);
    expect(await lab.$call('read', 1, kwargs({ offset: 5 }))).toBe(6);
    expect(await lamp.$call('find', kwargs({ text: 'steel' }))).toBe('steel');
  });
});
