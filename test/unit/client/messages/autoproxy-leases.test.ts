import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  ClassRegistry,
  expose,
  kwargs,
  PyroDaemon,
  PyroProxy,
  type PyroProxyOptions,
  registerClass,
  type RemoteObject,
  SerializedBlob,
} from '../../../../lib/core.js';
import { defaultClassRegistry } from '../../../../lib/serializers/contract/class-registry.js';
import { collectUntil } from '../../../garbage-collection.js';

class Listener {
  readonly heard: unknown[] = [];

  hear(value: unknown): number {
    return this.heard.push(value);
  }
}
expose(Listener, 'hear');

class Bare {
  readonly value = 1;
}

/** Served by the other program: keeps the objects that it is passed. */
class Server {
  kept: unknown;

  async keep(given: RemoteObject<Listener>): Promise<void> {
    this.kept = given;
  }
  async call(given: RemoteObject<Listener>, named: { listener?: RemoteObject<Listener> } = {}): Promise<number> {
    return (named.listener ?? given).hear('called');
  }
  hang(): Promise<void> {
    return new Promise(() => undefined);
  }
  blob(blob: SerializedBlob): void {
    [this.kept] = blob.deserialized();
  }
}
expose(Server);

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

describe('an object that is passed in a call, registered for the connection', () => {
  let ours: PyroDaemon;
  let theirs: PyroDaemon;
  let server: Server;
  let uri: string;
  const listener = new Listener();
  /** The listener, typed as the other program sees it: a proxy. */
  const passed = listener as object as RemoteObject<Listener>;

  beforeEach(async () => {
    ours = await PyroDaemon.listen({ host: '127.0.0.1' });
    theirs = await PyroDaemon.listen({ host: '127.0.0.1' });
    cleanups.push(
      () => ours.close(),
      () => theirs.close(),
    );
    server = new Server();
    uri = String(theirs.register(server, 'server'));
    listener.heard.length = 0;
  });

  async function connect(options: PyroProxyOptions = {}): Promise<RemoteObject<Server>> {
    const proxy = await PyroProxy.connect<Server>(uri, { autoproxy: ours, ...options });
    cleanups.push(() => proxy.$release());
    return proxy;
  }
  const callKept = (): Promise<unknown> => (server.kept as RemoteObject<Listener>).hear('kept');
  const isServed = (): boolean => ours.objectCount > 1;

  it('an object passed in a call travels as a proxy and is served until the connection ends', async () => {
    const proxy = await connect();
    expect(await proxy.call(passed)).toBe(1);
    await proxy.keep(passed);
    expect(ours.objectCount).toBe(2);
    expect(await callKept()).toBe(2);
    await proxy.$release();
    expect(isServed()).toBe(false);
    await expect(callKept()).rejects.toThrow('unknown object');
  });

  it('objects passed as keyword arguments, in batches and in blobs are served', async () => {
    const proxy = await connect();
    await proxy.$call('call', null, kwargs({ named: { listener } }));
    await proxy.$batch((batch) => batch.call(passed));
    expect(listener.heard).toEqual(['called', 'called']);
    await proxy.$call('blob', SerializedBlob.of('info', [listener]));
    expect(await callKept()).toBe(3);
    expect(ours.objectCount).toBe(2);
  });

  it('an object is leased, too, after an argument whose converter makes another call', async () => {
    class Point {}
    const calls: Promise<unknown>[] = [];
    const proxy = await connect({ poolSize: 2 });
    const toDict = (): Record<string, unknown> => ({ number: calls.push(proxy.call(passed)) });
    registerClass(Point, { name: 'lab.Point', toDict, fromDict: () => new Point() });
    cleanups.push(() => defaultClassRegistry.unregisterClass(Point));
    // the call of the converter finds an open connection
    await Promise.all([proxy.call(passed), proxy.call(passed)]);
    const other = new Listener();
    await proxy.$call('call', null, kwargs({ named: { point: new Point(), listener: other } }));
    await Promise.all(calls);
    expect(other.heard).toEqual(['called']);
    expect(listener.heard).toHaveLength(3);
    await proxy.$release();
    expect(isServed()).toBe(false);
  });

  it('an object passed over several connections is served until the last of them ends', async () => {
    const [one, two] = [await connect(), await connect()];
    await Promise.all([one.keep(passed), two.keep(passed)]);
    expect(ours.objectCount).toBe(2);
    await one.$release();
    expect(await callKept()).toBe(1);
    await two.$release();
    expect(isServed()).toBe(false);
  });

  it('a passed object is served no longer when its connection breaks or is dropped', async () => {
    const proxy = await connect();
    await proxy.keep(passed);
    await expect(proxy.$with({ callTimeoutMs: 20 }).hang()).rejects.toMatchObject({ code: 'TIMEOUT' });
    expect(isServed()).toBe(false);
    expect(await proxy.call(passed)).toBe(1);
    expect(isServed()).toBe(true);
  });

  it('a connection over which an object was passed is neither idle nor closed by the garbage collector', async () => {
    const pass = async (): Promise<void> =>
      (await PyroProxy.connect<Server>(uri, { autoproxy: ours, idleTimeoutMs: 20 })).keep(passed);
    await pass();
    const bystander = async (): Promise<void> => void (await PyroProxy.connect(uri));
    await bystander();
    expect(theirs.connections).toHaveLength(2);
    await collectUntil(() => theirs.connections.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(await callKept()).toBe(1);
  });

  it('a passed object is served while another lease is held, or when it was registered', async () => {
    const proxy = await connect();
    const lease = ours.lease(listener);
    await proxy.keep(passed);
    await proxy.$release();
    expect(await callKept()).toBe(1);
    lease.release();
    expect(isServed()).toBe(false);
    ours.register(listener, 'listener');
    await (await connect()).keep(passed);
    await proxy.$release();
    expect(await callKept()).toBe(2);
    expect(String(ours.uriFor(listener))).toContain('PYRO:listener@');
  });

  it('an explicit lease that is held when an object is passed decides how long the object is served', async () => {
    const proxy = await connect();
    const lease = ours.lease(listener);
    await proxy.keep(passed);
    lease.release();
    expect(isServed()).toBe(false);
    await expect(callKept()).rejects.toThrow('unknown object');
  });

  it('an object is sent as a value when it exposes nothing or no daemon can serve it', async () => {
    const proxy = await connect();
    await proxy.$call('keep', new Bare());
    expect(server.kept).toEqual({ value: 1 });
    const alone = await connect({ autoproxy: undefined });
    await alone.keep(passed);
    expect(server.kept).toEqual({ heard: [] });
    expect(isServed()).toBe(false);
  });

  it('a proxy refuses to pass an object before the daemon that serves it listens', async () => {
    const proxy = await connect({ autoproxy: new PyroDaemon() });
    await expect(proxy.keep(passed)).rejects.toMatchObject({
      sent: false,
      message: expect.stringContaining('does not listen yet'),
    });
  });

  it('an object is sent as a value when its class has a converter', async () => {
    const classes = new ClassRegistry();
    classes.registerClass(Listener, { name: 'lab.Listener', toDict: ({ heard }) => ({ heard }) });
    const proxy = await connect({ classes });
    await expect(proxy.call(passed)).rejects.toThrow('lab.Listener');
    expect(isServed()).toBe(false);
    ours.register(listener, 'listener');
    expect(await proxy.call(passed)).toBe(1);
  });
});
