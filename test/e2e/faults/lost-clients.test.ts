import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Ctx } from '@nestjs/microservices';
import { Program } from '../../../scripts/program.js';
import { PyroContext, PyroController, type PyroDaemon, PyroMethod, type PyroServer } from '../../../lib/index.js';
import { ensurePythonEnv } from '../../interop/python-env.js';
import { PythonInterpreter } from '../../interop/python-interpreter.js';
import { Relay } from '../../relay.js';
import { stopProcess } from '../../stopped-process.js';
import { closeAfter, eventually, serve } from '../nest/fixtures.js';

const SCRIPT = fileURLToPath(new URL('client.py', import.meta.url));
const PHASES = [
  'connecting',
  'handshake',
  'sending',
  'running',
  'running with unread requests',
  'pulling with unread requests',
  'reading',
  'streaming',
] as const;
/** Long enough for the busiest machine. */
const LONG_MS = 60_000;

@PyroController('thing')
class Thing {
  static running = 0;
  static readonly jobs: number[] = [];
  static readonly ends: (() => void)[] = [];
  static abortedJobs = 0;
  @PyroMethod() echo(value: unknown): unknown {
    return value;
  }
  /** Runs until its client is gone. */
  @PyroMethod() async hang(@Ctx() context: PyroContext): Promise<void> {
    Thing.running++;
    if (!context.signal.aborted) await once(context.signal, 'abort');
    Thing.running--;
  }
  @PyroMethod() big(bytes: number): Buffer {
    return Buffer.alloc(bytes);
  }
  /** Gives one item, and then none until its client is gone. */
  @PyroMethod() async *stuck(@Ctx() context: PyroContext): AsyncGenerator<number> {
    yield 0;
    await this.hang(context);
  }
  /** Begins, and ends when the test lets it. */
  @PyroMethod({ oneway: true }) async job(index: number, @Ctx() { signal }: PyroContext): Promise<void> {
    Thing.jobs.push(index);
    await new Promise<void>((resolve) => Thing.ends.push(resolve));
    if (signal.aborted) Thing.abortedJobs++;
  }
  @PyroMethod() *items(): Generator<number> {
    for (let item = 0; ; item++) yield item;
  }
}

let python: PythonInterpreter;
beforeAll(async () => {
  python = await PythonInterpreter.start();
});
afterAll(() => python.stop());

const daemonOf = (server: PyroServer): PyroDaemon => server.unwrap<PyroDaemon>();
const echo = (location: string): Promise<unknown> =>
  python.run(`with Pyro5.api.Proxy("PYRO:thing@" + location) as thing: return thing.echo("right")`, { location });

/** Starts a Python client, and waits until it is in a phase of its call. */
async function clientIn(phase: string, location: string, ...args: string[]): Promise<Program> {
  const [host, port] = location.split(':') as [string, string];
  const program = new Program(await ensurePythonEnv(), [SCRIPT, host, port, phase, ...args]);
  closeAfter(() => program.kill());
  await program.line('at ');
  return program;
}

async function untilNothingIsHeld(daemon: PyroDaemon): Promise<void> {
  const isEmpty = (): boolean => daemon.sockets.length === 1 && daemon.streamCount === 0 && Thing.running === 0;
  await expect.poll(isEmpty, { timeout: LONG_MS }).toBe(true);
}

describe.each(['ends', 'is reset'])('a Python client that is killed, so that its connection %s', (how) => {
  it.each(PHASES)(
    'a killed Python client leaves nothing at the server, and other clients are served (%s)',
    async (phase) => {
      const { server } = await serve({ providers: [Thing] }, { streamLingerMs: 50, housekeepingIntervalMs: 20 });
      const daemon = daemonOf(server);
      const clients = await Promise.all(
        [0, 1, 2].map(() => clientIn(phase, daemon.locationStr, ...(how === 'is reset' ? ['reset'] : []))),
      );
      await eventually(() => daemon.sockets.length === 4, 'three clients');
      if (/^(running|pulling)/.test(phase)) await eventually(() => Thing.running === 3, 'three calls');
      await Promise.all(clients.map((client) => client.kill()));
      expect(await echo(daemon.locationStr)).toBe('right');
      await untilNothingIsHeld(daemon);
    },
    2 * LONG_MS,
  );
});

it(
  'oneway calls of Python programs that were killed after them are all carried out, and the slots of the programs are free',
  async () => {
    const limits = { maxConnections: 2, maxAbandonedConnectionsPerAddress: 1, limitLoopback: true };
    const { server } = await serve({ providers: [Thing] }, limits);
    const daemon = daemonOf(server);
    const clients = await Promise.all([0, 1].map(() => clientIn('oneway calls', daemon.locationStr)));
    await eventually(() => Thing.ends.length === 128, 'as many calls as may run');
    await Promise.all(clients.map((client) => client.kill()));
    const use = (limit: string): number => daemon.inspect().limits.find(({ name }) => name === limit)!.used!;
    const areFree = (): boolean => use('maxConnections') === 0 && use('maxAbandonedConnectionsPerAddress') === 2;
    await expect.poll(areFree, { timeout: LONG_MS }).toBe(true);
    await expect(echo(daemon.locationStr)).rejects.toThrow('calls or clean-ups of 2 clients of it that have gone still run');
    await eventually(() => {
      for (const end of Thing.ends.splice(0)) end();
      return daemon.connections.length === 0;
    }, 'all calls');
    const each = Array.from({ length: 500 }, (_, index) => index);
    expect(Thing.jobs.toSorted((one, other) => one - other)).toEqual(each.flatMap((index) => [index, index]));
    expect(Thing.abortedJobs).toBe(0);
    expect(await echo(daemon.locationStr)).toBe('right');
  },
  3 * LONG_MS,
);

/** The time limit that ends each phase of a client that stands still. */
const LIMITS = {
  handshake: { handshakeTimeoutMs: 1_000 },
  sending: { frameTimeoutMs: 1_000 },
  reading: { writeTimeoutMs: 1_000 },
  running: { callTimeoutMs: 1_000, idleTimeoutMs: 1_000 },
  streaming: { idleTimeoutMs: 1_000, streamLingerMs: 50, housekeepingIntervalMs: 20 },
} as const;

describe('a Python client that stands still', () => {
  it.each(Object.keys(LIMITS) as (keyof typeof LIMITS)[])(
    'a Python client that stands still is disconnected, and other clients are served meanwhile (%s)',
    async (phase) => {
      const { server } = await serve({ providers: [Thing] }, LIMITS[phase]);
      const daemon = daemonOf(server);
      const client = await clientIn(phase, daemon.locationStr);
      await stopProcess(client.pid);
      expect(await echo(daemon.locationStr)).toBe('right');
      await untilNothingIsHeld(daemon);
    },
    2 * LONG_MS,
  );

  it.each(['sending', 'reading', 'running', 'streaming'] as const)(
    'a Python client is disconnected when the network drops everything in both directions (%s)',
    async (phase) => {
      const { server } = await serve({ providers: [Thing] }, LIMITS[phase]);
      const daemon = daemonOf(server);
      const relay = await Relay.start(daemon.locationStr);
      closeAfter(() => relay.close());
      await clientIn(phase, relay.location);
      relay.fallSilent();
      expect(await echo(daemon.locationStr)).toBe('right');
      await untilNothingIsHeld(daemon);
    },
    2 * LONG_MS,
  );
});
