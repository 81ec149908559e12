import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { isLoopback } from '../protocol/location.js';
import { RequestRefusal } from './request-refusal.js';

/** Headers that reverse proxies add. A proxy that adds none cannot be told from a browser on this machine. */
const FORWARDING_HEADER = /^(?:forwarded|via|x-forwarded-.*|x-real-ip)$/;

/**
 * Refuses a request from another machine, from a reverse proxy, or to a host name that is not of this machine. A request to another host
 * name comes from a page of another site whose name was made to point to this machine.
 *
 * @param remedy ends the text of the refusal @throws {RequestRefusal} 403
 */
export function refuseOtherMachines({ socket, headers }: IncomingMessage, remedy: string): void {
  const isForwarded = Object.keys(headers).some((name) => FORWARDING_HEADER.test(name));
  if (isForwarded || !isOfThisMachine(socket.remoteAddress ?? '') || !isLocalHost(headers.host))
    throw new RequestRefusal(403, `only this machine may use the inspector: ${remedy}`);
}

/**
 * Refuses a request to an unknown host name. It comes from a page of another site whose name was made to point to this machine. Addresses
 * are no names.
 *
 * @param host the host that the server was told to listen on @throws {RequestRefusal} 403
 */
export function refuseOtherNames({ headers }: IncomingMessage, host: string): void {
  const name = hostNameOf(headers.host);
  if (isIP(name) === 0 && name !== 'localhost' && name !== host.toLowerCase())
    throw new RequestRefusal(403, `the inspector is not known as "${name}": open it by its address, or give the name as --host`);
}

function isLocalHost(host: string | undefined): boolean {
  const name = hostNameOf(host);
  return name === 'localhost' || isOfThisMachine(name);
}

function hostNameOf(host = ''): string {
  return host
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase();
}

/** True for a loopback address. False for a name that only begins like an address: `127.example.com`. */
function isOfThisMachine(address: string): boolean {
  return isIP(address) !== 0 && isLoopback(address.replace(/^::ffff:/, ''));
}
