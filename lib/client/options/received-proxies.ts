import { lookup } from 'node:dns/promises';
import { isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { SecurityError } from '../../protocol/errors.js';
import type { PyroUri } from '../../protocol/uri.js';
import { type ConnectAddress, locationOf } from '../../transport/connector.js';

/** Who sent a proxy: a connection of ours to a daemon, or a client's to our daemon. */
export interface ProxySender {
  /** `address:port`, `[v6]:port` or `./u:path` of the peer; anything else when it has none. */
  readonly remoteAddress: string;
}

/**
 * Says where a proxy that a peer sent may connect to, with our handshake data if it has some.
 *
 * @param uri where the proxy wants to connect to
 * @param connection over which the proxy came; for an address that a name server gave, the connection to that
 */
export type ReceivedProxies = (uri: PyroUri, connection: ProxySender) => boolean;

/** Both ends of a connection of ours. */
export interface ConnectionEnds extends ProxySender {
  /** IP address of this side; undefined over a unix socket. */
  readonly localAddress: string | undefined;
}

/** The ends of a connection to a daemon. */
export function endsOf({ socket, location }: { socket: Duplex; location: string }): ConnectionEnds {
  const { remoteAddress, remotePort, localAddress } = socket as Partial<Socket>;
  if (remoteAddress === undefined) return { remoteAddress: location, localAddress: undefined };
  return {
    remoteAddress: locationOf({ host: remoteAddress, port: remotePort ?? 0 }),
    localAddress: localAddress && plainAddress(localAddress),
  };
}

/**
 * Finds out where a connection that somebody else chose may go.
 *
 * By default only to the address that the sender itself has, over TCP, or to the unix socket that we reached it by. The
 * addresses of the own machine (127.0.0.1, ::1) count as one. The connection then goes to the very address that was allowed,
 * so that a host name cannot mean another one a moment later.
 *
 * @throws {SecurityError} when it is not allowed, naming the option that does
 */
export async function allowedAddress(
  uri: PyroUri,
  sender: ProxySender,
  allowed: ReceivedProxies | undefined,
  what: string,
): Promise<ConnectAddress> {
  const address = addressOf(uri);
  if (allowed) {
    if (allowed(uri, sender)) return address;
  } else if ('host' in address) {
    const own = hostOf(sender.remoteAddress);
    const found = own && (await addressLike(address.host, own));
    if (found !== undefined) return { ...address, address: found };
  } else if (sender.remoteAddress === locationOf(address)) {
    return address;
  }
  throw new SecurityError(
    `${what} to ${locationOf(address)}, which is not the address of who gave it; allow it with receivedProxies`,
  );
}

/** Where a PYRO URI leads to. */
export function addressOf(uri: PyroUri): ConnectAddress {
  return uri.socketName === undefined ? { host: uri.host!, port: uri.port! } : { unixSocket: uri.socketName };
}

function hostOf(remoteAddress: string): string | undefined {
  const match = /^(?:\[([^\]]+)\]|([\d.]+)):\d+$/.exec(remoteAddress);
  return match ? plainAddress(match[1] ?? match[2]!) : undefined;
}

/** The address of `host` that is the sender's own; undefined: it has none such. */
async function addressLike(host: string, own: string): Promise<string | undefined> {
  const found = isIP(host) ? [{ address: host }] : await lookup(host, { all: true, order: 'ipv4first' }).catch(() => []);
  return found.map(({ address }) => plainAddress(address)).find((address) => address === own || isLocal(address, own));
}

/** A peer of this machine may come from ::1, and its daemon listen on 127.0.0.1. */
function isLocal(...addresses: string[]): boolean {
  return addresses.every((address) => /^(127\.|::1$)/.test(address));
}

/** An IPv4 peer of a socket that listens on IPv6 as well has an address like ::ffff:127.0.0.1. */
function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=[\d.]+$)/i, '').toLowerCase();
}
