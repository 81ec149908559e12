import { millisecondsOf } from '../../options/config-items.js';
import { environmentConfig } from '../../options/environment.js';
import type { PyroUri } from '../../protocol/uri.js';
import type { ClientTlsOptions } from '../../options/tls.js';
import type { ProxySender } from './received-proxies.js';

/** Where the name server is. Default what a PYRONAME or PYROMETA URI says, then `PYRO_NS_HOST` and `PYRO_NS_PORT`, then `localhost:9090`. */
export interface NameServerAddress {
  /** Default `localhost`. */
  host?: string;
  /** Default 9090. */
  port?: number;
  /** Path of a unix domain socket, instead of `host` and `port`. */
  unixSocket?: string;
  /**
   * Ask the local network for a name server when none is at localhost, and no `host` or `unixSocket` is given. Whoever answers
   * is believed, so it is off by default; `true`, or the port and addresses to ask.
   */
  broadcast?: boolean | BroadcastAddress;
  /** How long a name that is not registered yet, or a name server that is not there yet, is waited for. Default 0. */
  waitMs?: number;
  /** Reach the name server over TLS, with these certificates. Default plain. */
  tls?: boolean | ClientTlsOptions;
}

export interface BroadcastAddress {
  /** Default 9091. */
  port?: number;
  /** Default the limited broadcast address, 255.255.255.255. */
  addresses?: readonly string[];
}

/** How long a name, or a name server, is waited for: what the address says, else `PYRO_NS_LOOKUP_DELAY`. */
export function waitMsOf(address: NameServerAddress | undefined): number {
  return address?.waitMs ?? millisecondsOf(environmentConfig().NS_LOOKUP_DELAY) ?? 0;
}

/** A name that was looked up. */
export interface ResolvedName {
  /** A PYRO URI. */
  uri: PyroUri;
  /** The name server that gave it. */
  givenBy: ProxySender;
}

/** Looks PYRONAME and PYROMETA URIs up. The client needs one, and the naming room has it. */
export type NameResolver = (uri: PyroUri, options: NameServerAddress, signal: AbortSignal) => Promise<ResolvedName>;
