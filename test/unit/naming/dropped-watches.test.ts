import { afterEach, describe, expect, it } from 'vitest';
import {
  expose,
  locateNameServer,
  PyroDaemon,
  type PyroNameServer,
  PyroProxy,
  type RemoteStream,
  startNameServer,
} from '../../../lib/core.js';
import { collectUntil } from '../../garbage-collection.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(): Promise<{ server: PyroNameServer; address: { host: string; port: number } }> {
  const server = await startNameServer({ host: '127.0.0.1', port: 0 });
  cleanups.push(() => server.close());
  return { server, address: { host: '127.0.0.1', port: server.uri.port! } };
}

/** A signal as that of an application: it lives on, and nothing aborts it. */
const application = new AbortController();

class Counter {
  closed = 0;
  *numbers(): Iterable<number> {
    try {
      yield 1;
      yield 2;
    } finally {
      this.closed += 1;
    }
  }
}
expose(Counter);

describe('what was dropped is closed by the garbage collector', () => {
  it.each([
    ['', {}],
    [' with a signal that lives on', { signal: application.signal }],
  ])('a watch that is read by hand and dropped%s is closed by the garbage collector', async (_, options) => {
    const { server, address } = await start();
    const watch = async (): Promise<void> => {
      const names = await locateNameServer(address);
      expect((await names.watch(options).next()).value).toMatchObject({ name: 'Pyro.NameServer' });
      await names.release();
    };
    await watch();
    await collectUntil(() => server.daemon.connections.length === 0);
  });

  it('a dropped proxy whose release is a listener of its own signal is closed by the garbage collector', async () => {
    const { server } = await start();
    const connect = async (): Promise<void> => {
      const { signal } = new AbortController();
      const proxy = PyroProxy.to(server.uri, { signal });
      signal.addEventListener('abort', () => void proxy.$release());
      expect((await proxy.$connect()).$connected).toBe(true);
    };
    await connect();
    await collectUntil(() => server.daemon.connections.length === 0);
  });

  it('a dropped proxy whose release is a listener of the signal of its name server is closed by the garbage collector', async () => {
    const { server, address } = await start();
    const connect = async (): Promise<void> => {
      const { signal } = new AbortController();
      const nameServer = { ...address, signal };
      const proxy = PyroProxy.to('PYRONAME:Pyro.NameServer', { nameServer });
      signal.addEventListener('abort', () => void proxy.$release());
      expect((await proxy.$connect()).$connected).toBe(true);
    };
    await connect();
    await collectUntil(() => server.daemon.connections.length === 0);
  });

  it('a dropped stream whose end is a listener of the signal of its call is closed by the garbage collector', async () => {
    const daemon = await PyroDaemon.listen({ host: '127.0.0.1', port: 0 });
    cleanups.push(() => daemon.close());
    const counter = new Counter();
    const proxy = PyroProxy.to(daemon.register(counter));
    cleanups.push(() => proxy.$release());
    const read = async (): Promise<void> => {
      const { signal } = new AbortController();
      const numbers = (await proxy.$with({ signal }).$call('numbers')) as RemoteStream;
      signal.addEventListener('abort', () => void numbers.return());
      expect(await numbers.next()).toMatchObject({ value: 1 });
    };
    await read();
    await collectUntil(() => counter.closed === 1);
  });
});
