import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { expose, PyroDaemon, PyroProxy, type PyroProxyOptions } from '../../../lib/core.js';
import { DaemonSource } from '../../../lib/inspector/sources/daemon-source.js';
import { TestAuthority } from '../../certificates.js';

class Camera {
  gain(): number {
    return 4;
  }
}
expose(Camera);

let directory: string;
let authority: TestAuthority;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'daemon-source-'));
  authority = await TestAuthority.create(directory, 'authority');
});
afterAll(() => rm(directory, { recursive: true }));

async function listen(names: string, natHost?: string): Promise<PyroDaemon> {
  const { cert, key } = await authority.issue('camera', { names });
  const daemon = await PyroDaemon.listen({ host: '0.0.0.0', natHost, port: 0, profile: 'lab', tls: { cert, key } });
  daemon.register(new Camera(), 'camera');
  return daemon;
}

async function gainOver(daemon: PyroDaemon, tls: PyroProxyOptions['tls']): Promise<unknown> {
  const source = new DaemonSource(() => [{ id: 'lab', daemon }], { tls, maxRetries: 0 }, 10);
  const { uri, options } = source.reach('lab', 'camera');
  await using camera = PyroProxy.to<Camera>(uri, options);
  return await camera.gain();
}

it.each([
  ['DNS:camera.example', 'camera.example'],
  ['IP:203.0.113.9', '203.0.113.9'],
  ['IP:2001:db8:0:0:0:0:0:9', '2001:db8::9'],
])('the inspector calls a daemon on all interfaces whose certificate is for its NAT host: %s', async (names, natHost) => {
  await using daemon = await listen(names, natHost);
  expect(await gainOver(daemon, { ca: authority.cert })).toBe(4);
});

it.each(['IP:127.0.0.1', 'DNS:camera.example', 'DNS:camera.example,IP:127.0.0.1'])(
  'the inspector calls a daemon whose certificate is for its NAT host or for the address that it connects to: %s',
  async (names) => {
    await using daemon = await listen(names, 'camera.example');
    expect(await gainOver(daemon, { ca: authority.cert })).toBe(4);
    const hosts: string[] = [];
    const refusing = (host: string): Error => new Error(`${host} is ${hosts.push(host) === 1 ? 'first' : 'second'}`);
    const refused = gainOver(daemon, { ca: authority.cert, checkServerIdentity: refusing });
    await expect(refused).rejects.toThrow('camera.example is first');
    expect(hosts).toEqual(['camera.example', '127.0.0.1']);
  },
);

it('the inspector calls no daemon behind NAT with a certificate of another authority, or with one for neither host', async () => {
  const stranger = await TestAuthority.create(directory, 'stranger');
  await using daemon = await listen('DNS:camera.example,IP:127.0.0.1', 'camera.example');
  await expect(gainOver(daemon, { ca: stranger.cert })).rejects.toThrow('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  await expect(gainOver(daemon, { ca: authority.cert, servername: 'other.example' })).rejects.toThrow('other.example');
  await using other = await listen('DNS:localhost,IP:127.0.0.2', 'camera.example');
  await expect(gainOver(other, { ca: authority.cert })).rejects.toThrow('camera.example');
});

it('the inspector does not call a daemon whose certificate is for neither its NAT host nor the servername that is given', async () => {
  await using daemon = await listen('DNS:camera.example', 'other.example');
  await expect(gainOver(daemon, { ca: authority.cert })).rejects.toThrow('other.example');
  expect(await gainOver(daemon, { ca: authority.cert, servername: 'camera.example' })).toBe(4);
});

it('a snapshot of the inspector says that programs need TLS, a certificate and handshake data, and has none of them', async () => {
  const plain = await PyroDaemon.listen({ host: '127.0.0.1', port: 0 });
  const secure = await listen('DNS:camera.example');
  await using _both = { [Symbol.asyncDispose]: async () => void (await Promise.all([plain.close(), secure.close()])) };
  const take = async (daemon: PyroDaemon, options: PyroProxyOptions) => {
    const [server] = await new DaemonSource(() => [{ id: 'lab', daemon }], options, 10).take();
    expect(JSON.stringify(server)).not.toContain('hunter2');
    return server!.needs;
  };
  expect(await take(plain, {})).toEqual({ handshake: false, tls: false, certificate: false });
  expect(await take(plain, { handshake: 'hunter2' })).toEqual({ handshake: true, tls: false, certificate: false });
  expect(await take(secure, {})).toEqual({ handshake: false, tls: true, certificate: false });
  const { cert, key } = await authority.issue('client');
  expect(await take(secure, { tls: { ca: authority.cert, cert, key } })).toMatchObject({ tls: true, certificate: true });
});
