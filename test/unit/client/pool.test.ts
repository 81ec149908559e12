import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { PyroProxyOptions } from '../../../lib/client/options/proxy-options.js';
import type { RemoteObject } from '../../../lib/client/proxy/remote-proxy.js';
import { behavior, expose, PyroDaemon, SecurityError } from '../../../lib/core.js';
import { PyroProxy } from '../../../lib/pyro/pyro-proxy.js';

let running = 0;
let most = 0;
const meeting: (() => void)[] = [];
const log: unknown[] = [];
let releaseHeld: () => void;
let held: Promise<void>;

class Worker {
  async work(ms: number, value: unknown = null): Promise<unknown> {
    most = Math.max(most, ++running);
    await sleep(ms);
    running--;
    log.push(value);
    return value;
  }
  /** Returns when `count` of these calls run at the same time. */
  async meet(count: number): Promise<void> {
    most = Math.max(most, ++running);
    if (running === count) for (const leave of meeting.splice(0)) leave();
    else await new Promise<void>((resolve) => meeting.push(resolve));
    running--;
  }
  /** Returns when the test calls `releaseHeld`. */
  async hold(value: unknown = null): Promise<unknown> {
    await held;
    return value;
  }
  *items(to: number): Generator<number> {
    for (let n = 1; n <= to; n++) yield n;
  }
  refuse(): never {
    throw new SecurityError('not for you');
  }
  note(value: unknown): void {
    log.push(value);
  }
}
expose(Worker);
behavior({ instanceMode: 'single' })(Worker);

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function connect(options: PyroProxyOptions, port = 0): Promise<{ daemon: PyroDaemon; worker: RemoteObject<Worker> }> {
  running = most = log.length = meeting.length = 0;
  held = new Promise((resolve) => (releaseHeld = resolve));
  const daemon = await PyroDaemon.listen({ host: '127.0.0.1', port });
  cleanups.push(() => daemon.close());
  const uri = daemon.register(Worker, 'worker');
  const worker = PyroProxy.to<Worker>(uri, { retryDelayMs: 10, ...options });
  cleanups.push(() => worker.$release());
  return { daemon, worker };
}

describe('a pool', () => {
  it('a pool runs one call at a time by default, in order', async () => {
    const { daemon, worker } = await connect({});
    const values = [1, 2, 3, 4, 5, 6];
    expect(await Promise.all(values.map((value) => worker.work(5, value)))).toEqual(values);
    expect(log).toEqual(values);
    expect(most).toBe(1);
    expect(daemon.connections).toHaveLength(1);
  });

  it('a pool opens one connection per running call, up to poolSize', async () => {
    const { daemon, worker } = await connect({ poolSize: 10 });
    await worker.work(1);
    await worker.work(1);
    expect(daemon.connections).toHaveLength(1);
    await Promise.all(Array.from({ length: 40 }, () => worker.meet(10)));
    expect(most).toBe(10);
    expect(daemon.connections).toHaveLength(10);
  });

  it('a pool queues maxQueuedCalls calls and refuses more', async () => {
    const { worker } = await connect({ maxQueuedCalls: 2 });
    await worker.$connect();
    const results = await Promise.allSettled([1, 2, 3, 4].map((value) => worker.work(20, value)));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected']);
    expect(results[3]).toMatchObject({ reason: { code: 'COMMUNICATION', sent: false } });
    expect(String((results[3] as PromiseRejectedResult).reason)).toContain('maxQueuedCalls is 2');
  });

  it('$connect() during a running call neither opens another connection nor waits for the call', async () => {
    const { daemon, worker } = await connect({ poolSize: 3 });
    const finished: string[] = [];
    const call = worker.hold().then(() => finished.push('call'));
    await Promise.all([worker.$connect(), worker.$connect()]);
    await worker.$connect();
    finished.push('connect');
    releaseHeld();
    await call;
    expect(finished).toEqual(['connect', 'call']);
    expect(daemon.connections).toHaveLength(1);
  });

  it('concurrent $connect() calls open one connection, and events tell of its start and end', async () => {
    const told: unknown[] = [];
    const { daemon, worker } = await connect({
      poolSize: 3,
      onConnected: () => told.push('connected'),
      onDisconnected: ({ message }) => told.push(message),
    });
    await Promise.all([worker.$connect(), worker.$connect(), worker.$connect()]);
    expect(daemon.connections).toHaveLength(1);
    await Promise.all([worker.meet(2), worker.meet(2)]);
    expect(told).toEqual(['connected', 'connected']);
    daemon.connections[0]!.close();
    await expect.poll(() => told.slice(2)).toEqual([expect.stringMatching(/^connection to .* was closed$/)]);
    await worker.$release();
    expect(told.slice(3)).toEqual(['the proxy was released; $connect() takes it up again']);
  });

  it('a pool closes idle connections after idleTimeoutMs and opens new ones for later calls', async () => {
    const { daemon, worker } = await connect({ poolSize: 3, idleTimeoutMs: 250 });
    let opened = 0;
    daemon.on('connection', () => opened++);
    const longer = worker.hold('longer');
    await Promise.all([worker.meet(2), worker.meet(2)]);
    expect(opened).toBe(3);
    // a connection with a running call is not idle
    await expect.poll(() => daemon.connections).toHaveLength(1);
    releaseHeld();
    expect(await longer).toBe('longer');
    await expect.poll(() => daemon.connections).toEqual([]);
    expect(await worker.work(1, 'again')).toBe('again');
    expect(daemon.connections).toHaveLength(1);
  });

  it('the connection of an open stream is not idle, however long the reader takes for an item', async () => {
    const { daemon, worker } = await connect({ idleTimeoutMs: 50 });
    await using other = PyroProxy.to<Worker>(daemon.uriFor('worker'), { idleTimeoutMs: 50 });
    const items = await worker.items(3);
    await items.next();
    const [connection] = daemon.connections;
    for (let pause = 0; pause < 2; pause++) {
      // the connection of the other proxy is idle from now on, that of the stream was so before
      await other.work(0);
      await expect.poll(() => daemon.connections).toEqual([connection]);
    }
    expect((await items.next()).value).toBe(2);
    await items.return();
    await expect.poll(() => daemon.connections).toEqual([]);
  });

  it('a SecurityError of a daemon that keeps the connection leaves the session as it was', async () => {
    const { daemon, worker } = await connect({});
    await expect(worker.refuse()).rejects.toMatchObject({ pythonType: 'Pyro5.errors.SecurityError' });
    const [connection] = daemon.connections;
    await worker.work(0);
    expect(daemon.connections).toEqual([connection]);
  });

  it('a pool keeps a stream on the connection that opened it', async () => {
    const { worker } = await connect({ poolSize: 3 });
    const streams = await Promise.all([worker.items(20), worker.items(20), worker.items(20)]);
    const all = streams.map(async (stream) => {
      const items: number[] = [];
      for await (const item of stream) {
        items.push(item);
        await worker.work(0);
      }
      return items.length;
    });
    expect(await Promise.all(all)).toEqual([20, 20, 20]);
  });

  it('a pool runs other calls while a stream waits for its own busy connection', async () => {
    const { worker } = await connect({ poolSize: 2 });
    const stream = await worker.items(3);
    // both connections are open, and the stream's connection is busy
    const busy = Promise.all([worker.work(60, 'a'), worker.work(60, 'b')]);
    const item = stream.next();
    expect(await worker.work(1, 'c')).toBe('c');
    expect(await item).toEqual({ done: false, value: 1 });
    await busy;
  });

  it('a pool resumes a stream over a new connection', async () => {
    const { daemon, worker } = await connect({});
    const items: number[] = [];
    for await (const item of await worker.items(5)) {
      items.push(item);
      if (item === 2) {
        daemon.connections[0]!.close();
        await expect.poll(() => worker.$connected).toBe(false);
      }
    }
    expect(items).toEqual([1, 2, 3, 4, 5]);
    expect(daemon.streamCount).toBe(0);
  });

  it('every call of a pool ends in a result or a typed error while the daemon restarts', async () => {
    const { daemon, worker } = await connect({ poolSize: 4, maxRetries: 1, callTimeoutMs: 60_000 });
    const port = Number(daemon.locationStr.split(':')[1]);
    await worker.$connect();
    let current = daemon;
    const over = new AbortController();
    const outcomes: string[] = [];
    const callers = Array.from({ length: 8 }, async (_, caller) => {
      for (let n = 0; !over.signal.aborted; n++) {
        const value = `${caller}.${n}`;
        const outcome = await worker.work(1, value).then(
          (result) => (result === value ? 'right' : `wrong: ${String(result)}`),
          (error: { code?: string; sent?: boolean }) => `${error.code} ${error.sent}`,
        );
        outcomes.push(outcome);
        if (outcome === 'right') rights++;
        else await sleep(2);
      }
    });
    let rights = 0;
    const nextRight = async (): Promise<void> => {
      const before = rights;
      await expect.poll(() => rights).toBeGreaterThan(before);
    };
    for (let n = 0; n < 5; n++) {
      await nextRight();
      await current.close();
      await sleep(30);
      current = await PyroDaemon.listen({ host: '127.0.0.1', port });
      current.register(Worker, 'worker');
    }
    cleanups.push(() => current.close());
    await nextRight();
    over.abort();
    await Promise.all(callers);
    const kinds = new Set(outcomes);
    expect(kinds.has('right')).toBe(true);
    for (const kind of kinds) expect(['right', 'CONNECTION_CLOSED true', 'CONNECTION_CLOSED false']).toContain(kind);
    // a call runs at most once, whatever its outcome
    expect(new Set(log).size).toBe(log.length);
    expect(await worker.work(1, 'last')).toBe('last');
  });
});
