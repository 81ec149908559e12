import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { PyroDaemon } from '../../../lib/core.js';
import { DaemonSource } from '../../../lib/inspector/sources/daemon-source.js';
import { TestAuthority } from '../../certificates.js';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'unreadable-tls-files-'));
  // the process reads its variables once
  vi.stubEnv('PYRO_SSL', '1');
  vi.stubEnv('PYRO_SSL_CACERTS', join(directory, 'missing.pem'));
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(directory, { recursive: true });
});

it('the inspector shows its daemons when the files of TLS for clients cannot be read, and only its calls fail', async () => {
  const authority = await TestAuthority.create(directory, 'authority');
  const { cert, key } = await authority.issue('camera');
  await using plain = await PyroDaemon.listen({ host: '127.0.0.1', port: 0, tls: false });
  await using secure = await PyroDaemon.listen({ host: '127.0.0.1', port: 0, tls: { cert, key } });
  await using closing = await PyroDaemon.listen({ host: '127.0.0.1', port: 0, tls: false });
  vi.spyOn(closing, 'inspect').mockImplementation(() => {
    throw new Error('the daemon is closing');
  });
  const daemons = Object.entries({ plain, secure, closing }).map(([id, daemon]) => ({ id, daemon }));
  const source = new DaemonSource(() => daemons, { handshake: 'hunter2' }, 10);
  const servers = await source.take();
  expect(servers.map(({ id, error, needs }) => [id, error, needs])).toEqual([
    ['plain', null, { handshake: true, tls: false, certificate: false }],
    ['secure', null, { handshake: true, tls: true, certificate: false }],
    ['closing', 'the daemon is closing', { handshake: true, tls: false, certificate: false }],
  ]);
  expect(() => source.reach('secure', 'camera')).toThrow('PYRO_SSL_CACERTS');
});
