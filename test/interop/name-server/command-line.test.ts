import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { locateNameServer, type PyroNameServer, startNameServer } from '../../../lib/core.js';
import { Program } from '../../../scripts/program.js';
import { CommandLineProgram, type Outcome, runProgram } from '../../command-line-program.js';
import { ensurePythonEnv } from '../python-env.js';
import { PythonInterpreter } from '../python-interpreter.js';

let directory: string;
let program: CommandLineProgram;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'names-'));
  program = await CommandLineProgram.make();
});
afterAll(() => Promise.all([program.remove(), rm(directory, { recursive: true })]));

const ours = (...args: string[]): Promise<Outcome> => program.run(...args);

describe('nestjs-pyro nsc', () => {
  let server: PyroNameServer;
  let where: string[];
  beforeAll(async () => {
    server = await startNameServer({ host: '127.0.0.1', port: 0 });
    where = ['-n', '127.0.0.1', '-p', String(server.uri.port)];
  });
  afterAll(() => server.close());

  it('removematching has no connection while it waits for an answer', async () => {
    const child = spawn(process.execPath, [program.file, 'nsc', ...where, 'removematching', 'nothing'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let printed = '';
    child.stdout.on('data', (text: Buffer) => (printed += text.toString()));
    await expect.poll(() => printed, { timeout: 60_000 }).toContain('Are you sure (y/n)?');
    await expect.poll(() => server.daemon.connections, { timeout: 20_000 }).toEqual([]);
    child.stdin.end('y\n');
    await once(child, 'close');
    expect(printed).toContain('0 items removed.');
  });

  it('nestjs-pyro nsc prints for every command what pyro5-nsc prints', async () => {
    const python = await ensurePythonEnv();
    const commands: [command: string[], input?: string][] = [
      [['ping']],
      [['register', 'lab.camera', 'PYRO:camera@host:1']],
      [['setmeta', 'lab.camera', 'cam']],
      [['-v', 'lookup', 'lab.camera']],
      [['list']],
      [['list', 'lab.']],
      [['list', '']],
      [['register', 'lab.small', 'pyro:letters@host:1']],
      [['list', '']],
      [['lookup', 'lab.small']],
      [['remove', 'lab.small']],
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

  describe('with names that programs chose freely', () => {
    const URI = 'PYRO:thing@host:1';
    let odd: PyroNameServer;
    let whereOdd: string[];
    beforeAll(async () => {
      odd = await startNameServer({ host: '127.0.0.1', port: 0 });
      whereOdd = ['-n', '127.0.0.1', '-p', String(odd.uri.port)];
      await using names = await locateNameServer({ host: '127.0.0.1', port: odd.uri.port });
      // one tag for each, since Python prints a set in any order
      for (const [name, tag] of [
        ['quote', "it's"],
        ['quotes', 'it\'s "so"'],
        ['double', '"so"'],
        ['backslash', 'back\\slash'],
        ['lines', 'new\nline\r\t'],
        ['invisible', '\u0000\u001b\u007f\u00ad\u200b\u2028\ue000\u{e0001} \u00a0'],
        ['letters', 'ünï €\u{1f600}'],
        ['\u{10000}', 'last in the order of code points'],
        ['\uffff', 'last but one'],
        ['Zebra', 'before small letters'],
        ['forged\n--------END LIST \nlab.camera --> PYRO:evil@evil:1', 'x'],
        ['evil\u001b[2J\u001b]0;owned\u0007\u202e', 'x'],
      ] as const)
        await names.register(name, URI, { metadata: [tag] });
      await names.register('without', URI);
    });
    afterAll(() => odd.close());

    it.each(['serpent', 'json', 'marshal', 'msgpack'])(
      'nestjs-pyro nsc prints into a pipe, byte for byte, what pyro5-nsc prints: %s',
      async (serializer) => {
        const python = await ensurePythonEnv();
        const env = { PYRO_SERIALIZER: serializer, PYTHONIOENCODING: 'utf-8' };
        for (const command of [
          ['list'],
          ['list', 'quote'],
          ['lookup', 'invisible'],
          ['lookup', 'without'],
          ['yplookup_any', "it's", 'x'],
        ]) {
          const theirs = await runProgram(python, ['-m', 'Pyro5.nsc', ...whereOdd, ...command], { env });
          const { stdout } = await runProgram(process.execPath, [program.file, 'nsc', ...whereOdd, ...command], { env });
          expect(stdout).toBe(theirs.stdout);
          expect(stdout).not.toBe('');
        }
      },
    );

    it('nestjs-pyro nsc escapes control characters on a terminal, so that no name clears it or forges a line', async () => {
      const python = await PythonInterpreter.start();
      try {
        const shown = await python.run<string>(
          `
          import pty
          pid, terminal = pty.fork()
          if pid == 0:
              os.execvp(command[0], command)
          text = b""
          try:
              while part := os.read(terminal, 65536):
                  text += part
          except OSError:
              pass  # the terminal is closed
          os.waitpid(pid, 0)
          os.close(terminal)
          return text.decode()
          `,
          { command: [process.execPath, program.file, 'nsc', ...whereOdd, 'list'] },
        );
        const lines = shown.split('\r\n');
        expect(lines).toContain(String.raw`evil\u001b[2J\u001b]0;owned\u0007\u202e --> PYRO:thing@host:1`);
        expect(lines).toContain(
          String.raw`forged\u000a--------END LIST \u000alab.camera --> PYRO:evil@evil:1 --> PYRO:thing@host:1`,
        );
        expect(lines).toContain(String.raw`    metadata: {'new\nline\r\t'}`);
        expect(shown).not.toMatch(/\u001b|\u0007|\u202e|\u0000/);
      } finally {
        python.stop();
      }
    });
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
    expect(await runProgram(process.execPath, [program.file, 'nsc', ...where, 'removematching', 'a'])).toMatchObject({
      code: 1,
      stderr: 'Error: no answer: the standard input has ended; with --yes nothing is asked\n',
    });
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

describe('nestjs-pyro ns', () => {
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
      'NS running on 127.0.0.1:PORT (127.0.0.1)',
      'URI = PYRO:Pyro.NameServer@127.0.0.1:PORT',
      'NS shut down.',
    ]);
    const second = await starting();
    expect(await second.stop()).toContain('Persistent store contains 1 existing registrations.');
  });

  it.each([
    ['-n 127.0.0.1'],
    ['-n localhost -x'],
    // a host name, for both programs, of the loopback
    ['-n 127.1'],
    ['-n ::1'],
    ['-n ::1 -x'],
    ['-n 0.0.0.0'],
    ['-n 0.0.0.0 --bchost 127.0.0.1'],
    ['-n 0.0.0.0 -x'],
    ['-n 0.0.0.0 --nathost nat.example --natport 1234'],
    ['-n 0.0.0.0 --nathost nat.example'],
    ['-u DIRECTORY/PROGRAM.sock'],
    ['-u DIRECTORY/PROGRAM2.sock -n 0.0.0.0 -x'],
  ])('nestjs-pyro ns %s prints at its start what pyro5-ns prints', async (options) => {
    const startedBy = async (name: string, command: string, ...args: string[]): Promise<string> => {
      const given = options.replace('DIRECTORY', directory).replace('PROGRAM', name).split(' ');
      const running = new Program(command, [...args, ...given, '-p', '0', '--bcport', '0']);
      await running.printed(/^(?:external )?URI = .*\n/m);
      await running.kill();
      const { stdout } = await running.ended;
      return stdout.replaceAll(name, 'PROGRAM').replace(/:[0-9]{2,5}\b/g, ':PORT');
    };
    const [theirs, own] = await Promise.all([
      startedBy('theirs', await ensurePythonEnv(), '-m', 'Pyro5.nameserver'),
      startedBy('ours', process.execPath, program.file, 'ns'),
    ]);
    expect(own).toBe(theirs);
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
