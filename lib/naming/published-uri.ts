import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { tcpLocation } from '../protocol/location.js';
import { PyroUri } from '../protocol/uri.js';

/** All ways to write it that the system takes. */
const ALL_IPV4 = /^(::ffff:)?0(\.0){0,3}$/i;

/**
 * The URI that others can use for an object: of a daemon that listens on all interfaces, the address that it has towards the
 * name server, never `0.0.0.0` or `::`.
 *
 * @param localAddress our end of the connection to the name server; undefined over a unix socket
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

/** An address of this machine that others may reach. */
function anyIPv4(): string | undefined {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
}
