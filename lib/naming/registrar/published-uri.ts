import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { allInterfaces, tcpLocation } from '../../protocol/location.js';
import { PyroUri } from '../../protocol/uri.js';

/**
 * Makes the URI to register for an object. The hosts `0.0.0.0` and `::` of a daemon that listens on all interfaces are replaced by
 * an address that other machines can reach.
 *
 * @param localAddress this machine's address in the connection to the name server; undefined over a unix socket
 */
export function publishedUri(uri: PyroUri, localAddress: string | undefined): PyroUri {
  const { host = '' } = uri;
  const version = allInterfaces(host);
  if (version === undefined) return uri;
  const isServed = localAddress !== undefined && !(version === 4 && isIPv6(localAddress));
  const address = isServed ? localAddress : (anyIPv4() ?? '127.0.0.1');
  return PyroUri.at(uri.object, tcpLocation(address, uri.port));
}

/** Finds an IPv4 address of this machine that is not a loopback address. */
function anyIPv4(): string | undefined {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
}
