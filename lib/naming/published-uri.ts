import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { tcpLocation } from '../protocol/location.js';
import { PyroUri } from '../protocol/uri.js';

/** `0.0.0.0` in every form that the operating system accepts. */
const ALL_IPV4 = /^(::ffff:)?0(\.0){0,3}$/i;

/**
 * Makes the URI to register for an object. The hosts `0.0.0.0` and `::` of a daemon that listens on all interfaces are replaced by
 * an address that other machines can reach.
 *
 * @param localAddress this machine's address in the connection to the name server; undefined over a unix socket
 */
export function publishedUri(uri: PyroUri, localAddress: string | undefined): PyroUri {
  const { host = '' } = uri;
  const isIPv4 = ALL_IPV4.test(host);
  if (!isIPv4 && !isUnspecifiedV6(host)) return uri;
  const isServed = localAddress !== undefined && !(isIPv4 && isIPv6(localAddress));
  const address = isServed ? localAddress : (anyIPv4() ?? '127.0.0.1');
  return PyroUri.at(uri.object, tcpLocation(address, uri.port));
}

function isUnspecifiedV6(host: string): boolean {
  return isIPv6(host) && /^[0:]+$/.test(host);
}

/** Finds an IPv4 address of this machine that is not a loopback address. */
function anyIPv4(): string | undefined {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
}
