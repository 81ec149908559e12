import { afterEach, expect, it } from 'vitest';
import { expose, PyroDaemon, PyroProxy, type RemoteObject, type RemoteStream } from '../../../../lib/core.js';
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

/** Calls proxies that are dropped behind the call. */
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

/** What a program may keep of a proxy. Each uses the proxy once, and gives what goes on using it. */
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
