import { randomUUID } from 'node:crypto';
import { isIPv4, isIPv6, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** Prefix of the location of a unix domain socket. */
export const UNIX_PREFIX = './u:';

/** The largest port of TCP and UDP. */
export const MAX_PORT = 65_535;

const WITHOUT_ADDRESS = 'local';

/** `host:port` as it stands in URIs; a numeric IPv6 address is put in brackets. */
export function tcpLocation(host: string, port: number | string | undefined): string {
  return `${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`;
}

/** `./u:path` of a unix domain socket, as it stands in URIs. */
export function unixLocation(path: string): string {
  return `${UNIX_PREFIX}${path}`;
}

/** The location of this side of a connected socket. A unix domain socket that was connected has no path. */
export function localLocation(socket: Duplex): string {
  const { localAddress, localPort } = socket as Partial<Socket>;
  return localAddress === undefined ? unixLocation('<<not-bound>>') : tcpLocation(localAddress, localPort);
}

/** The address of the other side of a connected socket: `host:port`, or `local` for a socket without an address, as unix sockets are. */
export function remoteLocation(socket: Duplex): string {
  const { remoteAddress, remotePort } = socket as Partial<Socket>;
  return remoteAddress === undefined ? WITHOUT_ADDRESS : tcpLocation(remoteAddress, remotePort);
}

/** The location of a daemon that does not listen: a unix domain socket with a unique name. */
export function inProcessLocation(): string {
  return unixLocation(`in-process-${randomUUID()}`);
}

/** `natHost:natPort`; the port of `location` when `natPort` is 0 or absent. Undefined without a NAT host. */
export function natLocationOf(
  { natHost, natPort }: { natHost?: string; natPort?: number },
  location: string,
): string | undefined {
  if (!natHost) return undefined;
  return tcpLocation(natHost, natPort || location.slice(location.lastIndexOf(':') + 1));
}

/** Gives what a socket is connected to for a location: a path, or host and port. Undefined for texts that are no location. */
export function socketAddressOf(location: string): { path: string } | { host: string; port: number } | undefined {
  if (location.startsWith(UNIX_PREFIX)) return { path: location.slice(UNIX_PREFIX.length) };
  const colon = location.lastIndexOf(':');
  const port = location.slice(colon + 1);
  return colon < 0 || !/^\d+$/.test(port) ? undefined : { host: withoutBrackets(location.slice(0, colon)), port: Number(port) };
}

/** Removes the brackets that a numeric IPv6 address has in URIs: `[::1]`. */
export function withoutBrackets(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
}

/** Removes the prefix that IPv4 addresses have on an IPv6 socket: `::ffff:127.0.0.1`. The result is in lower case. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=[\d.]+$)/i, '').toLowerCase();
}

/** `0.0.0.0` in every form that the operating system accepts. */
const ALL_IPV4 = /^(::ffff:)?0(\.0){0,3}$/i;

/** The version of IP of a host that stands for all interfaces of a machine: `0.0.0.0`, `::`. Undefined for other hosts. */
export function allInterfaces(host: string): 4 | 6 | undefined {
  if (ALL_IPV4.test(host)) return 4;
  return isIPv6(host) && /^[0:]+$/.test(host) ? 6 : undefined;
}

/**
 * True for an IP address of the loopback: `127.x.y.z`, `::1`, `::ffff:127.x.y.z`.
 *
 * A name that begins like such an address, `127.example.com`, may belong to any machine.
 */
export function isLoopbackAddress(address: string): boolean {
  const plain = plainAddress(address);
  return plain === '::1' || (plain.startsWith('127.') && isIPv4(plain));
}

/** True for a loopback address, with or without brackets, and for the name `localhost`. */
export function isLoopbackHost(host: string): boolean {
  return host.toLowerCase() === 'localhost' || isLoopbackAddress(withoutBrackets(host));
}

/** True for a location that only this machine reaches: a loopback host with its port, a unix socket, or `local`. */
export function isLoopbackLocation(location: string): boolean {
  if (location === WITHOUT_ADDRESS) return true;
  const address = socketAddressOf(location);
  return address !== undefined && ('path' in address || isLoopbackHost(address.host));
}

/** The address, or the first 64 bits of an IPv6 address. Undefined for texts that are no addresses. */
export function networkOf(remoteAddress: string): string | undefined {
  if (isIPv4(remoteAddress)) return remoteAddress;
  const address = plainAddress(remoteAddress).replace(/%.*$/, '');
  if (isIPv4(address)) return address;
  if (!isIPv6(address)) return undefined;
  if (isLoopbackAddress(address)) return address;
  const [head = '', tail] = address.split('::', 2);
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const after = tail === '' ? 0 : tail.split(':').length;
    while (groups.length + after < 8) groups.push('0');
  }
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}
