import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** Prefix of the location of a unix domain socket. */
export const UNIX_PREFIX = './u:';

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

/** True for an address or name that only this machine reaches. */
export function isLoopback(address: string): boolean {
  return address === '::1' || address === 'localhost' || address.startsWith('127.');
}
