import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import type { Server } from 'node:tls';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type CallContext, expose, PyroDaemon, type PyroDaemonOptions, PyroError, PyroProxy } from '../../../lib/core.js';
import { currentCall } from '../../../lib/calls/current-call.js';
import { type IssuedCertificate, TestAuthority } from '../../certificates.js';
import { callFromPython } from './python-call.js';

class Thing {
  /** Common name of the client's certificate. */
  whoami(): string | string[] | undefined {
    return (currentCall() as CallContext).connection.peerCertificate?.subject.CN;
  }
  size(text: string): number {
    return text.length;
  }
}
expose(Thing);

let directory: string;
let authority: TestAuthority;
let stranger: TestAuthority;
let server: IssuedCertificate;
let client: IssuedCertificate;
let expired: IssuedCertificate;
let foreign: IssuedCertificate;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pyro-tls-'));
  authority = await TestAuthority.create(directory, 'ca');
  stranger = await TestAuthority.create(directory, 'stranger');
  server = await authority.issue('server');
  client = await authority.issue('client');
  expired = await authority.issue('expired', { days: -1 });
  foreign = await stranger.issue('foreign');
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** `refusals`: the errors of failed TLS handshakes that the daemon reported. */
async function serve(options: PyroDaemonOptions): Promise<{ daemon: PyroDaemon; uri: string; refusals: string[] }> {
  const daemon = await PyroDaemon.listen(options);
  cleanups.push(() => daemon.close());
  const refusals: string[] = [];
  daemon.on('handshakeFailed', (error, { remoteAddress }) => {
    if ((error as PyroError).code === 'TLS') refusals.push(`${remoteAddress.replace(/\d+$/, 'N')} ${error.message}`);
  });
  return { daemon, uri: String(daemon.register(new Thing(), 'thing')), refusals };
}

const secureConfig = (): object => ({ SSL: true, SSL_CACERTS: authority.certFile });
const certificateConfig = ({ certFile, keyFile }: IssuedCertificate): object => ({
  ...secureConfig(),
  SSL_CLIENTCERT: certFile,
  SSL_CLIENTKEY: keyFile,
});

it('TLS: serves Python’s client, and our own, by name, IPv4 and IPv6', async () => {
  const tls = { cert: server.cert, key: server.key };
  for (const host of ['localhost', '127.0.0.1', '::1']) {
    const { daemon, uri, refusals } = await serve({ host, tls });
    expect(await callFromPython(uri, secureConfig())).toEqual({ result: null });
    await using thing = await PyroProxy.connect<Thing>(uri, { tls: { ca: authority.cert } });
    expect(await thing.size('x'.repeat(3_000_000))).toBe(3_000_000);
    expect(daemon.connections).toHaveLength(1);
    expect(refusals).toEqual([]);
  }
});

it('TLS: a client refuses an IPv6 address that the certificate does not name', async () => {
  const local = await authority.issue('local', { names: 'DNS:localhost,IP:127.0.0.1,IP:::2' });
  const { uri } = await serve({ host: '::1', tls: { cert: local.cert, key: local.key } });
  const tls = { ca: authority.cert };
  await expect(PyroProxy.connect(uri, { tls, maxRetries: 0 })).rejects.toThrow('ERR_TLS_CERT_ALTNAME_INVALID');
  // a check of the user's own replaces the usual check
  await using thing = await PyroProxy.connect<Thing>(uri, { tls: { ...tls, checkServerIdentity: () => undefined } });
  expect(await thing.size('three')).toBe(5);
});

it('TLS: knows a client by its certificate, and refuses clients without a valid one', async () => {
  const tls = { cert: server.cert, key: server.key, ca: authority.cert, requestClientCert: true };
  const { daemon, uri, refusals } = await serve({ tls });
  expect(await callFromPython(uri, certificateConfig(client))).toEqual({ result: 'client' });
  await using thing = await PyroProxy.connect<Thing>(uri, {
    tls: { ca: authority.cert, cert: client.cert, key: client.key },
  });
  expect(await thing.whoami()).toBe('client');
  expect(refusals).toEqual([]);

  const connection = daemon.connections[0]!;
  const bad = { without: secureConfig(), expired: certificateConfig(expired), foreign: certificateConfig(foreign) };
  for (const config of Object.values(bad)) {
    expect(await callFromPython(uri, config)).toMatchObject({ error: expect.stringMatching(/CommunicationError|ClosedError/) });
  }
  expect(refusals).toEqual([
    expect.stringMatching(
      /^127\.0\.0\.1:N TLS handshake failed: the client has no certificate, which tls.requestClientCert asks for/,
    ),
    expect.stringMatching(
      /^127\.0\.0\.1:N TLS handshake failed: the client's certificate is refused: it has expired \(CERT_HAS_EXPIRED\)/,
    ),
    expect.stringMatching(/the client's certificate is refused: no authority in tls.ca has signed it/),
  ]);
  expect(daemon.connections).toEqual([connection]);
});

it.each(['TLSv1.2', 'TLSv1.3'] as const)(
  'TLS: a client whose certificate the daemon does not trust sees a closed connection, with %s',
  async (maxVersion) => {
    const tls = { cert: server.cert, key: server.key, ca: authority.cert, requestClientCert: true, maxVersion };
    const { uri, refusals } = await serve({ tls });
    expect(await callFromPython(uri, certificateConfig(foreign))).toMatchObject({
      error: expect.stringMatching(/CommunicationError|ClosedError/),
    });
    const own = PyroProxy.connect(uri, { tls: { ca: authority.cert, cert: foreign.cert, key: foreign.key }, maxRetries: 1 });
    await expect(own).rejects.toMatchObject({ code: 'CONNECTION_CLOSED', sent: false });
    // each attempt was made: the client cannot tell a refusal from a server that goes down
    await expect.poll(() => refusals).toHaveLength(3);
  },
);

it('TLS: shows guards only valid certificates when clients may come without one', async () => {
  const { uri, refusals } = await serve({
    tls: { cert: server.cert, key: server.key, ca: authority.cert, requestClientCert: true, rejectUnauthorized: false },
    validateHandshake: ({ connection }) => ({ response: connection.peerCertificate?.subject.CN ?? 'nobody' }),
  });
  expect(await callFromPython(uri, certificateConfig(client))).toEqual({ result: 'client' });
  for (const config of [certificateConfig(foreign), certificateConfig(expired), secureConfig()]) {
    expect(await callFromPython(uri, config)).toEqual({ result: null });
  }
  expect(refusals).toEqual([]);
});

it('TLS: says what is wrong when a client trusts another authority, or connects to another name', async () => {
  const elsewhere = await authority.issue('elsewhere', { names: 'DNS:elsewhere.example' });
  const wrongName = await serve({ tls: { cert: elsewhere.cert, key: elsewhere.key } });
  expect(await callFromPython(wrongName.uri, secureConfig())).toMatchObject({ text: expect.stringContaining('certificate') });
  expect(wrongName.refusals).toEqual([expect.stringContaining('does it name the host that the client connects to?')]);
  const { uri, refusals } = await serve({ tls: { cert: server.cert, key: server.key } });
  const untrusting = { SSL: true, SSL_CACERTS: stranger.certFile };
  expect(await callFromPython(uri, untrusting)).toMatchObject({ text: expect.stringContaining('CERTIFICATE_VERIFY_FAILED') });
  expect(refusals).toEqual([expect.stringContaining('the client does not trust the authority of tls.cert')]);
  const late = await serve({ tls: { cert: expired.cert, key: expired.key } });
  expect(await callFromPython(late.uri, secureConfig())).toMatchObject({ text: expect.stringContaining('expired') });
  expect(late.refusals).toEqual([expect.stringContaining('the client refuses tls.cert: it has expired')]);
});

it('TLS: accepts no plaintext on a TLS port and no TLS on a plain port, and names the option to change', async () => {
  const secure = await serve({ tls: { cert: server.cert, key: server.key } });
  expect(await callFromPython(secure.uri, {})).toMatchObject({ error: expect.stringMatching(/Error$/) });
  expect(secure.refusals).toEqual([expect.stringContaining('the client does not speak TLS, which this port does')]);
  const plain = await serve({});
  expect(await callFromPython(plain.uri, secureConfig())).toMatchObject({ text: expect.stringMatching(/SSL|TLS/) });
  expect(plain.refusals).toEqual([
    '127.0.0.1:N the peer speaks TLS here, and we do not; give the option tls, or switch it off there (Pyro5: config.SSL = False)',
  ]);
});

it('TLS: uses a renewed certificate without a restart', async () => {
  const { daemon, uri } = await serve({ tls: { cert: server.cert, key: server.key } });
  await using before = await PyroProxy.connect<Thing>(uri, { tls: { ca: authority.cert } });
  (daemon.sock as Server).setSecureContext({ cert: foreign.cert, key: foreign.key });
  await expect(PyroProxy.connect(uri, { tls: { ca: authority.cert }, maxRetries: 0 })).rejects.toThrow('certificate');
  await using after = await PyroProxy.connect<Thing>(uri, { tls: { ca: stranger.cert } });
  expect(await Promise.all([before, after].map((thing) => thing.size('both')))).toEqual([4, 4]);
});

it('TLS: cuts handshakes that stall, and counts them as connections', async () => {
  const tls = { cert: server.cert, key: server.key };
  const { daemon, uri, refusals } = await serve({ tls, handshakeTimeoutMs: 3_000, maxConnections: 2 });
  const port = Number(daemon.locationStr.split(':')[1]);
  const stalling = [connectSocket(port, '127.0.0.1'), connectSocket(port, '127.0.0.1')];
  const closed = stalling.map((socket) => once(socket.resume(), 'close'));
  // the start of a TLS record, byte by byte: bytes that arrive do not extend the deadline
  const bytes = Buffer.from('16030102000100', 'hex').values();
  const dripping = setInterval(() => stalling[0]!.write(Buffer.of(bytes.next().value ?? 0)), 100);
  cleanups.push(() => clearInterval(dripping));
  await Promise.all(stalling.map((socket) => once(socket, 'connect')));
  const full = PyroProxy.connect(uri, { tls: { ca: authority.cert }, maxRetries: 0 });
  await expect(full).rejects.toThrow('daemon is full: maxConnections (2) are open');
  await Promise.all(closed);
  await expect.poll(() => refusals.filter((text) => text.includes('handshakeTimeoutMs (3000 ms)')).length).toBe(2);
  await using thing = await PyroProxy.connect<Thing>(uri, { tls: { ca: authority.cert } });
  expect(await thing.size('free again')).toBe(10);
});

it('TLS: close() cuts running handshakes', async () => {
  const { daemon } = await serve({ tls: { cert: server.cert, key: server.key }, handshakeTimeoutMs: 0 });
  const socket = connectSocket(Number(daemon.locationStr.split(':')[1]), '127.0.0.1');
  const closed = once(socket.resume(), 'close');
  await once(socket, 'connect');
  await daemon.close();
  await closed;
  expect(socket.destroyed).toBe(true);
});
