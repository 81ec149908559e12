import type { PyroUri } from '../../protocol/uri.js';

/** The peer that sent a proxy: the other end of a connection of a proxy or of a daemon. */
export interface ProxySender {
  /** `address:port`, `[v6]:port` or `./u:path` of the peer; any other text if the peer has no address. */
  readonly remoteAddress: string;
}

/**
 * Decides whether a proxy that a peer sent may connect, with its handshake data if it has some.
 *
 * @param uri where the proxy would connect to
 * @param sender the peer that sent the proxy; for an address that a name server gave, the name server
 * @returns true to allow the connection
 */
export type ReceivedProxies = (uri: PyroUri, sender: ProxySender) => boolean;
