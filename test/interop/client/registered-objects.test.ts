import { afterEach, beforeEach, expect, it } from 'vitest';
import { expose, kwargs, PyroDaemon, PyroProxy, type RemoteObject, type SerializerName } from '../../../lib/core.js';
import { PythonServer } from './python-server.js';
import type { Thing } from './thing.js';

class Listener {
  readonly heard: unknown[] = [];
  call(value: unknown): number {
    return this.heard.push(value);
  }
}
expose(Listener, 'call');

let python: PythonServer;
let daemon: PyroDaemon;
const listener = new Listener();
const cleanups: (() => unknown)[] = [];
beforeEach(async () => {
  python = await PythonServer.start('thread');
  daemon = await PyroDaemon.listen({ host: '127.0.0.1' });
  listener.heard.length = 0;
  cleanups.push(
    () => python.kill(),
    () => daemon.close(),
  );
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function connect(options: { serializer?: SerializerName } = {}): Promise<RemoteObject<Thing>> {
  const thing = await PyroProxy.connect<Thing>(python.uri('thing'), options);
  cleanups.push(() => thing.$release());
  return thing;
}

it.each(['serpent', 'marshal', 'json', 'msgpack'] as const)(
  'an object that is registered at a daemon of this process is a proxy in every call of any proxy (%s)',
  async (serializer) => {
    const thing = await connect({ serializer });
    expect(await thing.type_name(listener)).not.toContain('Proxy');
    const uri = daemon.register(listener);
    expect(await thing.type_name(listener)).toBe('Proxy');
    const echoed = [await thing.echo(listener)];
    // Python's marshal serializer cannot write proxies inside of other values
    if (serializer !== 'marshal') {
      const [inside] = (await thing.echo([{ listener }])) as [{ listener: unknown }];
      const [, named] = await thing.named(kwargs({ listener }));
      echoed.push(inside.listener, named['listener'], (await thing.$batch((batch) => batch.echo(listener)))[0]);
    }
    for (const proxy of echoed) expect(String((proxy as RemoteObject).$uri)).toBe(String(uri));
    expect(await thing.call_back(listener, 'called')).toBe(1);
    daemon.unregister(listener);
    expect(await thing.type_name(listener)).not.toContain('Proxy');
  },
);

it('an instance of a registered class, and an object of another daemon in a reply, are proxies, too', async () => {
  const thing = await connect();
  daemon.register(Listener, 'listeners');
  expect(String(((await thing.echo(new Listener())) as RemoteObject).$uri)).toContain('PYRO:listeners@');
  class Directory {
    listener(): Listener {
      return listener;
    }
  }
  expose(Directory);
  daemon.unregister(Listener);
  const uri = String(daemon.register(listener));
  const other = await PyroDaemon.listen({ host: '127.0.0.1' });
  cleanups.push(() => other.close());
  await using directory = await PyroProxy.connect<Directory>(other.register(new Directory()));
  expect(String(((await directory.listener()) as unknown as RemoteObject).$uri)).toBe(uri);
});

it('an object of a closed daemon is no proxy any more', async () => {
  const thing = await connect();
  daemon.register(listener);
  await daemon.close();
  expect(await thing.type_name(listener)).not.toContain('Proxy');
});

it('a proxy names its serializer only when one was chosen, as in Pyro5', async () => {
  const thing = await connect();
  expect((await thing.proxy_state(thing))[5]).toBeNull();
  const chosen = await connect({ serializer: 'json' });
  expect((await thing.proxy_state(chosen))[5]).toBe('json');
  // a proxy that is passed on keeps what its first owner chose
  expect((await thing.proxy_state(await thing.echo(chosen)))[5]).toBe('json');
  expect((await thing.proxy_state(await chosen.self_proxy()))[5]).toBeNull();
});
