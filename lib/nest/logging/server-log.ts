import type { Logger } from '@nestjs/common';
import type { NameRegistrar } from '../../naming/name-registrar.js';
import { PyroError } from '../../protocol/errors.js';
import type { PyroUri } from '../../protocol/uri.js';
import type { PyroDaemon } from '../../pyro/pyro-daemon.js';
import { knownObjects, printable } from './log-texts.js';

/** Logs the errors of a server's daemon, and the handshakes that it refuses. */
export function logDaemonEvents(daemon: PyroDaemon, logger: Logger): void {
  daemon.on('error', (error) => logger.error(error.message, error.stack));
  daemon.on('handshakeFailed', (error, { remoteAddress }, objectId) => {
    // a TLS failure is mostly a mistake in the configuration of server or client; other refusals are the server's decision
    const isMistake = error instanceof PyroError && error.code === 'TLS';
    const asked = objectId === undefined ? '' : `, which asked for "${printable(objectId)}"`;
    const isUnknown = objectId !== undefined && !daemon.objectIds.includes(objectId);
    const known = isUnknown ? `; ${knownObjects(daemon)}` : '';
    logger[isMistake ? 'warn' : 'debug'](`refused ${remoteAddress}${asked}: ${error.message}${known}`);
  });
}

/** Logs the names that a server registers at a name server, and when the name server goes away and comes back. */
export function logRegistrations(registrar: NameRegistrar, logger: Logger): void {
  let hasWarned = false;
  registrar.on('registered', (name, uri, nameServer) => {
    logger.log(`"${name}" is ${uri} at the name server ${nameServer.location}`);
    if (hasWarned || !isLoopback(uri) || isLoopback(nameServer)) return;
    hasWarned = true;
    logger.warn(
      `only this machine can reach ${uri.location}, which others may be given by the name server ${nameServer.location}: ` +
        `set host to an address of this machine or 0.0.0.0, or natHost`,
    );
  });
  registrar.on('taken', (name, uri) =>
    logger.warn(`the name "${name}" was given to ${uri}; it is left there until it is free again`),
  );
  registrar.on('removed', (name) => logger.log(`"${name}" was taken off the name server`));
  registrar.on('unavailable', (error) => logger.warn(`${error.message}; it is tried again`));
  registrar.on('available', (nameServer) => logger.log(`the name server ${nameServer.location} is there again`));
}

function isLoopback({ host, socketName }: PyroUri): boolean {
  return socketName !== undefined || host === 'localhost' || host === '::1' || host!.startsWith('127.');
}
