import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Makes an authority, and certificates of the server and of an operator that it has signed, with `openssl`. In earnest somebody
 * gives you such files.
 *
 * @returns their directory: ca.pem, server.pem, server.key, operator.pem, operator.key
 */
export function makeCertificates(): string {
  const cwd = mkdtempSync(join(tmpdir(), 'pyro-tls-'));
  const openssl = (command: string): unknown => execFileSync('openssl', command.split(' '), { cwd, stdio: 'pipe' });
  const newKey = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes';
  openssl(`req ${newKey} -x509 -days 2 -subj /CN=lab-authority -keyout ca.key -out ca.pem`);
  writeFileSync(join(cwd, 'names'), 'subjectAltName=DNS:localhost,IP:127.0.0.1');
  for (const [name, subject] of [
    ['server', '/CN=localhost'],
    ['operator', '/CN=Ann/OU=operators'],
  ]) {
    openssl(`req ${newKey} -subj ${subject} -keyout ${name}.key -out ${name}.csr`);
    openssl(`x509 -req -in ${name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out ${name}.pem`);
  }
  return cwd;
}
