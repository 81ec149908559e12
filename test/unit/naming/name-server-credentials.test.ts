import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type PeerCertificate } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { expose, NamingError, PyroDaemon, PyroProxy, type PyroProxyOptions, ProxyReference, PyroUri } from '../../../lib/core.js';
import { anonymousTls } from '../../../lib/options/tls.js';
import { addressesFor, type NameServerOptions } from '../../../lib/naming/locate.js';
import { loads } from '../../../lib/serpent/index.js';
import { TestAuthority } from '../../certificates.js';
import { authorize, reply, ScriptedDaemon } from '../client/scripted-daemon.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Told {
  readonly host: string;
  readonly port: number;
  /** The handshake data of all connections. */
  readonly handshakes: unknown[];
}

/** A program that a peer may call a name server: notes what it is told, and closes the connection. */
async function listener(): Promise<Told> {
  const handshakes: unknown[] = [];
  const daemon = await ScriptedDaemon.listen(async (peer) => {
    handshakes.push((loads((await peer.next()).data) as { handshake: unknown }).handshake);
    peer.destroy();
  });
  cleanups.push(() => daemon.close());
  return { host: '127.0.0.1', port: new PyroUri(daemon.uri).port!, handshakes };
}

function nameAt({ host, port }: Told): string {
  return `PYRONAME:lab.thing@${host}:${port}`;
}

function referenceTo(uri: string): ProxyReference {
  return new ProxyReference(new PyroUri(uri), new Set(), new Set(['call']), new Set());
}

/** Calls through a proxy of this program, up to the failure of the lookup. */
async function callByName(uri: string, nameServer: PyroProxyOptions['nameServer']): Promise<void> {
  await using proxy = PyroProxy.to(uri, { nameServer: nameServer!, maxRetries: 0 });
  await expect(proxy.$call('call')).rejects.toThrow(NamingError);
}

const SECRET = 'of the name server';

class Caller {
  async call(proxy: PyroProxy): Promise<void> {
    await proxy.$call('call').catch(() => undefined);
  }
}
expose(Caller, 'call');

/** The ways in which a peer passes a proxy to this program, which then calls the proxy. */
const WAYS: [string, (uri: string, options: PyroProxyOptions) => Promise<void>][] = [
  [
    'PyroProxy.from',
    async (uri, options) => {
      await using proxy = PyroProxy.from(referenceTo(uri), { ...options, sender: { remoteAddress: '127.0.0.1:1' } });
      await proxy.$call('call').catch(() => undefined);
    },
  ],
  [
    'the result of a call',
    async (uri, options) => {
      const daemon = await ScriptedDaemon.listen(async (peer) => {
        await authorize(peer);
        reply(peer, await peer.next(), { __class__: 'Pyro5.client.Proxy', state: [uri, [], ['call'], [], 'hello', null] });
      });
      cleanups.push(() => daemon.close());
      await using proxy = await PyroProxy.connect(daemon.uri, options);
      await ((await proxy.$call('call')) as PyroProxy).$call('call').catch(() => undefined);
    },
  ],
  [
    'a call of a daemon',
    async (uri, { receivedProxies, nameServer, maxRetries }) => {
      const receivedProxyOptions = { nameServer: nameServer!, maxRetries: maxRetries! };
      const daemon = await PyroDaemon.listen({ host: '127.0.0.1', receivedProxies: receivedProxies!, receivedProxyOptions });
      cleanups.push(() => daemon.close());
      await using proxy = await PyroProxy.connect(daemon.register(new Caller(), 'caller'));
      await proxy.$call('call', referenceTo(uri));
    },
  ],
];

describe('handshake data of a name server', () => {
  it.each(WAYS)('handshake data of a name server is sent to no name server for a proxy of %s', async (_, call) => {
    const [known, other] = [await listener(), await listener()];
    const nameServer = { host: known.host, port: known.port, handshake: SECRET };
    const options = { nameServer, receivedProxies: () => true, maxRetries: 0 };
    await call(nameAt(other), options);
    await call('PYRONAME:lab.thing', options);
    expect(other.handshakes).toEqual(['hello']);
    expect(known.handshakes).toEqual(['hello']);
  });

  it('handshake data of a name server is sent to this name server, by whichever URI, and to no other', async () => {
    const [known, other] = [await listener(), await listener()];
    const nameServer: NameServerOptions = { host: known.host, port: known.port, handshake: SECRET };
    await callByName('PYRONAME:lab.thing', nameServer);
    await callByName(nameAt(known), nameServer);
    expect(known.handshakes).toEqual([SECRET, SECRET]);
    await callByName(nameAt(other), nameServer);
    await callByName(nameAt(known), { ...nameServer, host: 'localhost' });
    const socket: NameServerOptions = { unixSocket: '/tmp/names', handshake: SECRET };
    await callByName(nameAt(known), socket);
    expect(other.handshakes).toEqual(['hello']);
    expect(known.handshakes).toEqual([SECRET, SECRET, 'hello', 'hello']);
  });

  it('each name server of a list gets its own handshake data, and another name server gets none', async () => {
    const [one, two, other] = [await listener(), await listener(), await listener()];
    const nameServer = [one, two].map(({ host, port }) => ({ host, port, handshake: port }));
    await callByName(nameAt(two), nameServer);
    await callByName(nameAt(other), nameServer);
    expect([one.handshakes, two.handshakes, other.handshakes]).toEqual([[], [two.port], ['hello']]);
  });

  it('handshake data without an address of a name server is sent to the name server that a URI of the program names', async () => {
    const told = await listener();
    const nameServer: NameServerOptions = { handshake: SECRET };
    await callByName(nameAt(told), nameServer);
    await callByName(nameAt(told), [{ port: 1, handshake: 'of another' }, nameServer]);
    expect(told.handshakes).toEqual([SECRET, SECRET]);
  });

  it('handshake data is not for a socket whose path differs in capital letters, and is for such a host', () => {
    const nameServer: NameServerOptions = { unixSocket: '/run/names', handshake: SECRET };
    const [same, other] = ['/run/names', '/run/NAMES'].map((path) => new PyroUri(`PYRONAME:thing@./u:${path}`));
    expect(addressesFor(same!, nameServer)).toMatchObject([nameServer]);
    expect(addressesFor(other!, nameServer)[0]).not.toHaveProperty('handshake');
    const host: NameServerOptions = { host: 'Control', handshake: SECRET };
    expect(addressesFor(new PyroUri('PYRONAME:thing@control:9090'), host)).toMatchObject([{ handshake: SECRET }]);
  });
});

describe('a certificate for a name server', () => {
  it('a certificate of this program is shown to the name server it is given for, and to no other', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'names-'));
    cleanups.push(() => rm(directory, { recursive: true }));
    const authority = await TestAuthority.create(directory, 'ca');
    const { cert, key } = await authority.issue('own');
    const shown: (string | undefined)[] = [];
    const options = { cert, key, ca: authority.cert, requestCert: true, rejectUnauthorized: false };
    const servers = [0, 1].map(() =>
      createServer(options, (socket) => {
        shown.push((socket.getPeerCertificate() as Partial<PeerCertificate>).subject?.CN as string | undefined);
        socket.on('error', () => undefined).destroy();
      }),
    );
    for (const server of servers) {
      cleanups.push(() => server.close());
      await once(server.listen(0, '127.0.0.1'), 'listening');
    }
    const [known, other] = servers.map((server) => (server.address() as AddressInfo).port);
    const nameServer = { host: '127.0.0.1', port: known!, tls: { cert, key, ca: authority.cert } };
    await callByName('PYRONAME:lab.thing', nameServer);
    await callByName(`PYRONAME:lab.thing@127.0.0.1:${known}`, nameServer);
    await callByName(`PYRONAME:lab.thing@127.0.0.1:${other}`, nameServer);
    expect(shown).toEqual(['own', 'own', undefined]);
  });

  it('TLS of the config items has no certificate of this program for another name server', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'names-'));
    cleanups.push(() => rm(directory, { recursive: true }));
    const authority = await TestAuthority.create(directory, 'ca');
    const { certFile, keyFile } = await authority.issue('own');
    const config = { SSL: true, SSL_CLIENTCERT: certFile, SSL_CLIENTKEY: keyFile, SSL_CACERTS: authority.certFile };
    expect(anonymousTls(undefined, config)).toEqual({ ca: [Buffer.from(authority.cert)] });
    // undefined would stand for TLS of the config items
    expect(addressesFor(new PyroUri('PYRONAME:lab.thing@other'), { host: 'known' })).toMatchObject([
      { host: 'other', tls: false },
    ]);
  });
});
