import { X509Certificate } from 'node:crypto';
import type { ServerOpts } from 'node:net';
import { createServer, type Server } from 'node:tls';
import { configError } from '../options/option-checks.js';
import type { ServerTlsOptions } from '../options/tls.js';
import { asError } from '../protocol/safe-text.js';

/** Switches off Node's time limit of TLS handshakes: `SecureHandshakes` has its own timers. */
const NO_TIMEOUT_MS = 2 ** 31 - 1;

/**
 * A TLS server that does not listen yet.
 *
 * @throws {PyroError} `CONFIG`, when certificates, keys or other options cannot work
 */
export function createSecureServer(tls: ServerTlsOptions, socketOptions: ServerOpts): Server {
  const { requestClientCert = false, ...options } = tls;
  checkCertificates(tls);
  try {
    return createServer({
      ...options,
      ...socketOptions,
      key: tls.key ?? (tls.pfx === undefined ? tls.cert : undefined),
      requestCert: requestClientCert,
      handshakeTimeout: NO_TIMEOUT_MS,
    });
  } catch (error) {
    const cause = asError(error) as NodeJS.ErrnoException;
    throw configError(`tls: ${reasonOf(cause, tls)}`, cause);
  }
}

/**
 * Finds the reason why a key is refused. A wrong passphrase decrypts a key to random bytes; in one case of 256 they look like a correct
 * decryption.
 */
function reasonOf({ code = '', message }: NodeJS.ErrnoException, { key, cert }: ServerTlsOptions): string {
  const isEncrypted = listOf(key ?? cert).some((content) => /ENCRYPTED/.test(textOf(content)));
  return reasons[code === 'ERR_OSSL_UNSUPPORTED' && isEncrypted ? 'ERR_OSSL_BAD_DECRYPT' : code] ?? message;
}

type KeyContent = string | Buffer | { pem: string | Buffer };

function textOf(content: KeyContent): string {
  if (typeof content === 'string') return content;
  return Buffer.isBuffer(content) ? content.toString('latin1') : textOf(content.pem);
}

const reasons: Record<string, string> = {
  ERR_OSSL_X509_KEY_VALUES_MISMATCH: '`key` does not belong to `cert`',
  ERR_OSSL_BAD_DECRYPT: '`key` is encrypted, and `passphrase` is missing or wrong',
  ERR_MISSING_PASSPHRASE: '`key` is encrypted, and `passphrase` is missing',
  ERR_OSSL_PEM_NO_START_LINE: '`key` is no PEM key; it must be the content of the file',
  ERR_OSSL_UNSUPPORTED: '`key` is no PEM key; it must be the content of the file',
};

/** Refuses options that Node accepts, but that fail with the first client. */
function checkCertificates({ cert, pfx, ca, SNICallback, requestClientCert }: ServerTlsOptions): void {
  if (cert === undefined && pfx === undefined && SNICallback === undefined) {
    throw configError('tls needs the certificate of the daemon: `cert` and `key`, or `pfx`');
  }
  for (const certificate of listOf(cert)) checkCertificate('cert', certificate);
  for (const authority of listOf(ca)) checkCertificate('ca', authority);
  if (requestClientCert && listOf(ca).length === 0) {
    throw configError(
      'tls.requestClientCert needs `ca`, the authorities whose client certificates are good; without it every public one would be',
    );
  }
}

function checkCertificate(name: 'cert' | 'ca', content: string | Buffer): void {
  try {
    // X509Certificate reads the first certificate of a file
    void new X509Certificate(content);
  } catch (error) {
    const isPath = typeof content === 'string' && !content.includes('\n');
    const remedy = isPath
      ? `it must be the content of the file, not its path (${JSON.stringify(content)})`
      : asError(error).message;
    throw configError(`tls.${name} is no PEM certificate: ${remedy}`, asError(error));
  }
}

function listOf<T>(value: T | T[] | undefined): T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}
