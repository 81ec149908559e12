import { isLoopbackHost } from '../../protocol/location.js';
import type { DaemonOptions } from './daemon-options.js';

/** Ends the warnings of servers that anybody may call. */
export const TRUSTED_NETWORK_REMEDY = "or say profile: 'lab', if every machine that reaches it is trusted";

/**
 * The warning of a daemon that anybody may call: it listens beyond this machine, and has neither TLS nor guards.
 *
 * @param isGuarded true when a hook or guard decides about every connection
 * @returns undefined when there is nothing to warn of, or the application has said `profile: 'lab'`
 */
export function openAddressWarning(
  { host = 'localhost', unixSocket, connectedSocket, listen = true, tls, profile }: DaemonOptions,
  isGuarded: boolean,
  location: string,
): string | undefined {
  const isRemote = listen && !connectedSocket && unixSocket === undefined && !isLoopbackHost(host);
  if (!isRemote || tls || isGuarded || profile === 'lab') return undefined;
  const limits = profile === 'exposed' ? '' : ", and profile: 'exposed' for stricter limits";
  return (
    `whoever reaches ${location} may call every object of this daemon: it has neither TLS nor guards. ` +
    `Give it tls and guards (handshakeGuards of a PyroServer, validateHandshake of a daemon)${limits}; ` +
    TRUSTED_NETWORK_REMEDY
  );
}
