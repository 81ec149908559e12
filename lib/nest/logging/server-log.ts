import type { Logger } from '@nestjs/common';
import type { NameRegistrar } from '../../naming/name-registrar.js';
import { isLoopbackLocation } from '../../protocol/location.js';
import { printable, printableMessage } from '../../reports/printable.js';

/** Logs the names that a server registers at a name server, and when the name server goes away and comes back. */
export function logRegistrations(registrar: NameRegistrar, logger: Logger): void {
  let hasWarned = false;
  registrar.on('registered', (name, uri, nameServer) => {
    logger.log(`"${name}" is ${uri} at the name server ${printable(String(nameServer.location))}`);
    if (hasWarned || !isLoopbackLocation(uri.location!) || isLoopbackLocation(nameServer.location!)) return;
    hasWarned = true;
    logger.warn(
      `only this machine can reach ${uri.location}, which others may be given by the name server ${printable(String(nameServer.location))}: ` +
        `set host to an address of this machine or 0.0.0.0, or natHost`,
    );
  });
  registrar.on('taken', (name, uri) =>
    logger.warn(`the name "${name}" was given to ${printable(String(uri))}; it is left there until it is free again`),
  );
  registrar.on('removed', (name) => logger.log(`"${name}" was taken off the name server`));
  registrar.on('unavailable', (error) => logger.warn(`${printableMessage(error)}; it is tried again`));
  registrar.on('available', (nameServer) =>
    logger.log(`the name server ${printable(String(nameServer.location))} is there again`),
  );
}
