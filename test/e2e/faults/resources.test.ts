import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Program } from '../../../scripts/program.js';
import { ScriptedPeer } from '../../../lib/testing/index.js';
import { PythonInterpreter } from '../../interop/python-interpreter.js';
import { TypeScriptPrograms } from '../nest/programs/typescript-program.js';

const ENDLESS = { interactive: true, timeoutMs: 2 ** 31 - 1 };
/** Long enough for the busiest machine. */
const LONG_MS = 120_000;

let programs: TypeScriptPrograms;
let python: PythonInterpreter;
let directory: string;
beforeAll(async () => {
  [programs, python] = await Promise.all([TypeScriptPrograms.compile(), PythonInterpreter.start()]);
  directory = await mkdtemp(join(tmpdir(), 'pyro-resources-'));
}, 240_000);
afterAll(async () => {
  python.stop();
  await programs[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Runs a program in a shell that has set a limit, or sends its output somewhere else. */
function inShell(before: string, name: string, args: readonly string[], after = ''): Program {
  const script = `${before}; exec "$@" ${after}`;
  const program = new Program('/bin/sh', ['-c', script, 'sh', process.execPath, programs.fileOf(name), ...args], ENDLESS);
  cleanups.push(() => program.kill());
  return program;
}

const log = (location: string, text: string): Promise<unknown> =>
  python.run(`with Pyro5.api.Proxy("PYRO:ledger@" + location) as ledger: return ledger.log(text)`, { location, text });

describe.skipIf(process.platform === 'win32')('a process without descriptors', () => {
  it(
    'a process without descriptors goes on serving its clients, and accepts new clients when others have gone',
    async () => {
      const program = inShell('ulimit -n 1000', 'ledger-app', [join(directory, 'descriptors')]);
      const location = await program.line('ready: ');
      const client = await ScriptedPeer.join(location, 'ledger');
      cleanups.push(() => client.destroy());
      const port = Number(location.split(':')[1]);
      const sockets: Socket[] = [];
      let refused = 0;
      for (let n = 0; n < 1_200; n++) {
        const socket = connect(port, '127.0.0.1');
        sockets.push(socket.on('error', () => undefined).on('close', () => refused++));
      }
      cleanups.push(() => sockets.forEach((socket) => socket.destroy()));
      // over the limit, the process accepts a client and closes it at once
      await expect.poll(() => refused, { timeout: LONG_MS }).toBeGreaterThan(30);
      expect(await client.call('ledger', 'log', 'still served')).toBe('still served');
      for (const socket of sockets) socket.destroy();
      await expect.poll(() => log(location, 'new').catch(() => undefined), { timeout: LONG_MS }).toBe('new');
      expect(await client.call('ledger', 'add', 'one', 1)).toBe(1);
    },
    2 * LONG_MS,
  );
});

describe.skipIf(process.platform !== 'linux')('a full disk', () => {
  it(
    'a full disk for the log costs lines of the log, and no call',
    async () => {
      const [journal, location] = [join(directory, 'log-journal'), join(directory, 'log-location')];
      const program = inShell(':', 'ledger-app', [journal, location], '> /dev/full 2> /dev/full');
      const read = (): Promise<string> => readFile(location, 'utf8').catch(() => '');
      let where = '';
      const hasEnded = program.ended.then(({ exitCode }) => `ended with ${exitCode}`);
      await expect.poll(async () => (where = await read()), { timeout: LONG_MS }).toMatch(/:\d+$/);
      for (let n = 0; n < 20; n++) expect(await log(where, `line ${n}`)).toBe(`line ${n}`);
      // what the library itself writes to the log
      const peer = await ScriptedPeer.open(where);
      peer.write(Buffer.from('this is no message of Pyro, and is reported as such'));
      await peer.untilClosed();
      expect(await log(where, 'last')).toBe('last');
      expect(await Promise.race([hasEnded, Promise.resolve('runs')])).toBe('runs');
    },
    2 * LONG_MS,
  );
});

/** Replaces the wall clock by a clock that is set forward or back by up to a day whenever it is read. */
const JUMPING_CLOCK = `
  const { now } = Date;
  const jump = () => Math.round((Math.random() - 0.5) * 2 * 86_400_000);
  const Real = Date;
  globalThis.Date = class extends Real {
    constructor(...given) {
      super(...(given.length === 0 ? [now() + jump()] : given));
    }
    static now() {
      return now() + jump();
    }
  };`;

it(
  'a clock that is set forward and back ends no call, no stream and no connection',
  async () => {
    const preload = `data:text/javascript,${encodeURIComponent(JUMPING_CLOCK)}`;
    const env = { NODE_OPTIONS: `--import="${preload}"` };
    const program = programs.start('ledger-app', [join(directory, 'clock')], { ...ENDLESS, env });
    cleanups.push(() => program.kill());
    const location = await program.line('ready: ');
    const result = await python.run(
      `
      with Pyro5.api.Proxy("PYRO:ledger@" + location) as ledger:
          taken = []
          for item in ledger.items(20):
              # longer than the interval in which the server looks for what has expired
              time.sleep(0.05)
              taken.append([item, ledger.addLater("python", item)])
          return taken
      `,
      { location },
    );
    expect(result).toEqual(Array.from({ length: 20 }, (_, item) => [item, item + 1]));
  },
  2 * LONG_MS,
);
