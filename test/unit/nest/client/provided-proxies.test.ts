import { afterEach, expect, it } from 'vitest';
import {
  expose,
  ProxyReference,
  PyroDaemon,
  PyroProxy,
  PyroUri,
  type RemoteObject,
  type RemoteStream,
} from '../../../../lib/core.js';
import { ProvidedProxies } from '../../../../lib/nest/client/provided-proxies.js';
import { collectUntil } from '../../../garbage-collection.js';

class Lamp {
  light(): string {
    return 'on';
  }
  *watts(): Generator<number> {
    yield* [1, 2, 3];
  }
}
expose(Lamp, 'light', 'watts');

class Board {
  subscribe(listener: unknown): boolean {
    return listener !== undefined;
  }
}
expose(Board, 'subscribe');

class Listener {}

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Provided {
  daemon: PyroDaemon;
  provided: ProvidedProxies;
  /** Makes a proxy, as a factory of Nest does. */
  provide(): RemoteObject<Lamp>;
}

async function start(): Promise<Provided> {
  const daemon = await PyroDaemon.listen({ host: '127.0.0.1' });
  cleanups.push(() => daemon.close());
  const uri = daemon.register(new Lamp());
  const provided = new ProvidedProxies();
  const provide = (): RemoteObject<Lamp> => {
    const proxy = PyroProxy.to<Lamp>(uri);
    provided.add(proxy);
    return proxy;
  };
  return { daemon, provided, provide };
}

/** Calls proxies that are dropped after the call. */
async function useDropped(provide: () => RemoteObject<Lamp>, end: (lamp: RemoteObject<Lamp>) => unknown): Promise<void> {
  for (let request = 0; request < 5; request++) {
    const lamp = provide();
    await lamp.light();
    await end(lamp);
  }
}

it('dropped proxies are forgotten, and their connections are closed', async () => {
  const { daemon, provided, provide } = await start();
  await useDropped(provide, () => undefined);
  await collectUntil(() => provided.size === 0 && daemon.connections.length === 0);
  expect(daemon.connections).toEqual([]);
});

it('proxies that were released and dropped are forgotten', async () => {
  const { provided, provide } = await start();
  await useDropped(provide, (lamp) => lamp.$release());
  await collectUntil(() => provided.size === 0);
  expect(provided.size).toBe(0);
});

/** Things that a program may keep of a proxy. Every function uses the proxy once, and gives what goes on using it. */
const kept: Record<string, (lamp: RemoteObject<Lamp>) => Promise<() => Promise<unknown>>> = {
  'a proxy': async (lamp) => {
    await lamp.light();
    return () => lamp.light();
  },
  'a proxy that was released, and connected again': async (lamp) => {
    await lamp.$release();
    await lamp.$connect();
    return () => lamp.light();
  },
  'a method': async ({ light }) => {
    await light();
    return light;
  },
  'a proxy of $with': async (lamp) => {
    const own = lamp.$with({ callTimeoutMs: 10_000 });
    await own.light();
    return () => own.light();
  },
  'a stream': async (lamp) => {
    const stream: RemoteStream<number> = await lamp.watts();
    await stream.next();
    return () => stream.next();
  },
};

it.each(Object.entries(kept))('%s that the program has is released at the end', async (_, keep) => {
  const { daemon, provided, provide } = await start();
  const goOn = await keep(provide());
  await useDropped(provide, () => undefined);
  await collectUntil(() => provided.size === 1 && daemon.connections.length === 1);
  await goOn();
  await provided.release();
  await expect.poll(() => daemon.connections).toEqual([]);
  await expect(goOn()).rejects.toThrow('the proxy was released');
});

/** A remote object per request: it passes an object of the program, and is dropped. */
async function subscribeDropped(uri: PyroUri, provided: ProvidedProxies, ended: () => void): Promise<void> {
  const reference = new ProxyReference(new PyroUri('PYRO:listener@127.0.0.1:1'), new Set(), new Set(), new Set());
  const leaseFor = (value: object) => (value instanceof Listener ? { reference, release: ended } : undefined);
  const board = PyroProxy.to<Board>(uri, { autoproxy: { referenceFor: () => undefined, leaseFor } });
  provided.add(board);
  expect(await board.subscribe(new Listener())).toBe(true);
}

it('connections that dropped proxies have left open, since objects of the program are leased over them, are closed at the end', async () => {
  const { daemon, provided } = await start();
  const uri = daemon.register(new Board());
  let endedLeases = 0;
  for (let request = 0; request < 3; request++) await subscribeDropped(uri, provided, () => endedLeases++);
  await collectUntil(() => provided.size === 0);
  expect(provided.leftOpen).toBe(3);
  expect([daemon.connections.length, endedLeases]).toEqual([3, 0]);
  await provided.release();
  expect(endedLeases).toBe(3);
  await expect.poll(() => daemon.connections).toEqual([]);
});

it('what dropped proxies have left open is forgotten when its connections have ended', async () => {
  const { daemon, provided } = await start();
  const uri = daemon.register(new Board());
  let endedLeases = 0;
  for (let request = 0; request < 5; request++) await subscribeDropped(uri, provided, () => endedLeases++);
  await collectUntil(() => provided.size === 0);
  for (const connection of daemon.connections) connection.close();
  await expect.poll(() => endedLeases).toBe(5);
  // V8 may keep what was used last
  await collectUntil(() => provided.leftOpen <= 1);
});
