import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { locateNameServer, type PyroNameServer, startNameServer } from '../../../lib/core.js';
import { PythonInterpreter } from '../python-interpreter.js';
import { CommandLineProgram } from '../../command-line-program.js';

const SHELLS: Record<string, { command: string[]; setup: string[] }> = {
  bash: { command: ['bash', '--norc', '--noprofile', '-i'], setup: ['source <(nestjs-pyro completion bash)'] },
  zsh: { command: ['zsh', '-f', '-i'], setup: ['autoload -U compinit; compinit -u', 'source <(nestjs-pyro completion zsh)'] },
  fish: { command: ['fish', '--no-config', '-i'], setup: ['nestjs-pyro completion fish | source'] },
};

// bash is everywhere; the others are tried where they are installed
describe.each(Object.keys(SHELLS).filter(isInstalled))('a command line in %s', (shell) => {
  let directory: string;
  let program: CommandLineProgram;
  let server: PyroNameServer;
  let python: PythonInterpreter;
  beforeAll(async () => {
    [program, server, python] = await Promise.all([
      CommandLineProgram.make(),
      startNameServer({ host: '127.0.0.1', port: 0 }),
      PythonInterpreter.start(),
    ]);
    directory = await mkdtemp(join(tmpdir(), 'shell-'));
    await mkdir(join(directory, 'bin'));
    const starter = join(directory, 'bin', 'nestjs-pyro');
    await writeFile(starter, `#!/bin/sh\nexec "${process.execPath}" "${program.file}" "$@"\n`);
    await chmod(starter, 0o755);
    await using names = await locateNameServer({ host: '127.0.0.1', port: server.uri.port! });
    await names.register('lab.camera', 'PYRO:found@host:4711', { metadata: ['optics'] });
    await names.register('lab:with=colon', 'PYRO:coloured@host:4712');
    await names.register('other\u001b[31m', 'PYRO:other@host:4713');
  });
  afterAll(async () => {
    python.stop();
    await server.close();
    await Promise.all([program.remove(), rm(directory, { recursive: true })]);
  });

  /** Types keys, and waits until the terminal shows a text. */
  const assertShows = (keys: string, end: string): Promise<string> => {
    const { command, setup } = SHELLS[shell]!;
    const env = {
      PATH: [join(directory, 'bin'), process.env.PATH].join(delimiter),
      HOME: directory,
      TERM: 'dumb',
      PS1: '$ ',
      PYRO_NS_PORT: String(server.uri.port),
    };
    return python.run(
      `
      import sys
      sys.path.insert(0, here)
      from shell import typed
      return typed(command, env, setup, keys, end)
      `,
      { here: import.meta.dirname, command, env, setup, keys, end },
    );
  };

  it('Tab completes the names of the live name server', async () => {
    await assertShows('nestjs-pyro nsc lookup lab.\t\n', 'PYRO:found@host:4711');
    await assertShows('nestjs-pyro nsc -n 127.0.0.1 lookup lab:w\t\n', 'PYRO:coloured@host:4712');
    await assertShows('nestjs-pyro nsc yplookup_all opt\t\n', 'lab.camera --> PYRO:found@host:4711');
  });

  it('Tab completes commands, options and their values', async () => {
    await assertShows('nestjs-pyro nsc pin\t\n', 'Name server ping ok.');
    await assertShows('nestjs-pyro nsc pin\t --js\t\n', '{"ping":"ok"}');
    await assertShows('nestjs-pyro ns --write loop\t -p many\n', '0 to 65535');
  });
});

describe('what nestjs-pyro complete prints', () => {
  let program: CommandLineProgram;
  beforeAll(async () => {
    program = await CommandLineProgram.make();
  });
  afterAll(() => program.remove());

  const complete = async (...words: string[]): Promise<string[]> => {
    const { stdout } = await program.run('complete', '--', ...words);
    return stdout.split('\n').slice(0, -1);
  };

  it('completions are commands with their descriptions, options, and values of options', async () => {
    expect(await complete('ns')).toEqual(['ns\trun a Pyro name server', 'nsc\tcontrol a Pyro name server: ours or Python’s']);
    expect(await complete('nsc', '--v')).toEqual(['--verbose\tsay what is done']);
    expect(await complete('nsc', 'lookup', '--hand')).toEqual([
      '--handshake\thandshake data: JSON, or a text',
      '--handshake-file\tfile with the handshake data; "-" is the standard input',
    ]);
    expect(await complete('ns', '--write', '')).toEqual(['everybody', 'loopback', 'nobody']);
    expect(await complete('ns', '-u', '/tm')).toEqual([':files']);
    expect(await complete('completion', 'z')).toEqual(['zsh']);
  });

  it('completed names have no escape sequences, which a peer may have registered, and are none when no name server answers', async () => {
    await using server = await startNameServer({ host: '127.0.0.1', port: 0 });
    const port = String(server.uri.port);
    await using names = await locateNameServer({ host: '127.0.0.1', port: server.uri.port! });
    await names.register('a.plain', 'PYRO:x@h:1');
    await names.register('a.\u001b[31mred', 'PYRO:x@h:1');
    await names.register('a.\nline', 'PYRO:x@h:1');
    expect(await complete('nsc', '-p', port, 'remove', 'a.')).toEqual(['a.plain']);
    expect(await complete('describe', '--ns', `127.0.0.1:${port}`, 'a.')).toEqual(['a.plain']);
    expect(await complete('nsc', '-p', '1', 'remove', 'a.')).toEqual([]);
  });
});

function isInstalled(shell: string): boolean {
  try {
    execFileSync(shell, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
