import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer as createWebServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expose, locateNameServer, PyroDaemon, PyroProxy, startNameServer } from '../../../lib/core.js';
import { TestAuthority } from '../../certificates.js';
import { CommandLineProgram, runProgram } from '../../command-line-program.js';
import { PythonInterpreter } from '../python-interpreter.js';

interface Finding {
  step: string;
  state: string;
  found: string;
  remedy?: string;
}

let python: PythonInterpreter;
let program: CommandLineProgram;
let directory: string;
let authority: TestAuthority;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'doctor-'));
  [python, program, authority] = await Promise.all([
    PythonInterpreter.start(),
    CommandLineProgram.make(),
    TestAuthority.create(directory, 'lab'),
  ]);
});
afterAll(async () => {
  python.stop();
  await program.remove();
  await rm(directory, { recursive: true });
});

/** The findings, and the exit code. */
async function examine(uri: string, ...args: string[]): Promise<{ code: unknown; findings: Finding[] }> {
  const { code, stdout } = await program.run('doctor', uri, '--json', ...args);
  return { code, findings: JSON.parse(stdout) as Finding[] };
}

/** As {@link examine}, with environment variables. */
async function examineWith(env: Record<string, string>, uri: string, ...args: string[]) {
  const { code, stdout, stderr } = await runProgram(process.execPath, [program.file, 'doctor', uri, '--json', ...args], { env });
  const findings = stdout === '' ? [] : (JSON.parse(stdout) as Finding[]);
  return { code, stdout, stderr, last: findings.at(-1) };
}

/** The last finding, which names the fault. */
async function fault(uri: string, ...args: string[]): Promise<Finding> {
  const { code, findings } = await examine(uri, ...args);
  expect(code).toBe(3);
  const last = findings.at(-1)!;
  expect(last.state).toBe('failed');
  expect(last.remedy).toBeTruthy();
  return last;
}

/** Serves an object `camera` with real Pyro5. The configuration holds until the next piece of Python. @returns its location */
function serve(configure = '', then = ''): Promise<string> {
  return python.run<string>(`
    ${configure}
    @expose
    class Camera:
        def add(self, a, b):
            return a + b
    class Guarded(Pyro5.api.Daemon):
        def validateHandshake(self, connection, data):
            if data not in ("hello", "please"):
                raise ValueError("say please")
            return data
    daemon = Guarded(host="localhost")
    daemon.register(Camera, "camera")
    threading.Thread(target=daemon.requestLoop, daemon=True).start()
    ${then}
    return daemon.locationStr`);
}

async function listening(server: Server): Promise<string> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('nestjs-pyro doctor', () => {
  it('doctor finds nothing wrong with a daemon that answers', async () => {
    const location = await serve();
    const { code, findings } = await examine(`PYRO:camera@${location}`);
    expect(code).toBe(0);
    expect(findings.map(({ step, state }) => `${step} ${state}`)).toEqual([
      'host ok',
      'port ok',
      'Pyro ok',
      'handshake ok',
      'object ok',
      'answer time ok',
      'serializers ok',
    ]);
    expect(findings.at(-1)!.found).toBe('serpent, marshal, json, msgpack');
    const { stdout } = await program.run('doctor', `PYRO:camera@${location}`);
    expect(stdout).toContain('ok       object: camera exposes 1 method and 0 attributes\n');
  });

  it('doctor recognises a port where nobody listens', async () => {
    expect(await fault('PYRO:camera@127.0.0.1:1')).toMatchObject({
      step: 'port',
      found: '127.0.0.1:1: nobody listens there (ECONNREFUSED)',
    });
  });

  it('doctor recognises a host name that nobody knows, and a unix socket that is not there', async () => {
    expect(await fault('PYRO:camera@no-such-host.invalid:1')).toMatchObject({ step: 'host' });
    expect(await fault(`PYRO:camera@./u:${directory}/none`)).toMatchObject({
      step: 'socket',
      found: expect.stringContaining('there is no such socket') as string,
    });
  });

  it('doctor recognises a web server, a server of another protocol, and a server that says nothing', async () => {
    const web = createWebServer((_, response) => response.end('hello'));
    const ssh = createServer((socket) => socket.on('error', () => undefined).write('SSH-2.0-lab\r\n'));
    const silent = createServer((socket) => socket.on('error', () => undefined));
    try {
      const [webAt, sshAt, silentAt] = await Promise.all([web, ssh, silent].map(listening));
      expect(await fault(`PYRO:camera@${webAt}`)).toMatchObject({ step: 'Pyro', found: `${webAt} is a web server` });
      expect(await fault(`PYRO:camera@${sshAt}`)).toMatchObject({ step: 'Pyro', found: `${sshAt} is an SSH server` });
      expect(await fault(`PYRO:camera@${silentAt}`, '-t', '0.5')).toMatchObject({
        step: 'Pyro',
        found: `${silentAt} takes the connection, and says nothing within 500 ms`,
      });
    } finally {
      for (const server of [web, ssh, silent]) server.close();
    }
  });

  it('doctor recognises the web server of Python, which answers with a page alone', async () => {
    const at = await python.run<string>(`
      import http.server
      class Quiet(http.server.SimpleHTTPRequestHandler):
          def log_message(self, *args):
              pass
      server = http.server.HTTPServer(("127.0.0.1", 0), Quiet)
      threading.Thread(target=server.serve_forever, daemon=True).start()
      return "127.0.0.1:%d" % server.server_port`);
    expect(await fault(`PYRO:camera@${at}`)).toMatchObject({ step: 'Pyro', found: `${at} is a web server` });
  });

  it('doctor recognises Pyro4', async () => {
    const location = await python.run<string>(`
      import Pyro4
      daemon = Pyro4.Daemon()
      threading.Thread(target=daemon.requestLoop, daemon=True).start()
      return daemon.locationStr`);
    expect(await fault(`PYRO:camera@${location}`)).toMatchObject({
      step: 'Pyro',
      found: `${location} speaks Pyro4 (protocol 48), and not Pyro5`,
    });
  });

  it('doctor recognises TLS against plain, plain against TLS, and a certificate that is not good', async () => {
    const { certFile, keyFile } = await authority.issue('daemon');
    const location = await serve(`config.SSL, config.SSL_SERVERCERT, config.SSL_SERVERKEY = True, "${certFile}", "${keyFile}"`);
    const uri = `PYRO:camera@${location}`;
    expect(await fault(uri)).toMatchObject({
      step: 'TLS',
      found: `${location} speaks TLS`,
      remedy: expect.stringMatching(
        /--tls, and --ca .* option tls here, .* config\.SSL = True and config\.SSL_CACERTS/,
      ) as string,
    });
    const withoutAuthority = await fault(uri, '--tls');
    expect(withoutAuthority).toMatchObject({ step: 'TLS', remedy: expect.stringContaining('give the authority') as string });
    const other = await TestAuthority.create(directory, 'other');
    expect(await fault(uri, '--ca', other.certFile)).toMatchObject({ remedy: expect.stringContaining('compare --ca') as string });
    const { code, findings } = await examine(uri, '--ca', authority.certFile);
    expect(code).toBe(0);
    // it ends in two days
    expect(findings.find(({ step }) => step === 'TLS')).toMatchObject({ state: 'warning' });
    const plain = await serve();
    expect(await fault(`PYRO:camera@${plain}`, '--tls')).toMatchObject({ step: 'TLS', found: `${plain} does not speak TLS` });
  });

  it('doctor names what is wrong with the TLS that environment variables switch on', async () => {
    const { certFile, keyFile } = await authority.issue('daemon-of-environment');
    const secure = `config.SSL, config.SSL_SERVERCERT, config.SSL_SERVERKEY = True, "${certFile}", "${keyFile}"`;
    const uri = `PYRO:camera@${await serve(secure)}`;
    const on = { PYRO_SSL: '1' };
    expect(await examineWith(on, uri)).toMatchObject({
      code: 3,
      last: { step: 'TLS', remedy: 'give the authority that signed the certificate of the daemon: PYRO_SSL_CACERTS' },
    });
    const other = await TestAuthority.create(directory, 'other-of-environment');
    expect(await examineWith({ ...on, PYRO_SSL_CACERTS: other.certFile }, uri)).toMatchObject({
      code: 3,
      last: { step: 'TLS', remedy: 'compare PYRO_SSL_CACERTS with the authority that signed the certificate of the daemon' },
    });
    expect(await examineWith({ ...on, PYRO_SSL_CACERTS: `${directory}/none.pem` }, uri)).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('environment variable PYRO_SSL_CACERTS=') as string,
    });
    const trusted = { ...on, PYRO_SSL_CACERTS: authority.certFile };
    expect(await examineWith(trusted, uri)).toMatchObject({ code: 0 });
    expect(await examineWith({ ...trusted, PYRO_SSL_CLIENTCERT: program.file }, uri)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('tls.cert is no PEM certificate') as string,
    });
    const { cert, key } = await authority.issue('asks-of-environment');
    await using asks = await PyroDaemon.listen({
      host: '127.0.0.1',
      tls: { cert, key, requestClientCert: true, ca: authority.cert },
    });
    expect(await examineWith(trusted, `PYRO:Pyro.Daemon@${asks.locationStr}`)).toMatchObject({
      code: 3,
      last: { step: 'TLS', remedy: 'give a certificate of this client: PYRO_SSL_CLIENTCERT and PYRO_SSL_CLIENTKEY' },
    });
    const plain = await serve();
    expect(await examineWith(trusted, `PYRO:camera@${plain}`)).toMatchObject({
      code: 3,
      last: { step: 'TLS', found: `${plain} does not speak TLS`, remedy: 'remove PYRO_SSL, or switch TLS on there' },
    });
    await using names = await startNameServer({ host: '127.0.0.1', port: 0, tls: { cert, key } });
    expect(await examineWith(on, 'lab.camera', '--ns', `127.0.0.1:${names.uri.port}`)).toMatchObject({
      code: 3,
      last: { step: 'name server', remedy: expect.stringContaining(': PYRO_SSL_CACERTS') as string },
    });
  });

  it('doctor and nsc end with the exit code of wrong arguments when an environment variable is wrong', async () => {
    const uri = `PYRO:camera@${await serve()}`;
    for (const [variable, value] of Object.entries({ PYRO_SERIALIZER: 'foo', PYRO_COMMTIMEOUT: 'abc' })) {
      const outcome = await examineWith({ [variable]: value }, uri);
      expect(outcome).toMatchObject({ code: 2, stdout: '' });
      expect(outcome.stderr).toContain(`environment variable ${variable}="${value}"`);
      const nsc = runProgram(process.execPath, [program.file, 'nsc', 'list'], { env: { [variable]: value } });
      expect(await nsc).toMatchObject({ code: 2, stdout: '' });
    }
  });

  it('doctor recognises a refused handshake, and says what the daemon said', async () => {
    const location = await serve();
    const uri = `PYRO:camera@${location}`;
    expect(await fault(uri, '--handshake', 'now')).toMatchObject({
      step: 'handshake',
      found: 'refused: say please',
      remedy: expect.stringMatching(/^the given handshake data .* dict, the names of its keys\): ask its owner/) as string,
    });
    expect(await examine(uri, '--handshake', 'please')).toMatchObject({ code: 0 });
  });

  it.each(['token serializer-bot has expired', 'Unknown object key "user" in the handshake', 'daemon rejected: unknown object'])(
    'doctor takes the refusal of a guard for nothing else, whatever it says: %s',
    async (reason) => {
      const validateHandshake = (): never => {
        throw new Error(reason);
      };
      await using daemon = await PyroDaemon.listen({ host: '127.0.0.1', validateHandshake });
      expect(await fault(`PYRO:camera@${daemon.locationStr}`)).toMatchObject({ step: 'handshake', found: `refused: ${reason}` });
      const watched = await program.run('watch', daemon.locationStr, '-n', '1');
      expect(watched.stderr).toContain(`rejected: ${reason}`);
      expect(watched.stderr).not.toContain('does not show its state');
    },
  );

  it('doctor recognises an unknown object, and tells the known objects', async () => {
    const location = await serve();
    expect(await fault(`PYRO:camra@${location}`)).toMatchObject({
      step: 'object',
      found: 'unknown object; the daemon has Pyro.Daemon, camera',
      remedy: 'did you mean camera?',
    });
  });

  it('doctor recognises an object that exposes nothing, of Python and of this package, also over TLS', async () => {
    const location = await serve('', 'daemon.register(type("Bare", (), {}), "bare")');
    class Bare {}
    const { cert, key } = await authority.issue('bare');
    await using daemon = await PyroDaemon.listen({ host: '127.0.0.1' });
    await using secure = await PyroDaemon.listen({ host: '127.0.0.1', tls: { cert, key } });
    for (const each of [daemon, secure]) each.register(new Bare(), 'bare');
    const tls = ['--ca', authority.certFile];
    for (const [at, ...args] of [[location], [daemon.locationStr], [secure.locationStr, ...tls]] as [string, ...string[]][]) {
      const { code, findings } = await examine(`PYRO:bare@${at}`, ...args);
      expect(code).toBe(3);
      expect(findings.slice(-3)).toMatchObject([
        { step: 'Pyro', state: 'ok' },
        { step: 'handshake', state: 'ok' },
        {
          step: 'object',
          state: 'failed',
          found: 'bare exposes no methods or attributes',
          remedy: expect.stringMatching(/@expose in Python, @PyroMethod here/) as string,
        },
      ]);
    }
  });

  it.each([
    ['announces a message over the limit', { dataBytes: 0x7fff_ffff }, /over a limit.*maxHandshakeBytes/, /raise the limit/],
    ['has a wrong magic number', { magic: 1 }, /magic/, /log of the daemon/],
    ['sends data that is no answer', { dataBytes: 3 }, /the answer cannot be read/, /log of the daemon/],
  ])('doctor does not doubt the port of a peer that speaks Pyro5: its header %s', async (_, header, found, remedy) => {
    const { dataBytes = 0, magic = 0x4dc5 } = header as { dataBytes?: number; magic?: number };
    const answer = Buffer.alloc(43);
    answer.write('PYRO');
    answer.writeUInt16BE(502, 4);
    answer.writeUInt16BE(0x0201, 6);
    answer.writeUInt32BE(dataBytes, 12);
    answer.writeUInt16BE(magic, 38);
    const peer = createServer((socket) => socket.on('error', () => undefined).once('data', () => socket.write(answer)));
    try {
      expect(await fault(`PYRO:camera@${await listening(peer)}`)).toMatchObject({
        step: 'handshake',
        found: expect.stringMatching(found) as string,
        remedy: expect.stringMatching(remedy) as string,
      });
    } finally {
      peer.close();
    }
  });

  it('doctor recognises a Python daemon without msgpack, and a peer that closes every connection', async () => {
    const close = createServer((socket) => socket.on('error', () => undefined).once('data', () => socket.end()));
    const location = await python.run<string>(`
      import subprocess
      state.without = subprocess.Popen([sys.executable, "-c", """if True:
          import sys, Pyro5.api, Pyro5.serializers
          del Pyro5.serializers.serializers_by_id[Pyro5.serializers.MsgpackSerializer.serializer_id]
          @Pyro5.api.expose
          class Camera:
              def add(self, a, b):
                  return a + b
          daemon = Pyro5.api.Daemon(host="127.0.0.1")
          daemon.register(Camera, "camera")
          print(daemon.locationStr, flush=True)
          daemon.requestLoop()
      """], stdout=subprocess.PIPE, text=True)
      return state.without.stdout.readline().strip()`);
    try {
      const lacking = {
        step: 'serializer',
        found: 'the daemon closes the connection at a message in msgpack, and answers one in serpent',
        remedy: 'install msgpack there, or choose another one: --serializer serpent, or PYRO_SERIALIZER=serpent',
      };
      for (const uri of [`PYRO:camera@${location}`, `PYRO:none@${location}`])
        expect(await fault(uri, '--serializer', 'msgpack')).toMatchObject(lacking);
      const env = { PYRO_SERIALIZER: 'msgpack' };
      expect(await examineWith(env, `PYRO:camera@${location}`)).toMatchObject({ code: 3, last: lacking });
      const closesAlways = `PYRO:camera@${await listening(close)}`;
      for (const serializer of ['serpent', 'msgpack'])
        expect(await fault(closesAlways, '--serializer', serializer)).toMatchObject({
          step: 'Pyro',
          remedy: expect.stringContaining('compare the port') as string,
        });
    } finally {
      close.close();
      await python.run('state.without.kill()');
    }
  });

  it('doctor says that a daemon of this package may have objects with handshake guards, which the daemon does not list', async () => {
    await using daemon = await PyroDaemon.listen();
    class Camera {
      add(a: number, b: number): number {
        return a + b;
      }
    }
    daemon.register(expose(Camera), 'camera');
    expect(await fault(`PYRO:stage@${daemon.locationStr}`)).toMatchObject({
      step: 'object',
      found: 'unknown object; the daemon has Pyro.Daemon, camera',
      remedy: expect.stringContaining('an object with handshake guards, which is not listed') as string,
    });
  });

  it('doctor recognises a daemon that is full', async () => {
    const location = await serve(
      'config.THREADPOOL_SIZE = config.THREADPOOL_SIZE_MIN = 1',
      'state.held = Proxy(f"PYRO:camera@{daemon.locationStr}"); state.held._pyroBind()',
    );
    expect(await fault(`PYRO:camera@${location}`)).toMatchObject({
      step: 'connections',
      found: expect.stringContaining('no free workers') as string,
      remedy: expect.stringContaining('THREADPOOL_SIZE') as string,
    });
    await python.run('state.held._pyroRelease()');
  });

  it('doctor recognises an address that does not answer, as an address behind a NAT', async () => {
    // a socket whose queue of connections is full: the system drops the packets of others
    const port = await python.run<number>(`
      state.deaf = socket.socket()
      state.deaf.bind(("127.0.0.1", 0))
      state.deaf.listen(0)
      state.waiting = [socket.socket() for _ in range(3)]
      for one in state.waiting:
          one.setblocking(False)
          one.connect_ex(state.deaf.getsockname())
      return state.deaf.getsockname()[1]`);
    expect(await fault(`PYRO:camera@127.0.0.1:${port}`, '-t', '0.5')).toMatchObject({
      step: 'port',
      found: `no answer from 127.0.0.1:${port} within 500 ms`,
      remedy: expect.stringContaining('natHost') as string,
    });
  });

  it('doctor recognises a name server that is not there, is empty, or has a similar name', async () => {
    expect(await fault('lab.camera', '--ns', '127.0.0.1:1')).toMatchObject({
      step: 'name server',
      remedy: expect.stringContaining('npx nestjs-pyro ns') as string,
    });
    expect(await fault('PYRONAME:lab.camera@127.0.0.1:1')).toMatchObject({
      step: 'name server',
      found: '127.0.0.1:1: nobody listens there (ECONNREFUSED)',
      remedy: expect.stringMatching(
        /^no name server answers there: start one .* address in the URI.* PYRO_NS_PORT.* 9090$/,
      ) as string,
    });
    await using names = await startNameServer({ host: '127.0.0.1', port: 0 });
    const at = ['--ns', `127.0.0.1:${names.uri.port}`];
    expect(await fault('lab.camera', ...at)).toMatchObject({
      step: 'name',
      found: 'the name server does not have the name lab.camera; it has no names but its own',
    });
    const location = await serve();
    await using client = await locateNameServer({ host: '127.0.0.1', port: names.uri.port });
    await client.register('lab.camera', `PYRO:camera@${location}`, { metadata: ['cam'] });
    expect(await fault('lab.camrea', ...at)).toMatchObject({ step: 'name', remedy: 'did you mean lab.camera?' });
    expect(await fault('PYROMETA:mount', ...at)).toMatchObject({ step: 'name' });
    expect(await examine('lab.camera', ...at)).toMatchObject({ code: 0 });
    expect(await examine('PYROMETA:cam', ...at)).toMatchObject({ code: 0 });
  });

  it('doctor recognises a name that stands for no PYRO URI', async () => {
    await using names = await startNameServer({ host: '127.0.0.1', port: 0 });
    const at = ['--ns', `127.0.0.1:${names.uri.port}`];
    await python.run(
      `
      with Pyro5.api.locate_ns("127.0.0.1", port) as ns:
          ns.register("lab.chain", "PYRONAME:lab.camera")
          ns.register("lab.tags", "PYROMETA:cam")
      `,
      { port: names.uri.port },
    );
    for (const [name, uri] of Object.entries({ 'lab.chain': 'PYRONAME:lab.camera', 'lab.tags': 'PYROMETA:cam' })) {
      expect(await fault(name, ...at)).toEqual({
        step: 'name',
        state: 'failed',
        found: `${name} is ${uri}, which is no PYRO uri`,
        remedy: 'register the URI of the object itself: PYRO:object@host:port',
      });
    }
  });

  it('doctor examines each object with the tags of a PYROMETA URI, since a client takes any of them', async () => {
    await using names = await startNameServer({ host: '127.0.0.1', port: 0 });
    const at = ['--ns', `127.0.0.1:${names.uri.port}`];
    const location = await serve();
    await using client = await locateNameServer({ host: '127.0.0.1', port: names.uri.port });
    await client.register('lab.a', `PYRO:camera@${location}`, { metadata: ['cam'] });
    await client.register('lab.b', 'PYRO:camera@127.0.0.1:1', { metadata: ['cam'] });
    await client.register('lab.c', `PYRO:camera@${location}`, { metadata: ['cam', 'red'] });
    const { code, findings } = await examine('PYROMETA:cam', ...at);
    expect(code).toBe(3);
    expect(findings.filter(({ step }) => step === 'tags' || step === 'name').map(({ found }) => found)).toEqual([
      '3 objects have the tags cam, and a client takes any of them',
      `lab.a is PYRO:camera@${location}`,
      'lab.b is PYRO:camera@127.0.0.1:1',
      `lab.c is PYRO:camera@${location}`,
    ]);
    const failures = findings.filter(({ state }) => state === 'failed');
    expect(failures.map(({ found }) => found)).toEqual(['127.0.0.1:1: nobody listens there (ECONNREFUSED)']);
    expect(findings.filter(({ step }) => step === 'serializers')).toHaveLength(2);
    expect(await examine('PYROMETA:red', ...at)).toMatchObject({ code: 0 });
    for (let more = 0; more < 9; more++) await client.register(`lab.d${more}`, 'PYRO:camera@127.0.0.1:1', { metadata: ['cam'] });
    const many = await examine('PYROMETA:cam', ...at);
    expect(many.findings[1]!.found).toBe(
      '12 objects have the tags cam, and a client takes any of them; the first 10 are examined',
    );
    expect(many.findings.filter(({ step }) => step === 'name')).toHaveLength(10);
  });

  it('doctor goes on to the next name server when one does not have the name, as clients do', async () => {
    await using empty = await startNameServer({ host: '127.0.0.1', port: 0 });
    const port = empty.uri.port!;
    await using names = await startNameServer({ host: '127.0.0.2', port });
    await using client = await locateNameServer({ host: '127.0.0.2', port: names.uri.port });
    await client.register('lab.camera', `PYRO:camera@${await serve()}`);
    const env = { PYRO_NS_HOST: '127.0.0.1,127.0.0.2', PYRO_NS_PORT: String(port) };
    const { code, stdout } = await examineWith(env, 'lab.camera');
    expect(code).toBe(0);
    const steps = (JSON.parse(stdout) as Finding[]).map(({ step, state }) => `${step} ${state}`);
    expect(steps.slice(0, 4)).toEqual(['name server ok', 'name warning', 'name server ok', 'name ok']);
    expect(await examineWith(env, 'lab.mount')).toMatchObject({ code: 3, last: { step: 'name', state: 'failed' } });
  });

  it('doctor says that a name server fails', async () => {
    const port = await python.run<number>(`
      @expose
      class Broken:
          def list(self, *args, **kwargs):
              raise OSError("the disk is full")
          def yplookup(self, *args, **kwargs):
              raise OSError("the disk is full")
      daemon = Pyro5.api.Daemon(host="127.0.0.1")
      daemon.register(Broken, "Pyro.NameServer")
      threading.Thread(target=daemon.requestLoop, daemon=True).start()
      return int(daemon.locationStr.split(":")[1])`);
    for (const uri of ['lab.camera', 'PYROMETA:cam']) {
      expect(await fault(uri, '--ns', `127.0.0.1:${port}`)).toMatchObject({
        step: 'name',
        found: expect.stringContaining('the disk is full') as string,
      });
    }
  });

  it('doctor leaves one refused handshake at a daemon that does not accept all serializers', async () => {
    await using daemon = await PyroDaemon.listen({ host: '127.0.0.1', serializers: ['marshal', 'serpent'] });
    const { code, findings } = await examine(`PYRO:Pyro.Daemon@${daemon.locationStr}`);
    expect(code).toBe(0);
    expect(findings.at(-1)).toEqual({ step: 'serializers', state: 'ok', found: 'serpent, marshal' });
    expect(daemon.inspect().totals).toMatchObject({ connectionsRefused: 1 });
  });

  it('doctor says to wait when an address has sent too many wrong handshakes', async () => {
    await using daemon = await PyroDaemon.listen({ host: '127.0.0.1', maxFailedHandshakes: 1, limitLoopback: true });
    const uri = `PYRO:Pyro.Daemon@${daemon.locationStr}`;
    await expect(PyroProxy.connect(`PYRO:none@${daemon.locationStr}`, { maxRetries: 0 })).rejects.toThrow('unknown object');
    expect(await fault(uri)).toMatchObject({
      step: 'handshake',
      found: expect.stringMatching(/^too many failed handshakes from /) as string,
      remedy: expect.stringContaining('wait') as string,
    });
  });

  it('doctor says what to do for each fault of a certificate', async () => {
    const faults = [
      [{ names: 'DNS:elsewhere' }, 'by a host that the certificate names'],
      [{ days: -1 }, 'renew the certificate of the daemon, or set the clock'],
    ] as const;
    for (const [index, [terms, remedy]] of faults.entries()) {
      const { cert, key } = await authority.issue(`faulty-${index}`, terms);
      await using daemon = await PyroDaemon.listen({ host: '127.0.0.1', tls: { cert, key } });
      const finding = await fault(`PYRO:Pyro.Daemon@${daemon.locationStr}`, '--ca', authority.certFile);
      expect(finding).toMatchObject({ step: 'TLS', remedy: expect.stringContaining(remedy) as string });
    }
    const { cert, key } = await authority.issue('asks');
    await using daemon = await PyroDaemon.listen({
      host: '127.0.0.1',
      tls: { cert, key, requestClientCert: true, ca: authority.cert },
    });
    expect(await fault(`PYRO:Pyro.Daemon@${daemon.locationStr}`, '--ca', authority.certFile)).toMatchObject({
      step: 'TLS',
      remedy: 'give a certificate of this client: --cert FILE and --key FILE with --tls',
    });
  });

  it('doctor says that it has the last free connection of a daemon', async () => {
    await using daemon = await PyroDaemon.listen({ host: '127.0.0.1', maxConnections: 2 });
    await using proxy = await PyroProxy.connect(daemon.uriFor('Pyro.Daemon'));
    await proxy.$call('ping');
    const { code, findings } = await examine(`PYRO:Pyro.Daemon@${daemon.locationStr}`);
    expect(code).toBe(0);
    expect(findings.at(-1)).toMatchObject({
      step: 'connections',
      state: 'warning',
      found: expect.stringContaining('this program has the last free one') as string,
      remedy: expect.stringContaining('maxConnections') as string,
    });
  });

  it('doctor examines a name server as it examines a daemon', async () => {
    const { cert, key } = await authority.issue('names');
    const web = createWebServer((_, response) => response.end('hello'));
    const silent = createServer((socket) => socket.on('error', () => undefined));
    await using secure = await startNameServer({ host: '127.0.0.1', port: 0, tls: { cert, key } });
    await using guarded = await startNameServer({
      host: '127.0.0.1',
      port: 0,
      validateHandshake: () => {
        throw new Error('who are you?');
      },
    });
    try {
      const [webAt, silentAt] = await Promise.all([web, silent].map(listening));
      const daemonAt = await serve();
      const cases: [at: string, found: string, remedy: string][] = [
        [webAt!, `${webAt} is a web server`, 'compare the port'],
        [silentAt!, `${silentAt} takes the connection, and says nothing within 500 ms`, 'busy or hang'],
        [
          `127.0.0.1:${secure.uri.port}`,
          `127.0.0.1:${secure.uri.port} speaks TLS`,
          'connect with --ns-tls, and --ca for an authority of your own; in programs by the option nameServer.tls here',
        ],
        [`127.0.0.1:${guarded.uri.port}`, 'refused: who are you?', '--ns-handshake VALUE'],
        [daemonAt, `${daemonAt} is a daemon without a name server`, 'npx nestjs-pyro ns'],
      ];
      for (const [at, found, remedy] of cases) {
        expect(await fault('lab.camera', '--ns', at, '-t', '0.5')).toMatchObject({
          step: 'name server',
          found,
          remedy: expect.stringContaining(remedy) as string,
        });
      }
    } finally {
      for (const server of [web, silent]) server.close();
    }
    const at = ['--ns', `localhost:${secure.uri.port}`, '--ns-tls', '--ca', authority.certFile];
    expect(await fault('lab.camera', ...at)).toMatchObject({ step: 'name' });
  });

  it('doctor asks the name servers of PYRO_NS_HOST one after the other', async () => {
    await using names = await startNameServer({ host: '127.0.0.1', port: 0 });
    await using client = await locateNameServer({ host: '127.0.0.1', port: names.uri.port });
    await client.register('lab.camera', `PYRO:camera@${await serve()}`);
    const env = { PYRO_NS_HOST: '127.0.0.2,127.0.0.1', PYRO_NS_PORT: String(names.uri.port) };
    const { code, stdout } = await runProgram(process.execPath, [program.file, 'doctor', 'lab.camera', '--json'], { env });
    expect(code).toBe(0);
    const steps = (JSON.parse(stdout) as Finding[]).map(({ step, state }) => `${step} ${state}`);
    expect(steps.slice(0, 3)).toEqual(['name server warning', 'name server ok', 'name ok']);
  });
});
