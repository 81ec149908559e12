import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { isLoopback } from '../protocol/location.js';
import { RequestRefusal } from './request-refusal.js';

/**
 * Refuses a request that does not come from this machine, or that was sent to a host name that is not of this machine: the second
 * is a page of another site whose name was made to point here.
 *
 * @param remedy ends the text of the refusal @throws {RequestRefusal} 403
 */
export function refuseOtherMachines({ socket, headers }: IncomingMessage, remedy: string): void {
  if (!isOfThisMachine(socket.remoteAddress ?? '') || !isLocalHost(headers.host))
    throw new RequestRefusal(403, `only this machine may use the inspector: ${remedy}`);
}

function isLocalHost(host = ''): boolean {
  const name = host
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase();
  return name === 'localhost' || isOfThisMachine(name);
}

/** True for an IP address of the loopback. A name that begins like one, `127.example.com`, is none. */
function isOfThisMachine(address: string): boolean {
  return isIP(address) !== 0 && isLoopback(address.replace(/^::ffff:/, ''));
}
