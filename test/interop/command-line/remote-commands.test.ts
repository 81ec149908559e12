import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createSilentServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { locateNameServer, type PyroNameServer, startNameServer } from '../../../lib/core.js';
import { CommandLineProgram, type Outcome, runProgram } from '../../command-line-program.js';
import { stopProcess } from '../../stopped-process.js';
import { PythonInterpreter } from '../python-interpreter.js';

/** A Python daemon with one object, and a name server of this package with the name of the object. */
let python: PythonInterpreter;
let program: CommandLineProgram;
let names: PyroNameServer;
let location: string;
let camera: string;
beforeAll(async () => {
  [python, program, names] = await Promise.all([
    PythonInterpreter.start(),
    CommandLineProgram.make(),
    startNameServer({ host: '127.0.0.1', port: 0 }),
  ]);
  location = await python.run(`
    @expose
    class Camera:
        gains = [1]
        @property
        def gain(self):
            return self.gains[-1]
        @gain.setter
        def gain(self, value):
            self.gains.append(value)
        def add(self, a, b=1):
            return a + b
        def echo(self, value):
            return value
        def kind(self, value):
            return type(value).__name__
        def values(self):
            return {"int": 2 ** 70, "bytes": b"xx", "set": {1}, 5: "key", "inf": float("inf"), "none": None}
        def fail(self):
            raise ValueError("the shutter is stuck \\x1b[2J")
        def frames(self, count):
            for number in range(count):
                yield {"frame": number}
        def slow_frames(self):
            yield 1
            state.waits.set()
            state.go_on.wait(30)
            yield 2
        @Pyro5.api.oneway
        def note(self, text):
            pass
    state.waits, state.go_on = threading.Event(), threading.Event()
    state.daemon = Pyro5.api.Daemon(host="127.0.0.1")
    state.daemon.register(Camera, "camera")
    threading.Thread(target=state.daemon.requestLoop, daemon=True).start()
    return state.daemon.locationStr`);
  camera = `PYRO:camera@${location}`;
  await using client = await locateNameServer({ host: '127.0.0.1', port: names.uri.port });
  await client.register('lab.camera', camera, { metadata: ['cam'] });
});
afterAll(async () => {
  python.stop();
  await Promise.all([names.close(), program.remove()]);
});

const nameServer = (): string[] => ['--ns', `127.0.0.1:${names.uri.port}`];
const run = (...args: string[]): Promise<Outcome> => program.run(...args);
const printed = async (...args: string[]): Promise<unknown> => {
  const { code, stdout, stderr } = await run(...args, '--json');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as unknown;
};

describe('nestjs-pyro', () => {
  it('ls lists the names of the name server, and the objects of a daemon', async () => {
    expect((await run('ls', ...nameServer())).stdout).toMatch(
      new RegExp(String.raw`^NAME +URI +TAGS\nPyro.NameServer +PYRO:.*\nlab.camera +${camera} +cam\n$`),
    );
    expect(await printed('ls', ...nameServer())).toContainEqual({ name: 'lab.camera', uri: camera, metadata: ['cam'] });
    expect(await printed('ls', String(names.uri))).toHaveLength(2);
    const objects = [
      { uri: `PYRO:Pyro.Daemon@${location}`, methods: 6, attributes: 0 },
      { uri: camera, methods: 8, attributes: 1 },
    ];
    expect(await printed('ls', location)).toEqual(objects);
    expect(await printed('ls', 'lab.camera', ...nameServer())).toEqual(objects);
  });

  it('ls lists an object of Python whose id no URI can have, without a URI, and the others as before', async () => {
    const at = await python.run<string>(`
      @expose
      class Lamp:
          def switch(self):
              return 1
      state.odd = Pyro5.api.Daemon(host="127.0.0.1")
      for objectId in ["my cam", "a@b", "lamp"]:
          state.odd.objectsById[objectId] = Lamp()
      threading.Thread(target=state.odd.requestLoop, daemon=True).start()
      return state.odd.locationStr`);
    expect(await printed('ls', at)).toEqual([
      { uri: `PYRO:Pyro.Daemon@${at}`, methods: 6, attributes: 0 },
      { uri: null, objectId: 'a@b', methods: 1, attributes: 0 },
      { uri: `PYRO:lamp@${at}`, methods: 1, attributes: 0 },
      { uri: null, objectId: 'my cam', methods: 1, attributes: 0 },
    ]);
    const { code, stdout } = await run('ls', at);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^my cam \(no URI can have this id\) +1 +0$/m);
    expect(stdout).toMatch(new RegExp(`^PYRO:lamp@${at} +1 +0$`, 'm'));
  });

  it('describe tells the members of an object', async () => {
    expect((await run('describe', camera)).stdout).toMatch(/note +method, oneway\n.*\ngain +attribute\n$/s);
    expect(await printed('describe', 'lab.camera', ...nameServer())).toMatchObject({
      uri: camera,
      methods: expect.arrayContaining([{ name: 'note', oneway: true }]) as unknown,
      attributes: ['gain'],
    });
  });

  it('describe prints a URI that a name server tells without commands for the terminal', async () => {
    const id = 'cam\u001b]0;OWNED\u0007\u001b[2J';
    const uri = await python.run<string>(
      `return str(state.daemon.register(type("Lamp", (), {"on": expose(lambda self: 1)}), id))`,
      {
        id,
      },
    );
    await using client = await locateNameServer({ host: '127.0.0.1', port: names.uri.port });
    await client.register('lab.lamp', uri);
    const { code, stdout } = await run('describe', 'lab.lamp', ...nameServer());
    expect(code).toBe(0);
    expect(stdout.split('\n')[0]).toBe(`PYRO:cam\\u001b]0;OWNED\\u0007\\u001b[2J@${location}`);
    await client.remove('lab.lamp');
    await python.run('state.daemon.unregister(id)', { id });
  });

  it('call gives arguments as JSON, as texts, by keyword and as literals of Python', async () => {
    expect(await run('call', camera, 'add', '3', '--kw', 'b=4')).toEqual({ code: 0, stdout: '7\n', stderr: '' });
    expect(await printed('call', camera, 'echo', '{"a": [1, null, true]}')).toEqual({ a: [1, null, true] });
    expect((await run('call', camera, 'echo', 'hello there')).stdout).toBe('hello there\n');
    expect((await run('call', camera, 'kind', '"12"')).stdout).toBe('str\n');
    expect((await run('call', camera, 'kind', '--literal', '(1, 2)')).stdout).toBe('tuple\n');
    expect((await run('call', camera, 'kind', '--literal', '1.0')).stdout).toBe('float\n');
    expect((await run('call', camera, 'echo', '{"a": [12345678901234567890]}')).stdout).toBe(
      '{ a: [ 12345678901234567890n ] }\n',
    );
    expect((await run('call', camera, 'echo', '123456789012345678901234567890', '--json')).stdout).toBe(
      '"123456789012345678901234567890"\n',
    );
    expect(await run('call', camera, 'kind', '--literal', '(1,')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('is no Python literal') as string,
    });
  });

  it('an error of a command names the options of the command', async () => {
    const silent = createSilentServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const uri = `PYRO:camera@127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const late = 'no answer within --timeout (0.3 s)';
    for (const args of [
      ['call', uri, 'add', '1'],
      ['get', uri, 'gain'],
      ['ping', uri],
    ]) {
      const { code, stderr } = await run(...args, '-t', '0.3');
      expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringContaining(late) as string });
      expect(stderr).not.toContain('TimeoutMs');
    }
    silent.close();
  });

  it('call prints values that JSON does not have', async () => {
    expect(await printed('call', camera, 'values')).toEqual({
      int: '1180591620717411303424',
      bytes: { data: 'eHg=', encoding: 'base64' },
      set: [1],
      5: 'key',
      inf: 'Infinity',
      none: null,
    });
  });

  it('call ends with the exception and the traceback of the server, of which a terminal obeys nothing', async () => {
    const { code, stdout, stderr } = await run('call', camera, 'fail');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^Error: builtins.ValueError - the shutter is stuck .*Traceback .*raise ValueError/s);
    expect(stderr).not.toContain('\x1b');
  });

  it('call and stream print the items of a stream, as many as are asked for', async () => {
    expect((await run('call', camera, 'frames', '2', '--json')).stdout).toBe('{"frame":0}\n{"frame":1}\n');
    const items = ['stream', camera, 'frames', '1000000', '--json'];
    expect((await run(...items, '-n', '3', '-i', '0.01')).stdout.split('\n')).toHaveLength(4);
    // Ctrl-C closes the stream
    const endless = spawn(process.execPath, [program.file, ...items], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(createInterface(endless.stdout), 'line');
    endless.kill('SIGINT');
    endless.stdout.resume();
    expect(await once(endless, 'close')).toEqual([130, null]);
  });

  it('get and set read and write an attribute', async () => {
    expect(await run('set', camera, 'gain', '12')).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(await printed('get', camera, 'gain')).toBe(12);
    expect(await run('get', camera, 'focus')).toMatchObject({ code: 1, stderr: expect.stringContaining('focus') as string });
  });

  it('ping tells how fast a daemon answers', async () => {
    expect((await run('ping', location, '-n', '2', '-i', '0')).stdout).toMatch(/^(answered in [\d.]+ ms\n){2}least .* ms\n$/);
    expect(await printed('ping', 'lab.camera', ...nameServer())).toMatchObject({ uri: `PYRO:Pyro.Daemon@${location}`, pings: 1 });
  });

  it('ping has no connection between two pings, so that it occupies no thread of a Python server', async () => {
    const child = spawn(process.execPath, [program.file, 'ping', camera, '-n', '2', '-i', '600'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(createInterface(child.stdout), 'line');
    const threads = (): Promise<number> => python.run<number>('return len(state.daemon.transportServer.pool.busy)');
    await expect.poll(threads, { timeout: 20_000 }).toBe(0);
    child.kill('SIGINT');
    expect((await once(child, 'close'))[0]).toBe(130);
  });

  it('every command says that nobody answers, with an exit code of its own, and how to find out why', async () => {
    expect(await run('call', 'PYRO:camera@127.0.0.1:1', 'add')).toEqual({
      code: 3,
      stdout: '',
      stderr:
        'Error: ConnectionClosedError - cannot connect to 127.0.0.1:1: nobody listens there (ECONNREFUSED)\n' +
        'To find out why: npx nestjs-pyro doctor PYRO:camera@127.0.0.1:1\n',
    });
    expect(await run('ls', '--ns', '127.0.0.1:1')).toEqual({
      code: 3,
      stdout: '',
      stderr:
        'Error: NamingError - no name server at 127.0.0.1:1: cannot connect to 127.0.0.1:1: nobody listens there (ECONNREFUSED)\n',
    });
    expect(await run('describe', 'lab.nothing', ...nameServer())).toMatchObject({ code: 3 });
    expect(await run('call', 'PYRO:camera', 'add')).toMatchObject({ code: 2 });
    expect(await run('call', camera, 'add', '--kw', 'b')).toMatchObject({ code: 2 });
    expect(await run('ping', location, '-n', '0')).toMatchObject({ code: 2 });
  });

  it('a printed command works as it stands, with the options and without the handshake data', async () => {
    const given = ['--ns', '127.0.0.1:1', '-t', '2.5', '--handshake', 'secret'];
    const { stderr } = await run('describe', "lab.it's", ...given);
    const [, printedLine = '', ...lines] = stderr.split('\n');
    const [, line = ''] = /^To find out why: npx nestjs-pyro (.*)$/.exec(printedLine) ?? [];
    expect(stderr).not.toContain('secret');
    expect(lines[0]).toBe('It needs the --handshake of this command, too, whose value is not printed.');
    const doctor = await runProgram('sh', ['-c', `"$0" "$1" ${line}`, process.execPath, program.file]);
    expect(doctor).toMatchObject({
      code: 3,
      stdout: expect.stringContaining('name server: 127.0.0.1:1: nobody listens there') as string,
    });
  });

  it('an error tells what to write for an object of a daemon whose location stands behind a name', async () => {
    const text = `camera@${location}`;
    const advice = `PYRO:${text} is an object of the daemon there, PYRONAME:${text} a name of the name server there`;
    for (const command of ['describe', 'doctor'])
      expect(await run(command, text)).toMatchObject({ code: 2, stderr: expect.stringContaining(advice) as string });
    const other = `${location} is asked as a name server; the object camera of a daemon there is ${camera}`;
    expect((await run('describe', `PYRONAME:${text}`)).stderr).toContain(other);
    expect((await run('doctor', `PYRONAME:${text}`)).stdout).toContain(other);
  });

  it('an error of a name whose address nobody listens at tells nothing of an object of a daemon there', async () => {
    for (const command of ['describe', 'ls', 'ping']) {
      const { code, stderr } = await run(command, 'PYRONAME:lab.oven@127.0.0.1:1');
      expect(code).toBe(3);
      expect(stderr).toContain('To find out why: npx nestjs-pyro doctor PYRONAME:lab.oven@127.0.0.1:1\n');
      expect(stderr).not.toContain('PYRO:lab.oven');
    }
  });

  it('an error of a command that got an address of a daemon gives the address to the doctor, and no object', async () => {
    const web = createServer((_, response) => response.end('hello'));
    await once(web.listen(0, '127.0.0.1'), 'listening');
    const at = `127.0.0.1:${(web.address() as AddressInfo).port}`;
    try {
      const outcomes = await Promise.all(['ls', 'describe', 'ping'].map((command) => run(command, at)));
      for (const { code, stderr } of outcomes) {
        expect(code).toBe(3);
        expect(stderr).toContain(`To find out why: npx nestjs-pyro doctor ${at}\n`);
      }
      expect((await run('doctor', at)).stdout).toContain(`${at} is a web server`);
    } finally {
      web.close();
    }
  });

  it('config tells which variable has set an option, and shows no password', async () => {
    const env = {
      PYRO_COMMTIMEOUT: '2.5',
      PYRO_SERIALIZER: 'json',
      PYRO_SSL_SERVERKEYPASSWD: 'secret',
      PYRO_COLOUR: 'blue',
    };
    const { stdout } = await runProgram(process.execPath, [program.file, 'config', '--json'], { env });
    expect(stdout).not.toContain('secret');
    const { variables, unknown, proxy, daemon } = JSON.parse(stdout) as Record<string, unknown[]>;
    expect(unknown).toEqual(['PYRO_COLOUR']);
    expect(variables).toContainEqual({ variable: 'PYRO_SSL_SERVERKEYPASSWD', value: '(not shown)' });
    expect(proxy).toContainEqual({ option: 'callTimeoutMs', value: 2500, from: 'PYRO_COMMTIMEOUT' });
    expect(proxy).toContainEqual({ option: 'serializer', value: 'json', from: 'PYRO_SERIALIZER' });
    expect(proxy).toContainEqual({ option: 'compression', value: false, from: 'default' });
    expect(daemon).toContainEqual({ option: 'idleTimeoutMs', value: 2500, from: 'PYRO_COMMTIMEOUT' });
    const shown = await runProgram(process.execPath, [program.file, 'config'], { env });
    expect(shown.stdout).toMatch(/^Variables\n.*PYRO_COLOUR is no config item.*\nserializer +json +PYRO_SERIALIZER\n/s);
  });

  it('config tells why no daemon can start with the variables of a machine with clients only', async () => {
    const { code, stdout } = await runProgram(process.execPath, [program.file, 'config'], { env: { PYRO_SSL: '1' } });
    expect(code).toBe(0);
    expect(stdout).toContain('no daemon can start with these variables: PYRO_SSL is on, but PYRO_SSL_SERVERCERT');
    expect(stdout).toMatch(/^callTimeoutMs +/m);
  });

  it('config shows the options of a daemon whose TLS the environment sets', async () => {
    // any file is read
    const env = { PYRO_SSL: '1', PYRO_SSL_SERVERCERT: program.file };
    const { stdout } = await runProgram(process.execPath, [program.file, 'config', '--json'], { env });
    const { daemon } = JSON.parse(stdout) as Record<string, unknown[]>;
    expect(daemon).toContainEqual({
      option: 'tls',
      value: '(certificates and keys)',
      from: 'PYRO_SSL, PYRO_SSL_SERVERCERT',
    });
  });

  it('stream says that a method is no stream, after its result', async () => {
    const { code, stdout, stderr } = await run('stream', camera, 'add', '1');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '2\n' });
    expect(stderr).toBe('Error: add gave a result, and no stream: nestjs-pyro call calls methods\n');
  });

  it('a time that no timer can have is refused, and so is a time-out of 0', async () => {
    for (const wrong of [
      ['stream', camera, 'frames', '1', '-i', '1e9'],
      ['call', camera, 'add', '1', '-t', '0'],
    ]) {
      expect(await run(...wrong)).toMatchObject({ code: 2, stderr: expect.stringMatching(/It must be/) as string });
    }
  });

  it('a command whose output nobody reads any more ends quietly, and its stream is closed', async () => {
    for (const args of [
      ['stream', camera, 'frames', '1000000'],
      ['call', camera, 'frames', '1000000'],
      ['ping', camera, '-n', '1000000', '-i', '0'],
    ]) {
      const child = spawn(process.execPath, [program.file, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
      let errors = '';
      child.stderr.on('data', (text: Buffer) => (errors += text.toString()));
      await once(child.stdout, 'data');
      child.stdout.destroy();
      const [code] = (await once(child, 'close')) as [number | null];
      expect({ args, code, errors }).toEqual({ args, code: 0, errors: '' });
    }
    await expect.poll(() => python.run<number>('return len(state.daemon.streaming_responses)')).toBe(0);
  });

  it.each(['2> /dev/full', '2> >(exit 0)'])(
    'a command whose stderr cannot be written keeps its exit code: %s',
    async (stderr) => {
      const bash = (...args: string[]): Promise<Outcome> =>
        runProgram('bash', ['-c', `"$@" ${stderr}`, 'bash', process.execPath, program.file, ...args]);
      expect((await bash('ping', 'PYRO:x@127.0.0.1:1')).code).toBe(3);
      expect((await bash('ping')).code).toBe(2);
    },
  );

  it('Ctrl-C closes the stream of a command at the server, also while the command waits for an item', async () => {
    const child = spawn(process.execPath, [program.file, 'stream', camera, 'slow_frames'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    await python.run('state.waits.wait(30)');
    child.kill('SIGINT');
    expect((await once(child, 'close'))[0]).toBe(130);
    await python.run('state.go_on.set()');
    await expect.poll(() => python.run<number>('return len(state.daemon.streaming_responses)')).toBe(0);
  });

  it('options for the name server are not those for the object: a password goes only to whom it is for', async () => {
    await using guarded = await startNameServer({
      host: '127.0.0.1',
      port: 0,
      validateHandshake: ({ data }) => {
        if (data !== 'for names') throw new Error('who are you?');
      },
    });
    const ns = ['--ns', `127.0.0.1:${guarded.uri.port}`];
    await using client = await locateNameServer({ host: '127.0.0.1', port: guarded.uri.port, handshake: 'for names' });
    await client.register('lab.camera', camera);
    for (const command of [
      ['call', 'lab.camera', 'add', '1'],
      ['describe', 'lab.camera'],
      ['ping', 'lab.camera'],
      ['ls', 'lab.camera'],
    ]) {
      expect(await run(...command, ...ns, '--ns-handshake', 'for names')).toMatchObject({ code: 0 });
      expect(await run(...command, ...ns, '--handshake', 'for names')).toMatchObject({ code: 3 });
    }
    expect(await run('ls', ...ns, '--handshake', 'for names')).toMatchObject({ code: 0 });
    const { stderr } = await run('call', 'lab.camera', 'add', '1', ...ns, '--ns-handshake', 'no', '--handshake', 'x');
    expect(stderr).not.toContain('for names');
    expect(stderr).toContain('It needs the --handshake and --ns-handshake of this command, too');
  });

  describe('handshake data that is not among the arguments', () => {
    const told: unknown[] = [];
    let guarded: PyroNameServer;
    let directory: string;
    let file: string;
    let ns: string[];
    beforeAll(async () => {
      guarded = await startNameServer({
        host: '127.0.0.1',
        port: 0,
        validateHandshake: ({ data }) => {
          told.push(data);
          if (data !== 'hunter2') throw new Error('who are you?');
        },
      });
      directory = await mkdtemp(join(tmpdir(), 'handshake-'));
      file = join(directory, 'data');
      await writeFile(file, 'hunter2\n');
      ns = ['-n', '127.0.0.1', '-p', String(guarded.uri.port)];
    });
    afterAll(async () => {
      await guarded.close();
      await rm(directory, { recursive: true });
    });

    const runWith = (given: { input?: string; env?: Record<string, string> }, ...args: string[]): Promise<Outcome> =>
      runProgram(process.execPath, [program.file, ...args], given);

    it('handshake data comes from a file, the standard input, or a variable, and the options win', async () => {
      const uri = String(guarded.uri);
      expect(await runWith({}, 'ping', uri, '-n', '1')).toMatchObject({ code: 3 });
      expect(await runWith({}, 'ping', uri, '-n', '1', '--handshake-file', file)).toMatchObject({ code: 0 });
      expect(await runWith({ input: 'hunter2\n' }, 'ping', uri, '-n', '1', '--handshake-file', '-')).toMatchObject({ code: 0 });
      const env = { NESTJS_PYRO_HANDSHAKE: 'hunter2' };
      expect(await runWith({ env }, 'ping', uri, '-n', '1')).toMatchObject({ code: 0 });
      const wrong = { NESTJS_PYRO_HANDSHAKE: 'wrong' };
      expect(await runWith({ env: wrong }, 'ping', uri, '-n', '1', '--handshake-file', file)).toMatchObject({ code: 0 });
      expect(await runWith({ env: wrong }, 'ping', uri, '-n', '1', '--handshake', 'hunter2')).toMatchObject({ code: 0 });
      expect(await runWith({}, 'ping', uri, '--handshake-file', file, '--handshake', 'a')).toMatchObject({ code: 2 });
      const { code, stderr } = await runWith({}, 'ping', uri, '--handshake-file', `${file}.none`);
      expect([code, stderr]).toEqual([2, expect.stringContaining(`cannot read ${file}.none: ENOENT`)]);
    });

    it('handshake data for name servers comes from a file, the standard input, or a variable, and the data for objects is not sent to them', async () => {
      const ls = ['ls', '--ns', `127.0.0.1:${guarded.uri.port}`];
      const env = { NESTJS_PYRO_NS_HANDSHAKE: 'hunter2' };
      expect(await runWith({}, ...ls, '--ns-handshake-file', file)).toMatchObject({ code: 0 });
      expect(await runWith({ input: 'hunter2' }, ...ls, '--ns-handshake-file', '-')).toMatchObject({ code: 0 });
      expect(await runWith({ env }, ...ls)).toMatchObject({ code: 0 });
      expect(await runWith({}, 'nsc', ...ns, '--handshake-file', file, 'ping')).toMatchObject({ code: 0 });
      expect(await runWith({ env }, 'nsc', ...ns, 'ping')).toMatchObject({ code: 0 });
      told.length = 0;
      const ofObjects = { NESTJS_PYRO_HANDSHAKE: 'for objects' };
      expect(await runWith({ env: ofObjects }, ...ls)).toMatchObject({ code: 3 });
      expect(await runWith({ env: ofObjects }, 'nsc', ...ns, 'ping')).toMatchObject({ code: 3 });
      expect(told).toEqual(['hello', 'hello']);
    });

    it.each(['ls', 'ping', 'describe', 'types'])('%s takes handshake data from a pipe of the shell', async (command) => {
      const uri = String(guarded.uri);
      const line = '"$@" --handshake-file <(printf "hunter2\\n") --ns-handshake-file <(printf "hunter2\\n")';
      const words = [process.execPath, program.file, command, uri];
      expect(await runProgram('bash', ['-c', line, 'bash', ...words])).toMatchObject({
        code: 0,
        stderr: expect.not.stringContaining('who are you'),
      });
    });

    it('nestjs-pyro config names the variables with handshake data, and does not show it', async () => {
      const env = { NESTJS_PYRO_HANDSHAKE: 'hunter2' };
      const { stdout, stderr } = await runWith({ env }, 'config');
      expect(stdout).toMatch(/^NESTJS_PYRO_HANDSHAKE +\(not shown\)$/m);
      expect(stdout + stderr).not.toContain('hunter2');
      const { variables } = JSON.parse((await runWith({ env }, 'config', '--json')).stdout) as { variables: object[] };
      expect(variables).toContainEqual({ variable: 'NESTJS_PYRO_HANDSHAKE', value: '(not shown)' });
    });

    it('a completion does not read the standard input for handshake data', async () => {
      const words = ['--ns', `127.0.0.1:${guarded.uri.port}`, '--ns-handshake-file'];
      await using client = await locateNameServer({ host: '127.0.0.1', port: guarded.uri.port, handshake: 'hunter2' });
      await client.register('lab.shutter', camera);
      expect(await runWith({}, 'complete', '--', 'ping', ...words, file, 'lab.')).toMatchObject({ stdout: 'lab.shutter\n' });
      const { stdout } = await runWith({ input: 'hunter2' }, 'complete', '--', 'ping', ...words, '-', 'lab.');
      expect(stdout).toBe('');
    });
  });

  it.each(['call', 'stream'])('Ctrl-C ends %s while it connects', async (command) => {
    const silent = createSilentServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const connected = once(silent, 'connection');
    const uri = `PYRO:camera@127.0.0.1:${(silent.address() as AddressInfo).port}`;
    // without the signal, the command would wait as long as this
    const child = spawn(process.execPath, [program.file, command, uri, 'frames', '-t', '3600'], { stdio: 'ignore' });
    await connected;
    child.kill('SIGINT');
    expect(await once(child, 'close')).toEqual([130, null]);
    silent.close();
  });

  it('Ctrl-C ends a stream whose daemon hangs', async () => {
    const [pid, at] = await python.run<[number, string]>(`
      import subprocess
      state.hanging = subprocess.Popen([sys.executable, "-c", """if True:
          import Pyro5.api
          @Pyro5.api.expose
          class Camera:
              def frames(self):
                  while True:
                      yield 1
          daemon = Pyro5.api.Daemon(host="127.0.0.1")
          daemon.register(Camera, "camera")
          print(daemon.locationStr, flush=True)
          daemon.requestLoop()
      """], stdout=subprocess.PIPE, text=True)
      return state.hanging.pid, state.hanging.stdout.readline().strip()`);
    const args = [program.file, 'stream', `PYRO:camera@${at}`, 'frames', '-i', '0.01', '-t', '3600'];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      await once(child.stdout, 'data');
      await stopProcess(pid);
      child.stdout.resume();
      child.kill('SIGINT');
      expect(await once(child, 'close')).toEqual([130, null]);
    } finally {
      await python.run('state.hanging.kill()');
    }
  });
});
