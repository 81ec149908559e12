import { execFile } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import {
  behavior,
  expose,
  locateNameServer,
  PyroDaemon,
  PyroProxy,
  serve,
  type ServedObjects,
  type ServeOptions,
} from '../../../lib/core.js';
import { PythonServer } from '../client/python-server.js';
import { ensurePythonEnv } from '../python-env.js';

class Lamp {
  constructor(private readonly colour = 'white') {}
  shine(): string {
    return `shines ${this.colour}`;
  }
}
expose(Lamp);

class Counter {
  private n = 0;
  next(): number {
    return ++this.n;
  }
}
expose(Counter);
behavior({ instanceMode: 'percall' })(Counter);

const cleanups: (() => unknown)[] = [];
let printed: string[];

beforeEach(() => {
  printed = [];
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => printed.push(String(text)) > 0);
  cleanups.push(() => write.mockRestore());
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function served(...args: Parameters<typeof serve>): Promise<ServedObjects> {
  const objects = await serve(...args);
  cleanups.push(() => objects.close());
  return objects;
}

/** Runs a line of Python that uses `Pyro5.api` as `P`, and returns its output. */
async function python(code: string, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(await ensurePythonEnv(), [
    '-c',
    `import sys; import Pyro5.api as P; ${code}`,
    ...args,
  ]);
  return stdout;
}

/** Returns a function that gives the listeners of a signal that were added since this call. */
function newListeners(signal: NodeJS.Signals): () => NodeJS.SignalsListener[] {
  const before = process.listeners(signal);
  return () => process.listeners(signal).filter((listener) => !before.includes(listener));
}

it('serve() serves objects and classes by name, and prints what Python prints', async () => {
  const { daemon, uris } = await served({ 'lab.lamp': new Lamp('red'), 'lab.counter': Counter }, { host: '127.0.0.1' });
  expect([...uris.values()].map(String)).toEqual([
    `PYRO:lab.lamp@${daemon.locationStr}`,
    `PYRO:lab.counter@${daemon.locationStr}`,
  ]);
  const calls = 'print(P.Proxy("PYRO:lab.lamp@" + sys.argv[1]).shine(), P.Proxy("PYRO:lab.counter@" + sys.argv[1]).next())';
  expect(await python(calls, daemon.locationStr)).toBe('shines red 1\n');
  const theirs = await python(
    `d = P.Daemon(); d.requestLoop = lambda: None; P.serve({P.expose(type("Lamp", (), {"shine": lambda self: 1}))(): "lab.lamp"}, daemon=d, use_ns=False)`,
  );
  const shape = (text: string): string => text.replace(/Object .*:/g, 'Object X:').replace(/@.*/g, '@L');
  expect(shape(printed.join(''))).toBe(
    'Object X:\n    uri = PYRO:lab.lamp@L\nObject X:\n    uri = PYRO:lab.counter@L\nPyro daemon running.\n',
  );
  expect(shape(theirs)).toBe('Object X:\n    uri = PYRO:lab.lamp@L\nPyro daemon running.\n');
  expect(printed.join('')).toContain('Object [Lamp]:\n');
  expect(printed.join('')).toContain('Object [class Counter]:\n');
});

it('serve() registers names at a name server, and removes them at the end', async () => {
  const server = await PythonServer.start('nameserver');
  cleanups.push(() => server.kill());
  await using nameServer = await locateNameServer({ host: '127.0.0.1', port: server.port });
  const lamp = new Lamp();
  const nameless = new Lamp('green');
  const objects = await served(
    new Map<object, string | null>([
      [lamp, 'lab.lamp'],
      [nameless, null],
    ]),
    { nameServer: { host: '127.0.0.1', port: server.port } },
  );
  expect(objects.uris.get(lamp)!.object).toMatch(/^obj_[0-9a-f]{32}$/);
  expect(String((await nameServer.list({ prefix: 'lab.' })).get('lab.lamp'))).toBe(String(objects.uris.get(lamp)));
  const call = 'print(P.Proxy("PYRONAME:lab.lamp@127.0.0.1:" + sys.argv[1]).shine())';
  expect(await python(call, String(server.port))).toBe('shines white\n');
  await using other = await PyroProxy.connect<Lamp>(objects.uris.get(nameless)!);
  expect(await other.shine()).toBe('shines green');
  expect(printed.join('')).toContain('    name = lab.lamp\n');
  await objects.close();
  expect(await nameServer.count()).toBe(1);
});

it('serve() goes on without a name server, and says so', async () => {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  cleanups.push(() => warned.mockRestore());
  const { daemon } = await served({ lamp: new Lamp() }, { nameServer: { host: '127.0.0.1', port: 1 }, verbose: false });
  expect(daemon.isListening).toBe(true);
  expect(warned.mock.calls.flat()).toEqual([expect.stringMatching(/^no name server at 127.0.0.1:1: .*; it is tried again$/)]);
  expect(printed).toEqual([]);
});

it('serve() ends on a signal after the running calls, and a second signal ends it at once', async () => {
  const listeners = [newListeners('SIGINT'), newListeners('SIGTERM')];
  const gate = new EventEmitter();
  class Slow {
    async wait(): Promise<string> {
      const opened = once(gate, 'open');
      gate.emit('begun');
      await opened;
      return 'done';
    }
  }
  expose(Slow);
  const { daemon, closed, uris } = await served({ slow: Slow }, { verbose: false });
  await using slow = await PyroProxy.connect<Slow>(uris.get(Slow)!);
  const begun = once(gate, 'begun');
  const result = slow.wait();
  await begun;
  expect(listeners.map((added) => added().length)).toEqual([1, 1]);
  process.emit('SIGTERM');
  expect(listeners[1]!()).toEqual([]);
  await expect.poll(() => daemon.isListening).toBe(false);
  gate.emit('open');
  expect(await result).toBe('done');
  await closed;
  expect(listeners.map((added) => added().length)).toEqual([0, 0]);
});

it('serve() ends with its daemon, and its daemon with it', async () => {
  const listeners = newListeners('SIGINT');
  const daemon = new PyroDaemon({ host: '127.0.0.1' });
  const objects = await served({ lamp: new Lamp() }, { daemon, verbose: false });
  expect(objects.daemon).toBe(daemon);
  await daemon.close();
  await objects.closed;
  expect(listeners()).toEqual([]);
  class OwnDaemon extends PyroDaemon {}
  const again = await OwnDaemon.serveSimple({ lamp: new Lamp() }, { verbose: false, signals: [] });
  expect(again.daemon).toBeInstanceOf(OwnDaemon);
  expect(listeners()).toEqual([]);
  await again.close();
  expect(again.daemon.isListening).toBe(false);
});

it('serve() leaves nothing behind when it cannot start', async () => {
  const daemon = await PyroDaemon.listen();
  const lamp = new Lamp();
  const twice: [object, ServeOptions, string][] = [
    [{ one: lamp, two: lamp }, { daemon }, 'already has a Pyro id'],
    [{ 'no id': lamp }, {}, 'cannot stand in a URI'],
  ];
  for (const [objects, options, message] of twice) {
    await expect(serve(objects as Record<string, object>, { ...options, verbose: false })).rejects.toThrow(message);
  }
  expect(daemon.isListening).toBe(false);
  await expect(serve({}, { daemon, host: 'localhost' })).rejects.toThrow('host is an option of a new daemon');
});
