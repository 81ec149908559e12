import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PyroDaemon, type ServerTlsOptions } from '../../../lib/core.js';
import { type IssuedCertificate, openssl, TestAuthority } from '../../certificates.js';

let directory: string;
let authority: TestAuthority;
let server: IssuedCertificate;
let other: IssuedCertificate;
let encryptedKey: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pyro-tls-'));
  authority = await TestAuthority.create(directory, 'ca');
  server = await authority.issue('server');
  other = await authority.issue('other');
  const file = join(directory, 'encrypted.key');
  await openssl('pkey', '-in', server.keyFile, '-aes256', '-passout', 'pass:secret', '-out', file);
  encryptedKey = await readFile(file, 'utf8');
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function listen(tls: ServerTlsOptions): Promise<void> {
  const daemon = await PyroDaemon.listen({ tls });
  await daemon.close();
}

it('TLS takes a certificate with its key, in one file or two, encrypted or not', async () => {
  const { cert, key } = server;
  await listen({ cert, key });
  await listen({ cert: cert + key });
  await listen({ cert: Buffer.from(cert), key: encryptedKey, passphrase: 'secret' });
  await listen({ cert, key, ca: [authority.cert], requestClientCert: true });
  await expect(listen({ cert, key })).resolves.toBeUndefined();
});

it('TLS refuses unusable certificates and keys, and says which and why', async () => {
  const { cert, key } = server;
  const wrong: [ServerTlsOptions, string][] = [
    [{}, 'tls needs the certificate of the daemon: `cert` and `key`, or `pfx`'],
    [{ key }, 'tls needs the certificate of the daemon'],
    [{ cert }, 'tls: `key` is no PEM key'],
    [
      { cert: 'server.pem', key },
      'tls.cert is no PEM certificate: it must be the content of the file, not its path ("server.pem")',
    ],
    [{ cert: 'no\nPEM', key }, 'tls.cert is no PEM certificate: error'],
    [{ cert, key: 'server.key' }, 'tls: `key` is no PEM key; it must be the content of the file'],
    [{ cert, key: other.key }, 'tls: `key` does not belong to `cert`'],
    [{ cert, key: encryptedKey }, 'tls: `key` is encrypted, and `passphrase` is missing'],
    [{ cert, key: encryptedKey, passphrase: 'wrong' }, 'tls: `key` is encrypted, and `passphrase` is missing or wrong'],
    [{ cert, key, ca: 'ca.pem' }, 'tls.ca is no PEM certificate: it must be the content of the file'],
    [{ cert, key, requestClientCert: true }, 'tls.requestClientCert needs `ca`'],
    [{ cert, key, minVersion: 'TLSv9' as never }, 'tls.minVersion is the text "TLSv9"'],
    [{ pfx: Buffer.from('none') }, 'tls: '],
  ];
  for (const [tls, message] of wrong) {
    await expect(listen(tls)).rejects.toMatchObject({
      name: 'PyroError',
      code: 'CONFIG',
      message: expect.stringContaining(message),
    });
  }
});

it('TLS names a wrong passphrase also when it happens to decrypt the key to bytes that are no key', async () => {
  const { cert } = server;
  for (let i = 0; i < 300; i++) {
    await expect(listen({ cert, key: encryptedKey, passphrase: `wrong ${i}` })).rejects.toThrow('missing or wrong');
  }
});

it('a daemon whose TLS options were refused can start again with usable ones', async () => {
  const tls: ServerTlsOptions = { cert: server.cert, key: other.key };
  const daemon = new PyroDaemon({ tls });
  await expect(daemon.start()).rejects.toThrow('does not belong');
  tls.key = server.key;
  await daemon.start();
  await daemon.close();
});

it('a daemon without a port refuses TLS', async () => {
  const tls = { cert: server.cert, key: server.key };
  expect(() => new PyroDaemon({ tls, unixSocket: join(directory, 'socket') })).toThrow('tls needs a TCP port');
  expect(() => new PyroDaemon({ tls, listen: false })).toThrow('listen: false excludes');
  const daemon = await PyroDaemon.listen();
  const socket: Socket = connect(Number(daemon.locationStr.split(':')[1]), '127.0.0.1');
  expect(() => new PyroDaemon({ tls, connectedSocket: socket })).toThrow('connectedSocket is no TLS socket');
  socket.destroy();
  await daemon.close();
});
