import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CommandLineProgram, type Outcome, runProgram } from '../../command-line-program.js';
import { ensurePythonEnv } from '../python-env.js';

const SAMPLE = 'sample/22-typed-python-client';

let program: CommandLineProgram;
let directory: string;
beforeAll(async () => {
  [program, directory] = await Promise.all([CommandLineProgram.make(), mkdtemp(join(tmpdir(), 'typed-client-'))]);
  await cp(SAMPLE, directory, { recursive: true });
});
afterAll(async () => {
  await Promise.all([program.remove(), rm(directory, { recursive: true })]);
});

async function mypy(file: string): Promise<Outcome> {
  const config = join(directory, 'mypy.ini');
  return runProgram(await ensurePythonEnv(), ['-m', 'mypy', '--config-file', config, join(directory, file)], {
    env: { MYPY_CACHE_DIR: join(directory, 'cache') },
  });
}

describe('sample 22, whose Python client is checked', { timeout: 300_000 }, () => {
  it('sample 22 has the stub of its service', async () => {
    const stub = ['pyi', 'Oven', '-p', join(SAMPLE, 'tsconfig.json'), '-o', join(SAMPLE, 'lab.pyi'), '--classes', 'lab_classes'];
    expect(await program.run(...stub, '--check')).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('sample 22 has the printed classes of its service', async () => {
    const compiled = join(directory, 'oven.dto.mjs');
    const banner = {
      js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
    };
    const entryPoints = ['sample/22-typed-python-client/oven.dto.ts'];
    await build({
      entryPoints,
      bundle: true,
      platform: 'node',
      format: 'esm',
      outfile: compiled,
      banner,
      external: ['@nestjs/*', 'rxjs'],
    });
    const { stdout } = await program.run('python', 'classes', compiled);
    expect(stdout).toBe(await readFile(join(SAMPLE, 'lab_classes.py'), 'utf8'));
  });

  it('sample 22 has a client that mypy accepts, until the client calls the service wrongly', async () => {
    expect(await mypy('client.py')).toMatchObject({ code: 0 });
    const client = await readFile(join(directory, 'client.py'), 'utf8');
    const wrong = [
      'oven.minutes_of(steps, pause_minutes="2")',
      'oven.minutes(steps)',
      'Step(celsius="hot", minutes=1)',
      'next(oven.run(steps)).gas',
    ];
    await writeFile(
      join(directory, 'wrong.py'),
      client.replace(/^ {4}print\("minutes.*$/m, wrong.map((call) => `    ${call}`).join('\n')),
    );
    const { code, stdout } = await mypy('wrong.py');
    expect(code).toBe(1);
    expect([...stdout.matchAll(/\[([\w-]+)\]$/gm)].map(([, kind]) => kind)).toEqual([
      'arg-type',
      'attr-defined',
      'arg-type',
      'attr-defined',
    ]);
  });
});
