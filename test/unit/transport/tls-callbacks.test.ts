import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createSecureContext, type SecureContext } from 'node:tls';
import { runInNewContext } from 'node:vm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { PyroDaemon, PyroProxy, type ServerTlsOptions } from '../../../lib/core.js';
import { TestAuthority } from '../../certificates.js';

let directory: string;
let ca: Buffer | string;
let own: { cert: Buffer | string; key: Buffer | string };
const daemons: PyroDaemon[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pyro-tls-'));
  const authority = await TestAuthority.create(directory, 'ca');
  ({ cert: ca } = authority);
  own = await authority.issue('server');
});
afterAll(() => rm(directory, { recursive: true, force: true }));
afterEach(async () => {
  for (const daemon of daemons.splice(0)) await daemon.close();
});

async function listen(callbacks: Pick<ServerTlsOptions, 'SNICallback'>): Promise<{ daemon: PyroDaemon; refusals: string[] }> {
  const daemon = await PyroDaemon.listen({ tls: { ...own, ...callbacks } });
  daemons.push(daemon);
  const refusals: string[] = [];
  daemon.on('handshakeFailed', (error) => refusals.push(error.message));
  return { daemon, refusals };
}

/** Asks a daemon for a host name. @returns the first event of the connection that decides */
async function ask(daemon: PyroDaemon, servername: string): Promise<'welcome' | 'refused'> {
  const port = Number(daemon.locationStr.split(':')[1]);
  const socket = connect({ port, host: '127.0.0.1', servername, rejectUnauthorized: false });
  const refused = new Promise<'refused'>((resolve) => {
    socket.on('error', () => resolve('refused')).on('close', () => resolve('refused'));
  });
  const outcome = await Promise.race([
    refused,
    once(socket, 'secureConnect').then(
      () => 'welcome' as const,
      () => refused,
    ),
  ]);
  socket.destroy();
  return outcome;
}

describe('certificates by host name (SNICallback)', () => {
  const contexts = (): Record<string, SecureContext> => ({ 'lab.example': createSecureContext(own) });

  it('a client that asks for the name of a member of Object.prototype is refused, and others are served', async () => {
    const table = contexts();
    const { daemon, refusals } = await listen({ SNICallback: (name, done) => done(null, table[name]) });
    expect(await ask(daemon, 'lab.example')).toBe('welcome');
    expect(await ask(daemon, 'constructor')).toBe('refused');
    expect(await ask(daemon, 'unknown.example')).toBe('welcome');
    expect(refusals).toEqual([
      'TLS handshake failed: tls.SNICallback gave a function for the host name; it takes a context of tls.createSecureContext(), or undefined',
    ]);
  });

  it.each<[string, ServerTlsOptions['SNICallback'], string]>([
    [
      'throws',
      () => {
        throw new Error('unknown host');
      },
      'unknown host',
    ],
    ['is async and throws', async () => Promise.reject(new Error('unknown host')), 'unknown host'],
    ['gives an error', (_, done) => done(new Error('unknown host')), 'unknown host'],
    ['gives a text for an error', (_, done) => done('unknown host' as unknown as Error), 'unknown host'],
  ])('a callback that %s refuses the client, and the daemon tells why', async (_, SNICallback, reason) => {
    const { daemon, refusals } = await listen({ SNICallback: SNICallback! });
    expect(await ask(daemon, 'other.example')).toBe('refused');
    await expect.poll(() => refusals).toEqual([`TLS handshake failed: tls.SNICallback has refused the host name: ${reason}`]);
  });

  it('a callback may be async, and may answer later', async () => {
    const table = contexts();
    const SNICallback = async (name: string, done: (error: Error | null, context?: SecureContext) => void): Promise<void> => {
      await new Promise((resolve) => setImmediate(resolve));
      done(null, table[name]);
    };
    const { daemon } = await listen({ SNICallback: (name, done) => void SNICallback(name, done) });
    expect(await ask(daemon, 'lab.example')).toBe('welcome');
  });
});

describe('the check of a server’s certificate (checkServerIdentity)', () => {
  it.each<[string, () => unknown, string]>([
    ['a promise', () => Promise.reject(new Error('no')), 'gave a promise'],
    ['a boolean', () => true, 'gave true'],
    ['a text', () => 'not this one', 'gave the text "not this one"'],
  ])('%s in place of an Error refuses the server with words', async (_, check, text) => {
    const { daemon } = await listen({});
    const tls = { ca, checkServerIdentity: check as () => undefined };
    const expected = `tls.checkServerIdentity ${text}; it takes an Error, or undefined when the certificate is right`;
    await expect(PyroProxy.connect(`PYRO:Pyro.Daemon@${daemon.locationStr}`, { tls })).rejects.toThrow(expected);
  });

  it('an Error of another realm refuses the server with its own text', async () => {
    const { daemon } = await listen({});
    const tls = { ca, checkServerIdentity: () => runInNewContext('new Error("not this one")') as Error };
    await expect(PyroProxy.connect(`PYRO:Pyro.Daemon@${daemon.locationStr}`, { tls })).rejects.toThrow(/: not this one$/);
  });

  it('an async function is refused before any connection', () => {
    const tls = { ca, checkServerIdentity: (async () => undefined) as unknown as () => undefined };
    expect(() => PyroProxy.to('PYRO:x@localhost:1', { tls })).toThrow(/tls.*checkServerIdentity.*async function/);
  });
});
