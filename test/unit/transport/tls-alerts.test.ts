import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PyroDaemon } from '../../../lib/core.js';
import { TestAuthority } from '../../certificates.js';

let directory: string;
let daemon: PyroDaemon;
const refusals: string[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pyro-tls-'));
  const { cert, key } = await (await TestAuthority.create(directory, 'ca')).issue('server');
  daemon = await PyroDaemon.listen({ tls: { cert, key } });
  daemon.on('handshakeFailed', (error) => refusals.push(error.message));
});
afterAll(async () => {
  await daemon.close();
  await rm(directory, { recursive: true, force: true });
});

/** The first message of a TLS client. */
async function clientHello(): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connectTls((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => undefined);
  const [socket] = (await once(server, 'connection')) as [Socket];
  const [hello] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  client.destroy();
  server.close();
  return hello;
}

/** Begins a TLS handshake and refuses the daemon's answer with an alert. */
async function refuseWith(hello: Buffer, alert: number): Promise<void> {
  const socket = connect(Number(daemon.locationStr.split(':')[1]), '127.0.0.1').on('error', () => undefined);
  socket.write(hello);
  await once(socket, 'data');
  const closed = once(socket.resume(), 'close');
  socket.write(Buffer.of(0x15, 3, 3, 0, 2, 2, alert));
  await closed;
}

it('TLS: every alert of a client is told in words, whatever the version of OpenSSL calls it', async () => {
  const alerts: [number, string][] = [
    [40, 'client and daemon have no cipher in common'],
    [42, 'the client refuses tls.cert; does it name the host that the client connects to?'],
    [43, 'the client refuses tls.cert: it cannot use certificates of this kind'],
    [44, 'the client refuses tls.cert: its authority has revoked it'],
    [45, 'the client refuses tls.cert: it has expired'],
    [46, 'the client refuses tls.cert; does the client trust its authority, and does it name the host?'],
    [48, 'the client does not trust the authority of tls.cert'],
    [70, 'client and daemon have no TLS version in common'],
    [47, 'alert illegal parameter (ERR_SSL_'],
    [80, 'alert internal error (ERR_SSL_'],
  ];
  const hello = await clientHello();
  for (const [alert] of alerts) await refuseWith(hello, alert);
  await expect.poll(() => refusals.length).toBe(alerts.length);
  expect(refusals).toEqual(alerts.map(([, text]) => expect.stringContaining(text)));
  // OpenSSL's own text names an address and a file of its source
  expect(refusals.filter((text) => /[0-9A-F]{12}|\.c:/.test(text))).toEqual([]);
});
