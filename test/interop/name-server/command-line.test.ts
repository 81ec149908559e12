import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PyroNameServer, startNameServer } from '../../../lib/core.js';
import { CommandLineProgram, type Outcome, runProgram } from '../../command-line-program.js';
import { ensurePythonEnv } from '../python-env.js';

let directory: string;
let program: CommandLineProgram;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'names-'));
  program = await CommandLineProgram.make();
});
afterAll(() => Promise.all([program.remove(), rm(directory, { recursive: true })]));

const ours = (...args: string[]): Promise<Outcome> => program.run(...args);

describe('nestjs-pyro nsc', { timeout: 120_000 }, () => {
  let server: PyroNameServer;
  let where: string[];
  beforeAll(async () => {
    server = await startNameServer({ host: '127.0.0.1', port: 0 });
    where = ['-n', '127.0.0.1', '-p', String(server.uri.port)];
  });
  afterAll(() => server.close());

  it('nestjs-pyro nsc prints for every command what pyro5-nsc prints', async () => {
    const python = await ensurePythonEnv();
    const commands: [command: string[], input?: string][] = [
      [['ping']],
      [['register', 'lab.camera', 'PYRO:camera@host:1']],
      [['setmeta', 'lab.camera', 'cam']],
      [['-v', 'lookup', 'lab.camera']],
      [['list']],
      [['list', 'lab.']],
      [['listmatching', 'lab..*']],
      [['yplookup_all', 'cam']],
      [['yplookup_any', 'cam', 'other']],
      [['setmeta', 'lab.camera']],
      [['removematching', 'lab..*'], 'n\n'],
      [['lookup', 'lab.camera']],
      [['removematching', 'lab..*'], 'y\n'],
      [['remove', 'lab.camera']],
    ];
    const printed: Record<string, string[]> = { python: [], ours: [] };
    for (const [command, input] of commands) {
      printed.python!.push((await runProgram(python, ['-m', 'Pyro5.nsc', ...where, ...command], { input })).stdout);
    }
    for (const [command, input] of commands) {
      printed.ours!.push((await runProgram(process.execPath, [program.file, 'nsc', ...where, ...command], { input })).stdout);
    }
    expect(printed.ours).toEqual(printed.python);
  });

  it('nestjs-pyro nsc ends with an exit code that tells the result, and prints JSON when asked', async () => {
    expect(await ours('nsc', ...where, 'register', 'a', 'PYRO:x@h:1', '--json')).toMatchObject({
      code: 0,
      stdout: '{"registered":"a"}\n',
    });
    expect(await ours('nsc', 'list', 'a', '--json', ...where)).toMatchObject({
      stdout: '[{"name":"a","uri":"PYRO:x@h:1","metadata":[]}]\n',
    });
    const taken = { code: 1, stderr: 'Error: NamingError - name already registered: a\n' };
    expect(await ours('nsc', ...where, 'register', 'a', 'PYRO:x@h:1')).toMatchObject(taken);
    expect(await ours('nsc', ...where, 'remove', 'nothing')).toMatchObject({ code: 1, stdout: 'Nothing removed\n' });
    expect(await ours('nsc', '-n', '127.0.0.1', '-p', '1', 'ping')).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('Error: NamingError - no name server at 127.0.0.1:1') as string,
    });
    expect(await ours('nsc', 'lookup')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("missing required argument 'name'") as string,
    });
    expect(await ours('nsc', '-p', 'many', 'ping')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('0 to 65535') as string,
    });
    expect(await ours('--version')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) as string });
    expect(await ours()).toMatchObject({ code: 2, stderr: expect.stringContaining('Usage: nestjs-pyro') as string });
  });
});

describe('nestjs-pyro ns', { timeout: 120_000 }, () => {
  it('nestjs-pyro ns serves names from a file until SIGTERM, and says how many it found', async () => {
    const file = join(directory, 'names');
    const starting = async (): Promise<{ lines: string[]; port: string; stop(): Promise<string[]> }> => {
      const child = spawn(process.execPath, [program.file, 'ns', '-n', '127.0.0.1', '-p', '0', '-s', `file:${file}`], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const lines: string[] = [];
      const reader = createInterface(child.stdout).on('line', (line) => lines.push(line));
      while (!lines.some((line) => line.startsWith('URI = '))) await once(reader, 'line');
      const stop = async (): Promise<string[]> => {
        child.kill('SIGTERM');
        await once(child, 'close');
        return lines;
      };
      return { lines, port: lines.at(-1)!.split(':').at(-1)!, stop };
    };
    const first = await starting();
    expect(await ours('nsc', '-n', '127.0.0.1', '-p', first.port, 'register', 'a', 'PYRO:x@h:1')).toMatchObject({ code: 0 });
    expect((await first.stop()).map((line) => line.replaceAll(first.port, 'PORT'))).toEqual([
      'Not starting broadcast server for localhost.',
      'NS running on 127.0.0.1:PORT',
      'URI = PYRO:Pyro.NameServer@127.0.0.1:PORT',
      'NS shut down.',
    ]);
    const second = await starting();
    expect(await second.stop()).toContain('Persistent store contains 1 existing registrations.');
  });

  it('nestjs-pyro ns refuses a wrong storage in one line', async () => {
    await writeFile(join(directory, 'diary'), 'dear diary\n');
    expect(await ours('ns', '-s', 'dbm:names')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^Error: PyroError - storage is the text "dbm:names"/) as string,
    });
    expect(await ours('ns', '-s', `file:${join(directory, 'diary')}`)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('is no file of registrations') as string,
    });
  });
});
