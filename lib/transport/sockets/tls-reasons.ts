/** Why a TLS handshake failed, for the log of a daemon and for the error of a client. */
export const NO_COMMON_VERSION = 'client and daemon have no TLS version in common (tls.minVersion, tls.maxVersion)';

/** End of OpenSSL's code for an answer that is no TLS. */
const NO_TLS = 'WRONG_VERSION_NUMBER';

/**
 * Remedies for TLS failures that the daemon reports, by the end of OpenSSL's code. The beginning of the code depends on the version of
 * OpenSSL.
 */
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
  [NO_TLS, 'the daemon does not speak TLS'],
];

/** True for a TLS alert of the peer. The peer refuses the connection, so another attempt does not help. */
export function isAlertOfPeer(error: Error): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && code.startsWith('ERR_SSL_') && /alert/i.test(code + error.message);
}

/** True for the failure of a client that speaks TLS to a daemon without. */
export function isWithoutTls(cause: unknown): boolean {
  const { code } = (cause ?? {}) as { code?: unknown };
  return typeof code === 'string' && code.endsWith(NO_TLS);
}

/** The text of a failure of a client's connection. For TLS it replaces OpenSSL's text, which has memory addresses and names of source files. */
export function connectionFailureText(error: Error): string {
  const { code, reason } = error as { code?: unknown; reason?: unknown };
  if (typeof code !== 'string' || !code.startsWith('ERR_SSL_')) return error.message;
  const words = reasons.find(([end]) => code.endsWith(end))?.[1];
  return `${words ?? (typeof reason === 'string' ? reason : error.message.trim())} (${code})`;
}
