import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CanActivate, type ExecutionContext, Injectable, Logger } from '@nestjs/common';
import { Ctx } from '@nestjs/microservices';
import { expect, it, vi } from 'vitest';
import {
  PyroContext,
  PyroController,
  type PyroDaemon,
  PyroHandshakeContext,
  PyroMethod,
  PyroProxy,
  UseHandshakeGuards,
} from '../../../lib/index.js';
import { TestAuthority } from '../../certificates.js';
import { closeAfter, serve } from './fixtures.js';

@Injectable()
class OperatorGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const handshake = PyroHandshakeContext.from(context);
    const name = handshake.connection.peerCertificate?.subject.CN;
    handshake.setPrincipal(name);
    return name === 'operator';
  }
}

@PyroController('valve')
@UseHandshakeGuards(OperatorGuard)
class Valve {
  @PyroMethod() open(@Ctx() ctx: PyroContext): string {
    return `opened by ${String(ctx.principal)}`;
  }
}

it('handshake guards see the certificate of the client, and the server warns of clients that speak no TLS', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'pyro-tls-'));
  closeAfter(() => rm(directory, { recursive: true, force: true }));
  const authority = await TestAuthority.create(directory, 'ca');
  const ca = authority.cert;
  const { cert, key } = await authority.issue('server');
  const { server } = await serve({ providers: [Valve] }, { tls: { cert, key, ca, requestClientCert: true } });
  const { locationStr } = server.unwrap<PyroDaemon>();
  const uri = `PYRO:valve@${locationStr}`;

  const operator = await authority.issue('operator');
  await using valve = await PyroProxy.connect<Valve>(uri, { tls: { ca, cert: operator.cert, key: operator.key } });
  expect(await valve.$call('open')).toBe('opened by operator');
  const visitor = await authority.issue('visitor');
  await expect(PyroProxy.connect(uri, { tls: { ca, cert: visitor.cert, key: visitor.key }, maxRetries: 0 })).rejects.toThrow(
    'rejected: Forbidden resource',
  );

  const warn = vi.spyOn(Logger.prototype, 'warn');
  closeAfter(() => warn.mockRestore());
  connect(Number(locationStr.split(':')[1]), '127.0.0.1')
    .on('error', () => undefined)
    .end('PYRO without TLS');
  await expect
    .poll(() => warn.mock.calls.flat().map(String))
    .toContainEqual(expect.stringContaining('the client does not speak TLS'));
});
