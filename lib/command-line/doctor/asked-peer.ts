import type { PyroProxyOptions } from '../../client/options/proxy-options.js';
import type { PyroUri } from '../../protocol/uri.js';

/** An object that is asked, and the options of the command line that are for it. */
export interface AskedPeer {
  readonly uri: PyroUri;
  readonly options: PyroProxyOptions & { connectTimeoutMs: number };
  /** The option that switches TLS on. */
  readonly tlsFlag: '--tls' | '--ns-tls';
  /** The option that gives handshake data. */
  readonly handshakeFlag: '--handshake' | '--ns-handshake';
}
