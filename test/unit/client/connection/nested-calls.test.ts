import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expose, PyroDaemon, PyroProxy, type PyroProxyOptions, type RemoteObject } from '../../../../lib/core.js';

/** Served by the other program: calls back while it is called. */
class Server {
  running = 0;
  readonly held = new EventEmitter();
  private waiting: (() => void) | undefined;

  add(a: number, b: number): number {
    return a + b;
  }
  private kept: RemoteObject<Callee> | undefined;

  async callBack(callee: RemoteObject<Callee>, ...args: unknown[]): Promise<unknown> {
    return callee.$call('call', ...args);
  }
  keep(callee: RemoteObject<Callee>): void {
    this.kept = callee;
  }
  async callKept(): Promise<unknown> {
    return this.kept!.$call('call');
  }
  /** Returns when the test calls `release` on `held`. */
  async hold(): Promise<void> {
    this.running++;
    await new Promise<void>((resolve) => void this.held.once('release', resolve));
  }
  /** Keeps the object at once. Returns when the test calls `release` on `held`. */
  async keepSlowly(callee: RemoteObject<Callee>): Promise<void> {
    this.keep(callee);
    await this.hold();
  }
  /** Returns when two of these calls run at the same time. */
  async meet(): Promise<void> {
    if (this.waiting === undefined) await new Promise<void>((resolve) => (this.waiting = resolve));
    else this.waiting();
  }
  async slow(ms: number): Promise<number> {
    this.running++;
    await new Promise((resolve) => setTimeout(resolve, ms));
    return this.running--;
  }
  *numbers(): Generator<number> {
    for (let n = 1; n < 10; n++) yield n;
  }
}
expose(Server);

/** Served by this program: the target of the callbacks. */
class Callee {
  constructor(private readonly body: (...args: unknown[]) => unknown) {}

  call(...args: unknown[]): unknown {
    return this.body(...args);
  }
}
expose(Callee);

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

describe('nested calls: calls made while this program serves a callback', () => {
  let ours: PyroDaemon;
  let theirs: PyroDaemon;
  let object: Server;
  let proxy: RemoteObject<Server>;
  let opened: AsyncIterableIterator<number> | undefined;

  beforeEach(async () => {
    ours = await PyroDaemon.listen({ host: '127.0.0.1' });
    theirs = await PyroDaemon.listen({ host: '127.0.0.1' });
    cleanups.push(
      () => ours.close(),
      () => theirs.close(),
    );
    object = new Server();
    theirs.register(object, 'server');
    proxy = await connect();
  });

  async function connect(options: PyroProxyOptions = {}): Promise<RemoteObject<Server>> {
    const connected = await PyroProxy.connect<Server>(theirs.uriFor(object), {
      autoproxy: ours,
      callTimeoutMs: 30_000,
      ...options,
    });
    cleanups.push(() => connected.$release());
    return connected;
  }
  const callBack = (body: (...args: unknown[]) => unknown): Promise<unknown> => proxy.$call('callBack', new Callee(body));

  it('a nested call does not wait for the call that it is part of', async () => {
    const [first] = theirs.connections;
    let connections = 0;
    const result = await callBack(async () => {
      const sum = await proxy.add(1, 2);
      connections = theirs.connections.length;
      return sum;
    });
    expect(result).toBe(3);
    expect(connections).toBe(2);
    // the connection of the outer call stays, the connection of the nested call ends
    await expect.poll(() => theirs.connections).toEqual([first]);
    expect(await proxy.add(1, 1)).toBe(2);
  });

  it('nested calls may go back and forth to a depth of 16', async () => {
    const descend = (depth: number): Promise<unknown> => (depth === 0 ? proxy.add(0, 0) : callBack(() => descend(depth - 1)));
    expect(await descend(16)).toBe(0);
    await expect(descend(17)).rejects.toThrow('too many calls within calls');
    await expect.poll(() => theirs.connections).toHaveLength(1);
  });

  it('a nested call may pull a stream whose connection is busy with the outer call', async () => {
    const numbers = await proxy.numbers();
    await numbers.next();
    expect(await callBack(async () => (await numbers.next()).value)).toBe(2);
    expect((await numbers.next()).value).toBe(3);
    await numbers.return();
  });

  it('an object that is passed in a nested call is served until the other connections of the proxy end, too', async () => {
    const passed = new Callee(() => 'called');
    const keep = (): Promise<unknown> => proxy.$call('keep', passed);
    await callBack(keep);
    await expect.poll(() => theirs.connections).toHaveLength(1);
    await callBack(() => callBack(keep));
    await expect.poll(() => theirs.connections).toHaveLength(1);
    expect(await proxy.callKept()).toBe('called');
    await proxy.$release();
    expect(ours.objectCount).toBe(1);
  });

  it('the connection of a nested call stays, when it alone holds an object that was passed', async () => {
    let inner: Promise<unknown> | undefined;
    const abort = new AbortController();
    const callee = new Callee(() => (inner = proxy.$call('keepSlowly', new Callee(() => 'called'))));
    const outer = proxy.$with({ signal: abort.signal }).$call('callBack', callee);
    const settled = Promise.allSettled([outer]);
    await expect.poll(() => object.running).toBe(1);
    abort.abort(new Error('enough'));
    expect(await settled).toMatchObject([{ reason: { message: 'enough' } }]);
    object.held.emit('release');
    await inner;
    await expect.poll(() => theirs.connections).toHaveLength(1);
    expect(await proxy.callKept()).toBe('called');
    expect(theirs.connections).toHaveLength(1);
  });

  it('the connection of a stream that a nested call has opened stays until the stream ends', async () => {
    await callBack(async () => {
      opened = await proxy.numbers();
    });
    const [, connection] = theirs.connections;
    expect(connection).toBeDefined();
    expect((await opened!.next()).value).toBe(1);
    expect(theirs.connections).toContain(connection);
    await opened!.return!();
    await expect.poll(() => theirs.connections).toHaveLength(1);
  });

  it('a nested call takes a free connection of the pool', async () => {
    await proxy.$release();
    proxy = await connect({ poolSize: 2 });
    await Promise.all([proxy.meet(), proxy.meet()]);
    const both = theirs.connections;
    expect(both).toHaveLength(2);
    await callBack(async () => proxy.add(1, 2));
    expect(theirs.connections).toEqual(both);
  });

  it('a nested call does not wait for other nested calls, even when the pool and its queue are full', async () => {
    await proxy.$release();
    proxy = await connect({ poolSize: 3 });
    const numbers = Array.from({ length: 30 }, (_, n) => n);
    const sums = numbers.map((n) => callBack(async () => proxy.add(n, 1)));
    expect(await Promise.all(sums)).toEqual(numbers.map((n) => n + 1));
    await expect.poll(() => theirs.connections).toHaveLength(3);
  });

  it('a nested call fails when the proxy is released before it ends', async () => {
    const outer = callBack(async () => {
      const inner = proxy.hold();
      await expect.poll(() => object.running).toBe(1);
      const released = proxy.$release();
      await expect(inner).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
      await released;
      object.held.emit('release');
    });
    await expect(outer).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
    await expect.poll(() => theirs.connections).toEqual([]);
  });
});

it('parallel calls of one method share the connection in turn', async () => {
  const daemon = await PyroDaemon.listen({ host: '127.0.0.1' });
  cleanups.push(() => daemon.close());
  const object = new Server();
  const worker = PyroProxy.to<Server>(daemon.register(object, 'server'));
  const callee = new Callee(async () => Promise.all([worker.slow(20), worker.slow(20), worker.slow(20)]));
  await using caller = await PyroProxy.connect(daemon.register(callee, 'callee'));
  cleanups.push(() => worker.$release());
  expect(await caller.$call('call')).toEqual([1, 1, 1]);
  await caller.$batch((batch) => {
    batch['call']!();
    batch['call']!();
  });
  expect(daemon.connections).toHaveLength(2);
});
