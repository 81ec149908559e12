import { spawn } from 'node:child_process';
import { request } from 'node:http';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { type AddressInfo, connect, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type DaemonSnapshot,
  expose,
  INSPECTOR_OBJECT_ID,
  locateNameServer,
  PyroDaemon,
  type PyroNameServer,
  PyroProxy,
  startNameServer,
} from '../../../lib/core.js';
import type { CallAnswer, InspectorState, StreamAnswer } from '../../../lib/inspector/contract/contract.js';
import { Program } from '../../../scripts/program.js';
import { CommandLineProgram } from '../../command-line-program.js';
import { PythonInterpreter } from '../python-interpreter.js';

/** A Python daemon with one object, a daemon of this package that shows its state, and a name server with the name of the Python object. */
let python: PythonInterpreter;
let program: CommandLineProgram;
let names: PyroNameServer;
let ours: PyroDaemon;
let location: string;
beforeAll(async () => {
  [python, program, names, ours] = await Promise.all([
    PythonInterpreter.start(),
    CommandLineProgram.make(),
    startNameServer({ host: '127.0.0.1', port: 0 }),
    PyroDaemon.listen({ host: '127.0.0.1', port: 0, inspector: true }),
  ]);
  location = await python.run(`
    @expose
    class Camera:
        gain = 2
        def __init__(self):
            self.count = 0
        def expose(self, seconds, binning=1):
            self.count += 1
            return {"seconds": seconds, "binning": binning, "count": self.count}
        def frames(self, number):
            yield from range(number)
        @property
        def model(self):
            return "C-1"
    state.daemon = Pyro5.api.Daemon(host="127.0.0.1")
    state.daemon.register(Camera, "camera")
    threading.Thread(target=state.daemon.requestLoop, daemon=True).start()
    return state.daemon.locationStr`);
  await using client = await locateNameServer({ host: '127.0.0.1', port: names.uri.port });
  await client.register('lab.camera', `PYRO:camera@${location}`);
  ours.register(new Thermometer(), 'thermometer');
});
afterAll(async () => {
  python?.stop();
  await Promise.all([names?.close(), program?.remove(), ours?.close()]);
});

class Thermometer {
  read(): number {
    return 20;
  }
}
expose(Thermometer);

/** Stands in for the object that shows the state of a daemon. */
class Liar {
  constructor(private readonly snapshot: unknown) {}
  inspect(): unknown {
    return this.snapshot;
  }
}
expose(Liar);

/** A running `nestjs-pyro inspect`. */
class Inspecting implements AsyncDisposable {
  private constructor(
    private readonly running: Program,
    readonly url: URL,
  ) {}

  static async start(...args: string[]): Promise<Inspecting> {
    const running = new Program(process.execPath, [program.file, 'inspect', ...args, '--json']);
    const { url } = JSON.parse(`{${await running.line('{')}`) as { url: string };
    return new Inspecting(running, new URL(url));
  }

  get(path: string): Promise<Response> {
    return fetch(new URL(path, this.url));
  }

  async state(): Promise<InspectorState> {
    return (await (await this.get('snapshot')).json()) as InspectorState;
  }

  async post<T>(path: string, body: object): Promise<T> {
    const headers = { 'content-type': 'application/json', origin: this.url.origin };
    const response = await fetch(new URL(path, this.url), { method: 'POST', headers, body: JSON.stringify(body) });
    return (await response.json()) as T;
  }

  async statusFor(host: string): Promise<number> {
    const { hostname, port, pathname } = this.url;
    const asked = request({ hostname, port, path: `${pathname}snapshot`, headers: { host }, agent: false }).end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    response.resume();
    return response.statusCode!;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.running.stop();
  }
}

const camera = (): object => ({ session: 'one', server: location, objectId: 'camera', kind: 'method', handshake: null });

describe('nestjs-pyro inspect', () => {
  it('connections to the page of inspect that are too many are closed, and those before them are served', async () => {
    await using page = await Inspecting.start(`PYRO:camera@${location}`);
    const { hostname, port } = page.url;
    const sockets = Array.from({ length: 150 }, () => connect(Number(port), hostname).on('error', () => undefined));
    try {
      await Promise.any(sockets.map((socket) => once(socket, 'close')));
      const served = sockets.filter((socket) => !socket.destroyed).map((socket) => once(socket, 'data'));
      for (const socket of sockets) socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n');
      expect(String((await Promise.any(served))[0])).toContain('404');
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  });

  it('inspect shows the objects of a daemon of Python with their members and names, and calls them', async () => {
    await using page = await Inspecting.start('lab.camera', '--ns', `127.0.0.1:${names.uri.port}`, '--allow-calls');
    expect(await (await page.get('')).text()).toContain('page.js');
    expect((await page.get('?file=page.js')).headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    const [server] = (await page.state()).servers;
    expect(server).toMatchObject({ location, error: null, snapshot: null, pingMs: expect.any(Number) as number });
    expect(server!.objects.map(({ objectId }) => objectId)).toEqual(['Pyro.Daemon', 'camera']);
    expect(server!.objects[1]).toMatchObject({
      uri: `PYRO:camera@${location}`,
      names: ['lab.camera'],
      members: [
        { kind: 'method', name: 'expose', isOneway: false, parameters: null },
        { kind: 'method', name: 'frames', isOneway: false, parameters: null },
        { kind: 'attribute', name: 'model', isReadable: true, isWritable: true },
      ],
    });
    const call = (member: string, more: object): Promise<CallAnswer> => page.post('call', { ...camera(), member, ...more });
    const results = [
      await call('expose', { args: ['0.5'], kwargs: { binning: '2' } }),
      await call('expose', { args: ['(1, None)'], isLiteral: true }),
    ].map((answer) => (answer.kind === 'result' ? (JSON.parse(answer.value.text) as unknown) : answer));
    // a page has its own session, as a Python client has
    expect(results).toEqual([
      { seconds: 0.5, binning: 2, count: 1 },
      { seconds: [1, null], binning: 1, count: 2 },
    ]);
    expect(await call('model', { kind: 'get' })).toMatchObject({ value: { text: '"C-1"' } });
    const failed = await call('expose', {});
    expect(failed).toMatchObject({ kind: 'error', error: { type: 'builtins.TypeError' } });
    if (failed.kind === 'error') expect(failed.error.remoteTraceback.join('\n')).toContain('Traceback (most recent call last)');
    const stream = await call('frames', { args: ['3'] });
    if (stream.kind !== 'stream') throw new Error('no stream');
    const { items, isEnded } = await page.post<StreamAnswer>('stream', { streamId: stream.streamId, count: 10 });
    expect([items.map(({ text }) => text), isEnded]).toEqual([['0', '1', '2'], true]);
  });

  it('inspect shows everything of a daemon of this library with the option inspector', async () => {
    await using page = await Inspecting.start(ours.locationStr);
    const { allowCalls, servers } = await page.state();
    expect(allowCalls).toBe(false);
    expect(servers[0]!.snapshot!.connections.length).toBeGreaterThan(0);
    expect(servers[0]!.objects.map(({ objectId }) => objectId)).toEqual(['Pyro.Daemon', INSPECTOR_OBJECT_ID, 'thermometer']);
    expect(await page.post('call', { ...camera(), member: 'expose' })).toEqual({
      error: expect.stringContaining('allowCalls') as string,
    });
  });

  it('inspect answers only at the address that it has printed, and to no other host name', async () => {
    await using page = await Inspecting.start(location);
    expect(page.url.hostname).toBe('127.0.0.1');
    expect(page.url.pathname).toMatch(/^\/[\w-]{24}\/$/);
    for (const path of ['/', '/snapshot', '/guess/snapshot', `${page.url.pathname}other`, `${page.url.pathname}snapshot/more`])
      expect((await page.get(path)).status, path).toBe(404);
    const { port } = page.url;
    expect(await page.statusFor(`127.0.0.1:${port}`)).toBe(200);
    expect(await page.statusFor(`localhost:${port}`)).toBe(200);
    expect(await page.statusFor(`evil.example:${port}`)).toBe(403);
  });

  it('inspect ends quietly when nobody can read the address of its page', async () => {
    const child = spawn(process.execPath, [program.file, 'inspect', location], { stdio: ['ignore', 'pipe', 'pipe'] });
    let errors = '';
    child.stderr.on('data', (text: Buffer) => (errors += text.toString()));
    child.stdout.destroy();
    const [code] = (await once(child, 'close')) as [number | null];
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
  });

  it('inspect ends with code 3 where nobody answers', async () => {
    const { code, stderr } = await program.run('inspect', '127.0.0.1:1');
    expect(code).toBe(3);
    expect(stderr).toContain('npx nestjs-pyro doctor 127.0.0.1:1\n');
  });
});

describe('nestjs-pyro watch', () => {
  it('watch prints connections and calls of a server, as tables and as one line of JSON for each snapshot', async () => {
    await using client = await PyroProxy.connect<Thermometer>(ours.uriFor('thermometer'));
    await client.read();
    const printed = await program.run('watch', ours.locationStr, '-n', '2', '-i', '0.01', '--json');
    expect(printed).toMatchObject({ code: 0, stderr: '' });
    const snapshots = printed.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as DaemonSnapshot);
    expect(snapshots).toHaveLength(2);
    expect(snapshots[1]).toMatchObject({
      state: 'listening',
      objects: expect.arrayContaining([
        expect.objectContaining({ objectId: 'thermometer', calls: 1 }),
        expect.objectContaining({ objectId: INSPECTOR_OBJECT_ID, isGuarded: true }),
      ]) as unknown[],
    });
    const { stdout } = await program.run('watch', ours.locationStr, '-n', '2', '-i', '0.01');
    expect(stdout).toMatch(/^\S+ listening, up \d+ s\n\d+ connections, 1 running/);
    expect(stdout).toMatch(/OBJECT +CALLS\/S +CALLS +FAILED\n[^]*thermometer +0\.0 +1 +0\n/);
    expect(stdout).toMatch(/CONNECTION +ADDRESS +PRINCIPAL/);
  });

  it('watch prints no character of a peer that a terminal obeys, as a table and as JSON', async () => {
    const evil = 'a\x1b[2J\x9b31m\u202e\u2028\n[Nest] FAKE\u{e0001}';
    await using server = await PyroDaemon.listen({
      host: '127.0.0.1',
      port: 0,
      validateHandshake: () => ({ principalKey: evil }),
      inspector: true,
    });
    server.register(new Thermometer(), 'x\x1b]0;title\x07');
    await using client = await PyroProxy.connect<Thermometer>(server.uriFor('Pyro.Daemon'));
    // a server that sends a false snapshot
    const shown = server.inspect();
    const forged = { ...shown, location: evil, state: evil, at: evil };
    await using liar = await PyroDaemon.listen({ host: '127.0.0.1', port: 0 });
    liar.register(new Liar(forged), INSPECTOR_OBJECT_ID);
    for (const { locationStr } of [server, liar]) {
      for (const more of [[], ['--json']]) {
        const { code, stdout, stderr } = await program.run('watch', locationStr, '-n', '2', '-i', '0.01', ...more);
        expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
        expect(stdout).toMatch(/a\\+u001b\[2J\\+u009b31m\\+u202e/);
        expect(stdout.match(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu)?.filter((character) => character !== '\n') ?? []).toEqual([]);
        expect(stdout).not.toMatch(/^\[Nest\]/m);
      }
    }
    expect(client.$connected).toBe(true);
  });

  it('watch says what to do where a daemon does not show its state', async () => {
    const { code, stderr } = await program.run('watch', location);
    expect(code).toBe(1);
    expect(stderr).toContain('inspector: true');
    expect(stderr).toContain(`npx nestjs-pyro inspect ${location}\n`);
  });

  it('watch tells that a daemon hangs, before and after it has answered the handshake', async () => {
    const silent = createServer();
    await once(silent.listen(0, '127.0.0.1'), 'listening');
    await using hung = await PyroDaemon.listen({ host: '127.0.0.1', port: 0 });
    hung.register(new Liar(new Promise(() => undefined)), INSPECTOR_OBJECT_ID);
    try {
      const at = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
      for (const address of [at, hung.locationStr]) {
        const { code, stdout, stderr } = await program.run('watch', address, '-t', '0.5');
        expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
        expect(stderr).toContain(`${address} does not answer: `);
        expect(stderr).toContain(`npx nestjs-pyro doctor --timeout 0.5 PYRO:Pyro.Inspector@${address}\n`);
      }
    } finally {
      silent.close();
    }
  });

  it('watch tells a refusal of the guard', async () => {
    const guard = (): never => {
      throw new Error('only for operators');
    };
    await using guarded = await PyroDaemon.listen({ host: '127.0.0.1', port: 0, inspector: { guard } });
    const { code, stderr } = await program.run('watch', guarded.locationStr);
    expect(code).toBe(3);
    expect(stderr).toContain('only for operators');
  });
});
