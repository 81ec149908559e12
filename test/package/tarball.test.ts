import { existsSync } from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../scripts/package-root.js';
import { run } from '../../scripts/program.js';
import { ensurePythonEnv } from '../interop/python-env.js';
import { installApp, npm, whileRunning } from './installed-app.js';

const NEST = ['@nestjs/common', '@nestjs/core', '@nestjs/microservices', 'reflect-metadata', 'rxjs'];
const CLIENT = `
import sys, Pyro5.api
with Pyro5.api.Proxy(sys.argv[1]) as greeter:
    print(greeter.greet("Ann"))
    print(greeter.greet("Bob", greeting="Welcome"))
`;

describe('the installed package', () => {
  let workspace: string;
  let tarball: string;
  let files: string[];

  beforeAll(async () => {
    workspace = await mkdtemp(join(await realpath(tmpdir()), 'nestjs-pyro package '));
    // npm pack builds dist/ again and prints the output of the build first
    const answer = await npm(['pack', '--json', '--silent', '--pack-destination', workspace], packageRoot);
    const [packed] = JSON.parse(answer.slice(answer.indexOf('[\n'))) as { filename: string; files: { path: string }[] }[];
    tarball = join(workspace, packed!.filename);
    files = packed!.files.map(({ path }) => path);
  });

  afterAll(async () => {
    await rm(workspace, { recursive: true, force: true });
  });

  const callFromPython = async (uri: string): Promise<string> => {
    const { stdout } = await run(await ensurePythonEnv(), ['-c', CLIENT, uri]);
    return stdout;
  };

  it('the package holds the built files and the documentation, and no other files', () => {
    expect(files).toEqual(
      expect.arrayContaining(
        'package.json README.md LICENSE CHANGELOG.md SECURITY.md llms.txt docs/README.md dist/index.js dist/index.d.ts dist/inspector/built-page.js'.split(
          ' ',
        ),
      ),
    );
    expect(
      files.filter(
        (file) => !/^(dist\/.*\.(js|js\.map|d\.ts)|docs\/.*\.(md|json|png)|llms\.txt|package\.json|[A-Z]+(\.md)?)$/.test(file),
      ),
    ).toEqual([]);
  });

  it('the package has the page of the inspector with everything that the page needs', async () => {
    const page = join(packageRoot, 'dist', 'inspector', 'built-page.js');
    const { script, style } = (await import(pathToFileURL(page).href)) as Record<'script' | 'style', string>;
    expect(script.length).toBeGreaterThan(20_000);
    expect(script).not.toContain('was not built');
    expect(style).toContain('prefers-color-scheme');
  });

  it.each(['module', 'commonjs'] as const)('the installed package serves a call in a Nest app of type %s', async (type) => {
    const directory = join(workspace, type);
    const app = await installApp(directory, tarball, { type, program: 'main', packages: NEST });
    expect(await whileRunning(app, directory, callFromPython)).toBe('Hello, Ann!\nWelcome, Bob!\n');
    // the decorators are known by the declarations of the installed package
    const program = join(directory, 'node_modules', 'nestjs-pyro', 'dist', 'command-line', 'main.js');
    const { stdout } = await run(process.execPath, [program, 'pyi', '-p', join(directory, 'tsconfig.json')]);
    expect(stdout).toMatch(/def greet\(self, name: str, greeting: str = \.\.\.\) -> str:/);
  });

  it('the installed package serves a call without Nest, from nestjs-pyro/core', async () => {
    const directory = join(workspace, 'core');
    const app = await installApp(directory, tarball, { type: 'module', program: 'core-only', packages: [] });
    expect(existsSync(join(directory, 'node_modules', '@nestjs'))).toBe(false);
    expect(existsSync(join(directory, 'node_modules', 'rxjs'))).toBe(false);
    expect(await whileRunning(app, directory, callFromPython)).toBe('Hello, Ann! serpent\nWelcome, Bob! serpent\n');
  });
});
