import { afterEach, describe, expect, it } from 'vitest';
import { PyroError, PyroProxy, type PyroProxyOptions, type RemoteObject } from '../../../lib/core.js';
import { PythonServer } from '../../interop/client/python-server.js';
import type { Thing } from '../../interop/client/thing.js';
import { Relay } from '../../relay.js';

/** Long enough for the busiest machine. */
const LONG_MS = 60_000;
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A server of Pyro5 behind a relay: clients find it again after it was restarted. */
async function serve(
  options: PyroProxyOptions = {},
): Promise<{ server: PythonServer; relay: Relay; thing: RemoteObject<Thing> }> {
  const server = await PythonServer.start('thread');
  const relay = await Relay.start(server.location);
  const thing = PyroProxy.to<Thing>(`PYRO:thing@${relay.location}`, { maxRetries: 0, callTimeoutMs: LONG_MS, ...options });
  cleanups.push(
    () => relay.close(),
    () => server.kill(),
    () => thing.$release(),
  );
  return { server, relay, thing };
}

async function restart(relay: Relay): Promise<void> {
  const server = await PythonServer.start('thread');
  cleanups.push(() => server.kill());
  relay.target = server.location;
}

async function failureOf(work: Promise<unknown>): Promise<PyroError> {
  const error = await work.then(
    () => undefined,
    (failure: unknown) => failure,
  );
  expect(error).toBeInstanceOf(PyroError);
  return error as PyroError;
}

const LARGE = 'x'.repeat(30_000_000);

describe('a server of Pyro5 that is killed', () => {
  it('a server that is killed during the handshake: the call was not sent', async () => {
    const { server, relay, thing } = await serve({ handshake: 'slow', connectTimeoutMs: LONG_MS });
    const failure = failureOf(thing.echo(1));
    await expect.poll(() => relay.connections, { timeout: LONG_MS }).toBe(1);
    await server.kill();
    expect(await failure).toMatchObject({ code: 'CONNECTION_CLOSED', sent: false });
  });

  it.each<[string, (thing: RemoteObject<Thing>) => Promise<unknown>]>([
    ['while a large call is being sent', (thing) => thing.echo(LARGE) as Promise<unknown>],
    ['while the call runs', (thing) => thing.slow(30) as Promise<unknown>],
    ['while a batch runs', (thing) => thing.$batch((batch) => batch.slow(30))],
  ])(
    'a server that is killed %s: the call may have run, and the restarted server answers the next call',
    async (_, call) => {
      const { server, relay, thing } = await serve();
      await thing.$connect();
      const before = relay.sentBytes;
      const failure = failureOf(call(thing));
      await expect.poll(() => relay.sentBytes, { timeout: LONG_MS }).toBeGreaterThan(before);
      await server.kill();
      expect(await failure).toMatchObject({ code: 'CONNECTION_CLOSED', sent: true });
      await restart(relay);
      expect(await thing.add(1)).toBe(11);
    },
    2 * LONG_MS,
  );

  it(
    'a server that is killed between the items of a stream: the stream fails, and the proxy goes on with the restarted server',
    async () => {
      const { server, relay, thing } = await serve();
      const stream = await thing.numbers(1_000);
      expect((await stream.next()).value).toBe(1);
      await server.kill();
      expect(await failureOf(stream.next())).toMatchObject({ code: expect.stringMatching(/CONNECTION_CLOSED|COMMUNICATION/) });
      await restart(relay);
      expect((await stream.next().catch((error: Error) => error)) as Error).toMatchObject({
        message: expect.stringContaining('item stream terminated'),
      });
      // as often as it is asked, as Python's iterator
      expect(await failureOf(stream.next())).toMatchObject({ message: expect.stringContaining('item stream terminated') });
      expect(await thing.add(1)).toBe(11);
    },
    2 * LONG_MS,
  );
});

it(
  'a connection that is reset in the middle of a reply fails its call, and the next one is answered',
  async () => {
    const { relay, thing } = await serve();
    await thing.$connect();
    relay.cutAfter(1_000_000);
    expect(await failureOf(thing.big(20_000_000) as unknown as Promise<unknown>)).toMatchObject({
      code: 'CONNECTION_CLOSED',
      sent: true,
    });
    expect(await thing.add(1)).toBe(11);
  },
  2 * LONG_MS,
);

it(
  'a stream whose connection is reset goes on over a new one, with no item lost or twice',
  async () => {
    const { relay, thing } = await serve({ maxRetries: 5 });
    const stream = await thing.numbers(30);
    const items: number[] = [];
    for await (const item of stream) {
      items.push(item);
      // between two items: an item that was on its way is lost with its connection, as in Pyro5
      if (item % 10 === 0) {
        relay.cut('reset');
        await expect.poll(() => thing.$connected, { timeout: LONG_MS }).toBe(false);
      }
    }
    expect(items).toEqual(Array.from({ length: 30 }, (_, index) => index + 1));
  },
  2 * LONG_MS,
);

it(
  'a server that is silent for a time costs its calls a TimeoutError, and its late answers reach no other call',
  async () => {
    const { relay, thing } = await serve();
    await thing.$connect();
    relay.fallSilent();
    const late = thing.$with({ callTimeoutMs: 300 }).echo('late') as Promise<unknown>;
    expect(await failureOf(late)).toMatchObject({ code: 'TIMEOUT', sent: true });
    relay.speak();
    for (let call = 0; call < 20; call++) expect(await thing.echo(call)).toBe(call);
  },
  2 * LONG_MS,
);
