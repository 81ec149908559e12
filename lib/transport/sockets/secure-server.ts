import type { ServerOpts } from 'node:net';
import { createServer, type Server } from 'node:tls';
import { configError } from '../../options/option-checks.js';
import type { ServerTlsOptions } from '../../options/tls.js';
import { checkCertificate, keyError, asList } from './certificate-faults.js';
import { checkedSniCallback } from './tls-callbacks.js';

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
      ...(tls.SNICallback && { SNICallback: checkedSniCallback(tls.SNICallback) }),
      ...socketOptions,
      key: tls.key ?? (tls.pfx === undefined ? tls.cert : undefined),
      requestCert: requestClientCert,
      handshakeTimeout: NO_TIMEOUT_MS,
    });
  } catch (error) {
    throw keyError(error, tls);
  }
}

/** Refuses options that Node accepts, but that fail with the first client. */
function checkCertificates({ cert, pfx, ca, SNICallback, requestClientCert }: ServerTlsOptions): void {
  if (cert === undefined && pfx === undefined && SNICallback === undefined) {
    throw configError('tls needs the certificate of the daemon: `cert` and `key`, or `pfx`');
  }
  for (const certificate of asList(cert)) checkCertificate('cert', certificate);
  for (const authority of asList(ca)) checkCertificate('ca', authority);
  if (requestClientCert && asList(ca).length === 0) {
    throw configError(
      'tls.requestClientCert needs `ca`, the authorities whose client certificates are good; without it every public one would be',
    );
  }
}
