import type { ClientTlsOptions } from '../../options/tls.js';
import type { PyroProxyOptions } from '../../client/options/proxy-options.js';
import { environmentProxyOptions } from '../../client/options/resolve-proxy-options.js';
import type { ClientNeeds } from '../contract/contract.js';

/** TLS of proxies with these options, or by environment variables. Undefined: no TLS. */
export function tlsOf(options: PyroProxyOptions): ClientTlsOptions | undefined {
  const { tls = environmentProxyOptions(options).tls } = options;
  return tls === true ? {} : tls || undefined;
}

/** The needs of programs that call objects as proxies with these options do. @param tls the result of {@link tlsOf} */
export function clientNeeds({ handshake }: PyroProxyOptions, tls: ClientTlsOptions | undefined): ClientNeeds {
  return { handshake: handshake !== undefined, tls: tls !== undefined, certificate: (tls?.cert ?? tls?.pfx) !== undefined };
}
