/** Why a TLS handshake failed, for the log of a daemon and for the error of a client. */
export const NO_COMMON_VERSION = 'client and daemon have no TLS version in common (tls.minVersion, tls.maxVersion)';

/** The daemon's part of a TLS failure, in words that say what to do. By the end of OpenSSL's code: its versions begin it differently. */
const reasons: readonly (readonly [end: string, reason: string])[] = [
  ['ALERT_CERTIFICATE_REQUIRED', 'the daemon wants a certificate of the client: give tls `cert` and `key`'],
  ['ALERT_UNKNOWN_CA', 'the daemon does not trust the authority of tls.cert'],
  ['ALERT_BAD_CERTIFICATE', 'the daemon refuses tls.cert'],
  ['ALERT_CERTIFICATE_EXPIRED', 'the daemon refuses tls.cert: it has expired'],
  ['ALERT_CERTIFICATE_REVOKED', 'the daemon refuses tls.cert: its authority has revoked it'],
  [
    'ALERT_HANDSHAKE_FAILURE',
    'the daemon refuses the TLS handshake; it may want a certificate of the client (tls `cert` and `key`), or another cipher',
  ],
  ['ALERT_PROTOCOL_VERSION', NO_COMMON_VERSION],
  ['WRONG_VERSION_NUMBER', 'the daemon does not speak TLS'],
];

/** True for a TLS alert of the peer, which says that the peer refuses the connection: to try again does not help. */
export function isAlertOfPeer(error: Error): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && code.startsWith('ERR_SSL_') && /alert/i.test(code + error.message);
}

/** The text of a failure of a client's connection: for TLS not OpenSSL's raw text, which has addresses and files of its source. */
export function connectionFailureText(error: Error): string {
  const { code, reason } = error as { code?: unknown; reason?: unknown };
  if (typeof code !== 'string' || !code.startsWith('ERR_SSL_')) return error.message;
  const words = reasons.find(([end]) => code.endsWith(end))?.[1];
  return `${words ?? (typeof reason === 'string' ? reason : error.message.trim())} (${code})`;
}
