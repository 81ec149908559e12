import type { PyroError } from '../../protocol/errors.js';
import type { TlsSettings } from './tls-settings.js';

const UNTRUSTED = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_SIGNATURE_FAILURE',
]);

/** Advice for a TLS handshake that failed, by the code of Node or of OpenSSL. */
export function certificateAdvice({ cause }: PyroError, settings: TlsSettings): string {
  const { hasAuthorities, authorities, certificate, giveAuthorities, giveCertificate } = settings;
  const code = String((cause as NodeJS.ErrnoException | undefined)?.code);
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return 'ask for the object by a host that the certificate names, or let the certificate name this host';
  if (code === 'CERT_HAS_EXPIRED')
    return `renew the certificate of the daemon, or set the clock of this machine, which says ${clock()}`;
  if (code === 'CERT_NOT_YET_VALID')
    return `set the clocks: this machine says ${clock()}, and the certificate of the daemon begins later`;
  if (UNTRUSTED.has(code)) {
    return hasAuthorities
      ? `compare ${authorities} with the authority that signed the certificate of the daemon`
      : `give the authority that signed the certificate of the daemon: ${giveAuthorities}`;
  }
  if (code.endsWith('ALERT_CERTIFICATE_REQUIRED') || code.endsWith('ALERT_HANDSHAKE_FAILURE'))
    return `give a certificate of this client: ${giveCertificate}`;
  if (code.includes('_ALERT_') && /CERTIFICATE|CA$/.test(code))
    return `compare ${certificate} with what the daemon takes: its authorities, and the dates of the certificate`;
  return `compare ${authorities}, ${certificate} and the versions of TLS on both sides; look at the clocks of both machines`;
}

function clock(): string {
  return new Date().toISOString().replace(/\.\d+/, '');
}
