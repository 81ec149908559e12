import { X509Certificate } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { types } from 'node:util';
import type { ClientTlsOptions } from './tls.js';

/** Checks whether a certificate is for a host, as `checkServerIdentity` of Node does. */
export type IdentityCheck = NonNullable<ClientTlsOptions['checkServerIdentity']>;

/** Checks IPv6 addresses, then calls Node's own check: Node 22.23 finds no IPv6 address in any certificate. */
export function namesServer(host: string, certificate: PeerCertificate): Error | undefined {
  const isNamed = isIPv6(host) && new X509Certificate(certificate.raw).checkIP(host) !== undefined;
  return isNamed ? undefined : checkServerIdentity(host, certificate);
}

/**
 * The check of a server that may be called by either of two hosts.
 *
 * @param other the second host: a name, or an IP address without brackets
 * @param check checks one host. Default: the certificate is for the host
 * @returns takes the first host; gives the error for it when the certificate is for neither. What is no error of a check is its answer
 */
export function namesEither(other: string, check: IdentityCheck = namesServer): IdentityCheck {
  return (host, certificate) => {
    const fault = check(host, certificate);
    if (!types.isNativeError(fault)) return fault;
    const answer = check(other, certificate);
    return types.isNativeError(answer) ? fault : answer;
  };
}
