import type { LookupAddress } from 'node:dns';
import { isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { isThenable } from '../../calls/thenable.js';
import { configError } from '../../options/option-checks.js';
import { CommunicationError, SecurityError } from '../../protocol/errors.js';
import { isLoopbackAddress, plainAddress, socketAddressOf } from '../../protocol/location.js';
import { peerText } from '../../protocol/texts/peer-text.js';
import type { PyroUri } from '../../protocol/uri.js';
import { type ConnectAddress, locationOf } from '../../transport/sockets/connector.js';
import type { ProxySender, ReceivedProxies } from '../options/received-proxies.js';

/** Finds the addresses of a host name, or of an IP address. */
type HostLookUp = (host: string) => Promise<LookupAddress[]>;

/** The addresses of both ends of a connection that this program opened. */
export interface ConnectionEnds extends ProxySender {
  /** IP address of this end; undefined over a unix socket. */
  readonly localAddress: string | undefined;
  /** The host of the location that was connected to; undefined for a unix socket. */
  readonly host: string | undefined;
}

/** Finds the addresses of a connection to a daemon. */
export function endsOf({ socket, location }: { socket: Duplex; location: string }): ConnectionEnds {
  const { remoteAddress, remotePort, localAddress } = socket as Partial<Socket>;
  const target = socketAddressOf(location);
  const host = target && 'host' in target ? target.host : undefined;
  if (remoteAddress === undefined) return { remoteAddress: location, localAddress: undefined, host };
  return {
    host,
    remoteAddress: locationOf({ host: remoteAddress, port: remotePort ?? 0 }),
    localAddress: localAddress && plainAddress(localAddress),
  };
}

/**
 * Gives the address to connect to for a URI that a peer chose, if the peer may choose it.
 *
 * By default a URI is allowed if it leads to the peer's own address over TCP, or to the unix socket by which the peer was reached.
 * The loopback addresses (127.0.0.1, ::1) count as one address. The result has the IP address that was checked, so that a second
 * lookup of the host name cannot lead elsewhere. `localhost` and the host by which the peer was reached are not looked up.
 *
 * @param what begins the error text
 * @param lookUp looks a host name up that the peer chose
 * @throws {SecurityError} when the URI is not allowed; the text names the option that allows it
 * @throws {CommunicationError} of `lookUp`: the name is not looked up
 */
export async function allowedAddress(
  uri: PyroUri,
  sender: ProxySender,
  { allowed, what, lookUp }: { allowed: ReceivedProxies | undefined; what: string; lookUp: HostLookUp },
): Promise<ConnectAddress> {
  const address = addressOf(uri);
  if (allowed) {
    if (mayConnect(uri, sender, allowed)) return address;
  } else if ('host' in address) {
    const own = addressIn(sender.remoteAddress);
    const found = own && (await addressLike(address.host, own, sender, lookUp));
    if (found !== undefined) return { ...address, address: found };
  } else if (sender.remoteAddress === locationOf(address)) {
    return address;
  }
  throw new SecurityError(
    `${what} to ${peerText(locationOf(address))}, which is not the address of who gave it; allow it with receivedProxies`,
  );
}

/**
 * Asks the option `receivedProxies`.
 *
 * @throws {PyroError} `CONFIG` when the answer is a promise: a promise of false would allow the connection
 */
export function mayConnect(uri: PyroUri, sender: ProxySender, allowed: ReceivedProxies): boolean {
  const answer: unknown = allowed(uri, sender);
  if (!isThenable(answer)) return Boolean(answer);
  // nobody else handles a later rejection of the promise
  Promise.resolve(answer).catch(() => undefined);
  throw configError('receivedProxies gave a promise; it must give true or false at once');
}

/** Gives the address in a PYRO URI. */
export function addressOf(uri: PyroUri): ConnectAddress {
  return uri.socketName === undefined ? { host: uri.host!, port: uri.port! } : { unixSocket: uri.socketName };
}

/** Finds the IP address in a location; undefined for a host name and for a unix socket. */
function addressIn(location: string): string | undefined {
  const address = socketAddressOf(location);
  return address && 'host' in address && isIP(address.host) ? plainAddress(address.host) : undefined;
}

/** Finds the address of `host` that is also the peer's own; undefined when there is none. */
async function addressLike(host: string, own: string, sender: ProxySender, lookUp: HostLookUp): Promise<string | undefined> {
  const { host: reached } = sender as Partial<ConnectionEnds>;
  if (reached !== undefined && reached.toLowerCase() === host.toLowerCase()) return own;
  const found = await lookUp(host).catch((error: unknown): LookupAddress[] => {
    if (error instanceof CommunicationError) throw error;
    return [];
  });
  return found
    .map(({ address }) => plainAddress(address))
    .find((address) => address === own || (isLoopbackAddress(address) && isLoopbackAddress(own)));
}
