import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** Host in a location: numeric IPv6 stands in brackets. */
export function bracketed(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}

/** Where a connected socket is on this side, as it stands in URIs. */
export function localLocation(socket: Duplex): string {
  const { localAddress, localPort } = socket as Partial<Socket>;
  return localAddress === undefined ? './u:<<not-bound>>' : `${bracketed(localAddress)}:${localPort}`;
}

/** Where a daemon is that listens nowhere: like a unix socket that nobody else has. */
export function inProcessLocation(): string {
  return `./u:in-process-${randomUUID()}`;
}

/** `natHost:natPort`, the port that of `location` when it is 0 or absent; undefined without a NAT host. */
export function natLocationOf(
  { natHost, natPort }: { natHost?: string; natPort?: number },
  location: string,
): string | undefined {
  if (!natHost) return undefined;
  return `${bracketed(natHost)}:${natPort || location.slice(location.lastIndexOf(':') + 1)}`;
}
