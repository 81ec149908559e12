import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PyroController, PyroMethod } from 'nestjs-pyro';
import { openssl } from '../../../certificates.js';
import { upstreamDistribution } from '../../python-env.js';
import type { Example, Script } from '../example.js';
import type { Stage } from '../stage.js';
import { CertificateGuard } from './certificate.guard.js';

@PyroController('safe')
class Safe {
  @PyroMethod()
  echo(_message: string): string {
    return 'hi!';
  }
}

/** The scripts look for certificates in ../../certs. */
const CWD = 'examples/ssl';

/** Signs upstream's certificates again with their own keys, because they expire. */
async function renewCertificates({ directory }: Stage, ...ofClient: string[]): Promise<void> {
  const certificates = join(await upstreamDistribution(), 'certs');
  await mkdir(join(directory, CWD), { recursive: true });
  await mkdir(join(directory, 'certs'));
  for (const owner of ['server', 'client']) {
    const key = join(certificates, `${owner}_key.pem`);
    await openssl('pkey', '-in', key, '-out', join(directory, 'certs', `${owner}_key.pem`));
    const changes = owner === 'client' ? ofClient : [];
    const renewed = join(directory, 'certs', `${owner}_cert.pem`);
    await openssl(
      'x509',
      '-in',
      join(certificates, `${owner}_cert.pem`),
      '-signkey',
      key,
      '-days',
      '2',
      ...changes,
      '-out',
      renewed,
    );
  }
}

const serve: Example['serve'] = async (stage) => {
  const pem = (name: string): Promise<string> => readFile(join(stage.directory, 'certs', name), 'utf8');
  const [cert, key, ca] = await Promise.all([pem('server_cert.pem'), pem('server_key.pem'), pem('client_cert.pem')]);
  const server = await stage.nest(
    { providers: [Safe, CertificateGuard] },
    { host: 'localhost', tls: { cert, key, ca, requestClientCert: true }, handshakeGuards: [CertificateGuard] },
  );
  return server.unwrap().uriFor('safe');
};
const original: Script[] = [{ file: 'server.py', cwd: CWD, ready: /PYRO:\S+\n/ }];
const client: Script = { file: 'client.py', cwd: CWD, input: (uri) => `${uri}\n` };

/** Both sides show a certificate, and check the certificate of the other side. */
export default [
  { prepare: renewCertificates, serve, original, scripts: [client] },
  {
    // trusted, but not the certificate that the server expects
    prepare: (stage) => renewCertificates(stage, '-set_serial', '5'),
    serve,
    original,
    scripts: [{ ...client, exitCode: 1, tracebacks: true, prints: [/rejected: .*cert serial number incorrect/] }],
  },
] satisfies Example[];
