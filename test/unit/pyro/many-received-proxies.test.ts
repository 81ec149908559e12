import { afterEach, describe, expect, it, vi } from 'vitest';
import { HANDLE } from '../../../lib/client/proxy/proxy-traps.js';
import {
  expose,
  PyroDaemon,
  PyroProxy,
  type PyroProxyOptions,
  PyroUri,
  ProxyReference,
  type RemoteObject,
  SERIALIZER_IDS,
  type SerializerName,
} from '../../../lib/core.js';

const MANY = 2_000;
const SERIALIZERS = Object.keys(SERIALIZER_IDS) as SerializerName[];

const reference = (object: string, methods: string[] = [], serializer?: string): ProxyReference =>
  new ProxyReference(new PyroUri(`PYRO:${object}@127.0.0.1:1`), new Set(), new Set(methods), new Set(), 'sent along', serializer);

class Passer {
  got: RemoteObject[] = [];

  give(count: number): ProxyReference[] {
    return Array.from({ length: count }, (_, index) => reference(`o${index}`));
  }
  take(proxies: RemoteObject[]): number {
    this.got = proxies;
    return proxies.length;
  }
  giveBack(): RemoteObject[] {
    return this.got;
  }
  self(): Passer {
    return this;
  }
}
expose(Passer, 'give', 'take', 'giveBack', 'self');

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Options in which each check and each copy of their certificates is counted. */
function countedOptions(): { options: PyroProxyOptions; readsOfTls: () => number } {
  let reads = 0;
  const tls = new Proxy({ ca: 'a certificate' }, { ownKeys: (target) => (reads++, Reflect.ownKeys(target)) });
  return { options: { nameServer: { host: 'names', tls } }, readsOfTls: () => reads };
}

/** The number of proxies of which connections and call runner were made: each of them is registered to be closed when it is dropped. */
function countUsed(): () => number {
  const register = vi.spyOn(FinalizationRegistry.prototype, 'register');
  return () => register.mock.calls.length;
}

async function meet(serializer: SerializerName): Promise<{
  passer: Passer;
  proxy: RemoteObject<Passer>;
  readsOfTls: { client: () => number; daemon: () => number };
}> {
  const [client, server] = [countedOptions(), countedOptions()];
  const daemon = await PyroDaemon.listen({
    host: '127.0.0.1',
    serializers: SERIALIZERS,
    receivedProxyOptions: { nameServer: server.options.nameServer },
  });
  cleanups.push(() => daemon.close());
  const passer = new Passer();
  const uri = daemon.register(passer, 'passer');
  const proxy = await PyroProxy.connect<Passer>(uri, { ...client.options, serializer });
  cleanups.push(() => proxy.$release());
  return { passer, proxy, readsOfTls: { client: client.readsOfTls, daemon: server.readsOfTls } };
}

describe.each(SERIALIZERS)('with %s', (serializer) => {
  it('options of proxies in results are resolved once, and their parts are made at first use', async () => {
    const { proxy, readsOfTls } = await meet(serializer);
    await proxy.give(1);
    const reads = readsOfTls.client();
    const used = countUsed();
    const given = (await proxy.give(MANY)) as unknown as RemoteObject[];
    expect(given).toHaveLength(MANY);
    expect(given[7]!.toString()).toBe('[PyroProxy PYRO:o7@127.0.0.1:1]');
    expect(readsOfTls.client()).toBe(reads);
    expect(used()).toBe(0);
  });

  it('options of proxies in requests are resolved once, and their parts are made at first use', async () => {
    const { proxy, passer, readsOfTls } = await meet(serializer);
    const references = passer.give(MANY) as object[] as RemoteObject[];
    await proxy.take(references.slice(0, 1));
    const reads = readsOfTls.daemon();
    const used = countUsed();
    expect(await proxy.take(references)).toBe(MANY);
    expect(passer.got[0]).toBeInstanceOf(PyroProxy);
    expect(readsOfTls.daemon()).toBe(reads);
    expect(used()).toBe(0);
  });
});

describe('a received proxy that was not used', () => {
  const received = (given = reference('o', ['m'], 'json')): RemoteObject =>
    PyroProxy.from(given, { sender: { remoteAddress: '127.0.0.1:1' }, maxRetries: 0 });

  it('a received proxy that was not used tells its URI, members, connection and pool without making the parts of a call', async () => {
    const proxy = received();
    const used = countUsed();
    expect(proxy.$uri.toString()).toBe('PYRO:o@127.0.0.1:1');
    expect(proxy.$metadata!.methods).toEqual(new Set(['m']));
    expect('m' in proxy).toBe(true);
    expect('other' in proxy).toBe(false);
    expect(proxy['other']).toBeUndefined();
    expect(proxy.$connected).toBe(false);
    expect(proxy.$pool).toEqual({ connections: 0, busy: 0, waiting: 0 });
    expect(proxy.$with({ callTimeoutMs: 5 }).$uri).toBe(proxy.$uri);
    expect(await Promise.resolve(proxy)).toBe(proxy);
    expect(used()).toBe(0);
    expect(proxy[HANDLE].core.calls).toBe(proxy.$with({})[HANDLE].core.calls);
    expect(used()).toBe(1);
  });

  it('a received proxy that was not used is passed on with its members and serializer, and without its handshake data', async () => {
    const { proxy, passer } = await meet('serpent');
    const given = reference('o', ['m'], 'json') as object as RemoteObject;
    await proxy.take([given]);
    const used = countUsed();
    const [back] = (await proxy.giveBack()) as unknown as RemoteObject[];
    expect(used()).toBe(0);
    expect(back![HANDLE].core.reference.toState()).toEqual(['PYRO:o@127.0.0.1:1', [], ['m'], [], 'hello', 'json']);
    expect(passer.got[0]![HANDLE].core.reference.serializer).toBe('json');
  });

  it('a received proxy that was not used is released without making the parts of a call, and takes no calls until it connects again', async () => {
    const daemon = await PyroDaemon.listen({ host: '127.0.0.1' });
    cleanups.push(() => daemon.close());
    const uri = daemon.register(new Passer(), 'passer');
    const proxy = PyroProxy.from<Passer>(new ProxyReference(uri), { sender: { remoteAddress: daemon.locationStr } });
    const used = countUsed();
    await proxy.$release();
    expect(used()).toBe(0);
    await expect(proxy.give(0)).rejects.toThrow('released');
    await proxy.$connect();
    expect(await proxy.give(0)).toEqual([]);
    await proxy.$release();
    await expect(proxy.give(0)).rejects.toThrow('released');
  });

  it('a received proxy gives proxies in its own results that may call its server', async () => {
    const daemon = await PyroDaemon.listen({ host: '127.0.0.1' });
    cleanups.push(() => daemon.close());
    const uri = daemon.register(new Passer(), 'passer');
    await using proxy = PyroProxy.from<Passer>(new ProxyReference(uri), { sender: { remoteAddress: daemon.locationStr } });
    const again = (await proxy.self()) as unknown as RemoteObject<Passer>;
    expect(await again.give(0)).toEqual([]);
  });
});
