import type { Logger } from '@nestjs/common';
import type { NameRegistrar } from '../../naming/name-registrar.js';
import type { PyroUri } from '../../protocol/uri.js';

/** Says in the log what stands where at a name server, and when that is gone and back. */
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
