import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  ClassRegistry,
  expose,
  kwargs,
  PyroDaemon,
  PyroProxy,
  type PyroProxyOptions,
  type RemoteObject,
  SerializedBlob,
} from '../../../../lib/core.js';

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

/** What the other program serves. */
class Server {
  kept: unknown;

  async keep(given: RemoteObject<Listener>): Promise<void> {
    this.kept = given;
  }
  async call(given: RemoteObject<Listener>, named: { listener?: RemoteObject<Listener> } = {}): Promise<number> {
    return (named.listener ?? given).hear('called');
  }
  slow(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, 200));
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

describe('an object of ours that is passed in a call', () => {
  let ours: PyroDaemon;
  let server: Server;
  let uri: string;
  const listener = new Listener();
  /** As TypeScript sees it over there. */
  const passed = listener as object as RemoteObject<Listener>;

  beforeEach(async () => {
    ours = await PyroDaemon.listen({ host: '127.0.0.1' });
    const theirs = await PyroDaemon.listen({ host: '127.0.0.1' });
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

  it('travels as a proxy, and is served as long as the connection lasts', async () => {
    const proxy = await connect();
    expect(await proxy.call(passed)).toBe(1);
    await proxy.keep(passed);
    expect(ours.objectCount).toBe(2);
    expect(await callKept()).toBe(2);
    await proxy.$release();
    expect(isServed()).toBe(false);
    await expect(callKept()).rejects.toThrow('unknown object');
  });

  it('also among keyword arguments, in batches and in blobs', async () => {
    const proxy = await connect();
    await proxy.$call('call', null, kwargs({ named: { listener } }));
    await proxy.$batch((batch) => batch.call(passed));
    expect(listener.heard).toEqual(['called', 'called']);
    await proxy.$call('blob', SerializedBlob.of('info', [listener]));
    expect(await callKept()).toBe(3);
    expect(ours.objectCount).toBe(2);
  });

  it('is served until the last of several connections ends', async () => {
    const [one, two] = [await connect(), await connect()];
    await Promise.all([one.keep(passed), two.keep(passed)]);
    expect(ours.objectCount).toBe(2);
    await one.$release();
    expect(await callKept()).toBe(1);
    await two.$release();
    expect(isServed()).toBe(false);
  });

  it('is served no more when the connection broke or was dropped', async () => {
    const proxy = await connect();
    await proxy.keep(passed);
    await expect(proxy.$with({ callTimeoutMs: 20 }).slow()).rejects.toMatchObject({ code: 'TIMEOUT' });
    expect(isServed()).toBe(false);
    expect(await proxy.call(passed)).toBe(1);
    expect(isServed()).toBe(true);
  });

  it('stays served while a lease is held, or when it was registered', async () => {
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

  it('is left to an explicit lease that holds when it is passed', async () => {
    const proxy = await connect();
    const lease = ours.lease(listener);
    await proxy.keep(passed);
    lease.release();
    expect(isServed()).toBe(false);
    await expect(callKept()).rejects.toThrow('unknown object');
  });

  it('is a value when it exposes nothing, or nobody is there to serve it', async () => {
    const proxy = await connect();
    await proxy.$call('keep', new Bare());
    expect(server.kept).toEqual({ value: 1 });
    const alone = await connect({ autoproxy: undefined });
    await alone.keep(passed);
    expect(server.kept).toEqual({ heard: [] });
    expect(isServed()).toBe(false);
  });

  it('cannot be passed before the daemon listens that shall serve it', async () => {
    const proxy = await connect({ autoproxy: new PyroDaemon() });
    await expect(proxy.keep(passed)).rejects.toMatchObject({
      sent: false,
      message: expect.stringContaining('does not listen yet'),
    });
  });

  it('is a value when its class has a converter', async () => {
    const classes = new ClassRegistry();
    classes.registerClass(Listener, { name: 'lab.Listener', toDict: ({ heard }) => ({ heard }) });
    const proxy = await connect({ classes });
    await expect(proxy.call(passed)).rejects.toThrow('lab.Listener');
    expect(isServed()).toBe(false);
    ours.register(listener, 'listener');
    expect(await proxy.call(passed)).toBe(1);
  });
});
