import { resolveProxyOptions } from '../../client/options/resolve-proxy-options.js';
import type { AskedPeer } from './asked-peer.js';

/** The TLS of a connection, in the words of its source: options of the command line, or environment variables. */
export interface TlsSettings {
  /** True when authorities are given. */
  readonly hasAuthorities: boolean;
  /** The option or variable of the authorities. */
  readonly authorities: string;
  /** The option or variable of the certificate of this client. */
  readonly certificate: string;
  /** Advice that switches TLS off. */
  readonly off: string;
  /** The options or variables to add, so that authorities are given. */
  readonly giveAuthorities: string;
  /** The options or variables to add, so that this client has a certificate. */
  readonly giveCertificate: string;
}

/** The TLS of the connection to a peer; undefined: no TLS. Options win over environment variables. */
export function tlsSettingsOf({ options, tlsFlag }: AskedPeer): TlsSettings | undefined {
  const { tls } = resolveProxyOptions({ tls: options.tls });
  if (!tls) return undefined;
  const hasAuthorities = typeof tls === 'object' && tls.ca !== undefined;
  if (options.tls !== undefined) {
    return {
      hasAuthorities,
      authorities: '--ca',
      certificate: '--cert',
      off: `leave ${tlsFlag} out`,
      giveAuthorities: `--ca FILE with ${tlsFlag}`,
      giveCertificate: `--cert FILE and --key FILE with ${tlsFlag}`,
    };
  }
  return {
    hasAuthorities,
    authorities: 'PYRO_SSL_CACERTS',
    certificate: 'PYRO_SSL_CLIENTCERT',
    off: 'remove PYRO_SSL',
    giveAuthorities: 'PYRO_SSL_CACERTS',
    giveCertificate: 'PYRO_SSL_CLIENTCERT and PYRO_SSL_CLIENTKEY',
  };
}
