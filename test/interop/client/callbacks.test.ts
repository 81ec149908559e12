import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Autoproxy } from '../../../lib/client/proxy-options.js';
import type { RemoteObject } from '../../../lib/client/remote-object.js';
import { expose, PyroDaemon } from '../../../lib/core.js';
import { PyroProxy } from '../../../lib/naming/pyro-proxy.js';
import { PythonServer } from './python-server.js';
import type { Thing } from './thing.js';

class Listener {
  readonly heard: unknown[] = [];
  thing: RemoteObject<Thing> | undefined;

  call(...values: unknown[]): unknown {
    this.heard.push(values);
    return values.length;
  }
}
expose(Listener);

/** Calls the one who called it. */
class Echo {
  constructor(private readonly thing: RemoteObject<Thing>) {}

  async call(value: unknown): Promise<unknown> {
    return [await this.thing.echo(value), await this.thing.correlation()];
  }
}
expose(Echo);

/** Calls the proxy it is given. */
class Caller {
  async call(proxy: RemoteObject<Thing>): Promise<unknown> {
    return proxy.add(1, 2);
  }
}
expose(Caller);

describe('callbacks', () => {
  let server: PythonServer;
  let daemon: PyroDaemon;
  let thing: RemoteObject<Thing>;
  const listener = new Listener();
  const served = new Set<object>([listener]);
  const autoproxy: Autoproxy = { referenceFor: (value) => (served.has(value) ? daemon.proxyFor(value) : undefined) };

  beforeAll(async () => {
    server = await PythonServer.start('thread');
    daemon = await PyroDaemon.listen({ host: '127.0.0.1' });
    daemon.register(listener, 'listener');
    thing = await PyroProxy.connect<Thing>(server.uri('thing'), { poolSize: 2, callTimeoutMs: 5_000, autoproxy });
  });
  afterAll(async () => {
    await thing.$release();
    await Promise.all([daemon.close(), server.kill()]);
  });
  beforeEach(() => {
    listener.heard.length = 0;
  });

  it('reach an object of ours that was passed to Python', async () => {
    expect(await thing.call_back(listener, 1, 'two')).toBe(2);
    expect(listener.heard).toEqual([[1, 'two']]);
    const [uri, , methods] = await thing.proxy_state(listener);
    expect([uri, methods]).toEqual([`PYRO:listener@${daemon.locationStr}`, ['call']]);
  });

  it('may call the caller during a call, which keeps its correlation id', async () => {
    const echo = new Echo(thing);
    served.add(echo);
    daemon.register(echo, 'echo');
    const [value, correlation] = (await thing.call_back(echo, 'there and back')) as [unknown, string];
    expect(value).toBe('there and back');
    expect(correlation).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4/);
  });

  it('may be given proxies of Python, which connect to where they came from', async () => {
    const caller = new Caller();
    served.add(caller);
    daemon.register(caller, 'caller');
    const own = await thing.self_proxy();
    expect(await thing.call_back(caller, own)).toBe(3);
  });

  it('may not be lured elsewhere', async () => {
    const caller = new Caller();
    served.add(caller);
    daemon.register(caller, 'lured');
    const reference = PyroProxy.to<Thing>('PYRO:thing@192.0.2.1:9');
    await expect(thing.call_back(caller, reference)).rejects.toMatchObject({
      pythonType: 'Pyro5.errors.SecurityError',
      message: expect.stringContaining('receivedProxies'),
    });
  });
});
