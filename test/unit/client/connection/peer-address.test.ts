import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import type { PyroProxyOptions } from '../../../../lib/client/options/proxy-options.js';
import type { ProxySender } from '../../../../lib/client/options/received-proxies.js';
import type { RemoteObject } from '../../../../lib/client/proxy/remote-proxy.js';
import { expose, PyroDaemon, ProxyReference, PyroUri } from '../../../../lib/core.js';
import { PyroProxy, type ReferencedProxyOptions } from '../../../../lib/pyro/pyro-proxy.js';
import { authorize, reply, ScriptedDaemon } from '../scripted-daemon.js';
import { loads } from '../../../../lib/serpent/index.js';

interface Greeter {
  hello(): string;
}
class GreeterObject {
  hello(): string {
    return 'hello';
  }
}
expose(GreeterObject);

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serve(options: { host?: string } = {}): Promise<{ uri: PyroUri; handshakes: unknown[] }> {
  const handshakes: unknown[] = [];
  const daemon = await PyroDaemon.listen({
    host: '127.0.0.1',
    ...options,
    validateHandshake: ({ data }) => {
      handshakes.push(data);
    },
  });
  cleanups.push(() => daemon.close());
  return { uri: daemon.register(new GreeterObject(), 'greeter'), handshakes };
}

function received(uri: PyroUri | string, sender: string, options: ReferencedProxyOptions = {}): RemoteObject<Greeter> {
  const reference = new ProxyReference(new PyroUri(String(uri)), new Set(), new Set(['hello']), new Set(), 'of the sender');
  const proxy = PyroProxy.from<Greeter>(reference, { maxRetries: 0, ...options, sender: { remoteAddress: sender } });
  cleanups.push(() => proxy.$release());
  return proxy;
}

describe('a proxy that a peer sent', () => {
  it('a received proxy does nothing until it is called, then connects to the sender’s own address', async () => {
    const { uri, handshakes } = await serve();
    for (const sender of ['127.0.0.1:5555', '[::ffff:127.0.0.1]:5555']) {
      const greeter = received(uri, sender);
      expect(greeter.$connected).toBe(false);
      expect(await greeter.hello()).toBe('hello');
    }
    expect(handshakes).toEqual(['of the sender', 'of the sender']);
  });

  it('a received proxy does not connect where receivedProxies gives a promise, which would pass for true', async () => {
    const { uri, handshakes } = await serve();
    for (const answer of [Promise.resolve(false), Promise.reject(new Error('late'))]) {
      const greeter = received(uri, '127.0.0.1:5555', { receivedProxies: () => answer as never });
      await expect(greeter.hello()).rejects.toThrow('receivedProxies gave a promise; it must give true or false at once');
      const named = received('PYRONAME:greeter@127.0.0.1:1', '127.0.0.1:5555', { receivedProxies: () => answer as never });
      await expect(named.hello()).rejects.toThrow('receivedProxies gave a promise; it must give true or false at once');
    }
    expect(handshakes).toEqual([]);
  });

  it('a received proxy that names a host connects to the very address that was checked', async () => {
    const { uri } = await serve();
    expect(await received(`PYRO:greeter@localhost:${uri.port}`, '127.0.0.1:1').hello()).toBe('hello');
  });

  it.each([
    ['another address', (port: number) => `PYRO:greeter@127.0.0.1:${port}`, '10.0.0.1:1'],
    ['a unix socket', () => 'PYRO:greeter@./u:/run/secret.sock', '127.0.0.1:1'],
    ['a host of another address', (port: number) => `PYRO:greeter@localhost:${port}`, '[2001:db8::1]:1'],
    ['a host that is unknown', (port: number) => `PYRO:greeter@no-such-host.invalid:${port}`, '127.0.0.1:1'],
    ['anything, when it came over a unix socket', (port: number) => `PYRO:greeter@127.0.0.1:${port}`, 'local'],
    ['a name', () => 'PYRONAME:greeter@127.0.0.1:9090', '127.0.0.1:1'],
  ])('a received proxy does not connect to %s', async (_, uriOf, sender) => {
    const { uri, handshakes } = await serve();
    await expect(received(uriOf(uri.port!), sender).hello()).rejects.toMatchObject({
      code: 'SECURITY',
      message: expect.stringContaining('receivedProxies'),
    });
    expect(handshakes).toEqual([]);
  });

  it('received proxies connect only where receivedProxies allows', async () => {
    const { uri } = await serve();
    const asked: [string, string][] = [];
    const receivedProxies = (place: PyroUri, connection: ProxySender): boolean => {
      asked.push([String(place), connection.remoteAddress]);
      return place.object === 'greeter';
    };
    expect(await received(uri, '10.0.0.1:1', { receivedProxies }).hello()).toBe('hello');
    const other = received(`PYRO:other@127.0.0.1:${uri.port}`, '127.0.0.1:1', { receivedProxies });
    await expect(other.hello()).rejects.toMatchObject({ code: 'SECURITY' });
    expect(asked).toEqual([
      [String(uri), '10.0.0.1:1'],
      [`PYRO:other@127.0.0.1:${uri.port}`, '127.0.0.1:1'],
    ]);
  });

  it('a received proxy sends none of this program’s credentials', async () => {
    const { uri, handshakes } = await serve();
    const seen: string[][] = [];
    const peer = await ScriptedDaemon.listen(async (scripted) => {
      const frame = await scripted.next();
      seen.push([...frame.annotations.keys()]);
      handshakes.push((loads(frame.data) as { handshake: unknown }).handshake);
      scripted.destroy();
    });
    cleanups.push(() => peer.close());
    const secrets: PyroProxyOptions = {
      handshake: 'our secret',
      shareHandshake: true,
      annotations: { MINE: Buffer.from('secret') },
    };
    await expect(received(peer.uri, '127.0.0.1:1', secrets).hello()).rejects.toThrow('was closed');
    expect(await received(uri, '127.0.0.1:1', secrets).hello()).toBe('hello');
    expect(handshakes).toEqual(['of the sender', 'of the sender']);
    expect(seen).toEqual([[]]);
    await expect(PyroProxy.connect(peer.uri, { ...secrets, maxRetries: 0 })).rejects.toThrow('was closed');
    expect(handshakes.at(-1)).toBe('our secret');
    expect(seen.at(-1)).toEqual(['MINE']);
  });

  it('a received proxy shows no server the identity of a pre-shared key', async () => {
    const identities: string[] = [];
    const psk = Buffer.from('a key of this program');
    const common = { ciphers: 'PSK', minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const;
    const server = createServer({ ...common, pskCallback: (_, identity) => (identities.push(identity), psk) }, (socket) =>
      socket.on('error', () => undefined).destroy(),
    );
    await once(server.listen(0, '127.0.0.1'), 'listening');
    cleanups.push(() => server.close());
    const uri = `PYRO:greeter@127.0.0.1:${(server.address() as AddressInfo).port}`;
    const tls = { ...common, pskCallback: () => ({ psk, identity: 'our program' }), checkServerIdentity: () => undefined };
    await expect(received(uri, '127.0.0.1:1', { tls }).hello()).rejects.toMatchObject({ sent: false });
    expect(identities).toEqual([]);
    await expect(PyroProxy.connect(uri, { tls, maxRetries: 0 })).rejects.toThrow('closed');
    expect(identities).toEqual(['our program']);
  });

  it('receivedProxies is applied to proxies in the results of calls', async () => {
    const { uri, handshakes } = await serve();
    const elsewhere = 'PYRO:greeter@192.0.2.1:9';
    const daemon = await ScriptedDaemon.listen(async (peer) => {
      await authorize(peer, ['find']);
      for (const place of [String(uri), elsewhere]) {
        const state = [place, [], ['hello'], [], 'theirs', null];
        reply(peer, await peer.next(), { __class__: 'Pyro5.client.Proxy', state });
      }
    });
    cleanups.push(() => daemon.close());
    const finder = await PyroProxy.connect<{ find(): unknown }>(daemon.uri, { handshake: 'our secret', maxRetries: 0 });
    cleanups.push(() => finder.$release());
    const near = (await finder.find()) as RemoteObject<Greeter>;
    expect(near).toBeInstanceOf(PyroProxy);
    expect(near.$metadata?.methods).toEqual(new Set(['hello']));
    expect(await near.hello()).toBe('hello');
    await near.$release();
    const far = (await finder.find()) as RemoteObject<Greeter>;
    await expect(far.hello()).rejects.toMatchObject({ code: 'SECURITY' });
    expect(handshakes).toEqual(['theirs']);
  });
});

describe('a reference that this program wrote itself', () => {
  it('a reference that this program wrote becomes a proxy without a check of receivedProxies', async () => {
    const { uri, handshakes } = await serve();
    const greeter = PyroProxy.from<Greeter>(new ProxyReference(uri), { handshake: 'mine' });
    cleanups.push(() => greeter.$release());
    expect(await greeter.hello()).toBe('hello');
    expect(handshakes).toEqual(['mine']);
  });
});
