import type { Logger } from '@nestjs/common';
import type { NameRegistrar } from '../../naming/name-registrar.js';
import { PyroError } from '../../protocol/errors.js';
import { isLoopback } from '../../protocol/location.js';
import type { PyroUri } from '../../protocol/uri.js';
import type { PyroDaemon } from '../../pyro/pyro-daemon.js';
import { printable, printableMessage, printableStack } from '../../reports/printable.js';
import { RepeatedLines } from '../../reports/repeated-lines.js';
import { knownObjects } from './log-texts.js';

/** Logs the errors of a server's daemon, and the handshakes that it refuses. Refusals that repeat are counted. */
export function logDaemonEvents(daemon: PyroDaemon, logger: Logger): void {
  const lines = new RepeatedLines();
  daemon.once('close', () => lines.endAll());
  daemon.on('warning', (text) => logger.warn(text));
  daemon.on('error', (error) =>
    lines.print('error', {
      line: () => logger.error(printableMessage(error), printableStack(error)),
      more: (text) => logger.error(`${text} errors`),
    }),
  );
  daemon.on('handshakeFailed', (error, { remoteAddress }, objectId) => {
    // a TLS failure is mostly a mistake in the configuration of server or client; other refusals are the server's decision
    const level = error instanceof PyroError && error.code === 'TLS' ? 'warn' : 'debug';
    const line = (): void => {
      const asked = objectId === undefined ? '' : `, which asked for "${printable(objectId)}"`;
      const isUnknown = objectId !== undefined && !daemon.objectIds.includes(objectId);
      const known = isUnknown ? `; ${knownObjects(daemon)}` : '';
      logger[level](`refused ${printable(remoteAddress)}${asked}: ${printableMessage(error)}${known}`);
    };
    lines.print(level, { line, more: (text) => logger[level](`${text} refused connections`) });
  });
}

/** Logs the names that a server registers at a name server, and when the name server goes away and comes back. */
export function logRegistrations(registrar: NameRegistrar, logger: Logger): void {
  let hasWarned = false;
  registrar.on('registered', (name, uri, nameServer) => {
    logger.log(`"${name}" is ${uri} at the name server ${printable(String(nameServer.location))}`);
    if (hasWarned || !isLocal(uri) || isLocal(nameServer)) return;
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

function isLocal({ host, socketName }: PyroUri): boolean {
  return socketName !== undefined || isLoopback(host!);
}
