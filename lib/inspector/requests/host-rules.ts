import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { isLoopbackAddress, isLoopbackHost, withoutBrackets } from '../../protocol/location.js';
import { RequestRefusal } from '../contract/request-refusal.js';

/** Headers that reverse proxies add. A proxy that adds none cannot be told from a browser on this machine. */
const FORWARDING_HEADER = /^(?:forwarded|via|x-forwarded-.*|x-real-ip)$/;

/**
 * Refuses a request from another machine, from a reverse proxy, or to a host name that is not of this machine. A request to another host
 * name comes from a page of another site whose name was made to point to this machine.
 *
 * @param remedy ends the text of the refusal @throws {RequestRefusal} 403
 */
export function refuseOtherMachines(request: IncomingMessage, remedy: string): void {
  const { socket, headers } = request;
  const isForwarded = Object.keys(headers).some((name) => FORWARDING_HEADER.test(name));
  if (isForwarded || !isLoopbackAddress(socket.remoteAddress ?? '') || !isLoopbackHost(hostNameOf(request)))
    throw new RequestRefusal(403, `only this machine may use the inspector: ${remedy}`);
}

/**
 * Refuses a request to an unknown host name. It comes from a page of another site whose name was made to point to this machine. Addresses
 * are no names.
 *
 * @param host the host that the server was told to listen on @throws {RequestRefusal} 403
 */
export function refuseOtherNames(request: IncomingMessage, host: string): void {
  const name = hostNameOf(request);
  if (isIP(name) === 0 && name !== 'localhost' && name !== host.toLowerCase())
    throw new RequestRefusal(403, `the inspector is not known as "${name}": open it by its address, or give the name as --host`);
}

/**
 * The host and port that a browser asks for, in lower case: `Host`, in HTTP/2 `:authority`. Undefined: the request names none.
 *
 * @throws {RequestRefusal} 400, when a request names two hosts: a proxy may have checked the other one
 */
export function hostOf({ headers }: IncomingMessage): string | undefined {
  const [authority, host] = [headers[':authority'], headers.host].map((name) => (name ? String(name).toLowerCase() : undefined));
  if (authority !== undefined && host !== undefined && authority !== host)
    throw new RequestRefusal(400, `the request names two hosts: :authority is "${authority}", and Host is "${host}"`);
  return authority ?? host;
}

function hostNameOf(request: IncomingMessage): string {
  return withoutBrackets((hostOf(request) ?? '').replace(/:\d+$/, ''));
}
