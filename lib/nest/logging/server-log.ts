import { Logger, type LogLevel } from '@nestjs/common';
import { type AccessLogOptions, logCalls } from '../../logging/access-log.js';
import { logDaemonEvents } from '../../logging/daemon-log.js';
import { logFailedCalls } from '../../logging/failed-calls.js';
import type { NameRegistrar } from '../../naming/name-registrar.js';
import { isLoopbackLocation } from '../../protocol/location.js';
import type { PyroDaemon } from '../../pyro/pyro-daemon.js';
import { printable, printableMessage } from '../../reports/printable.js';
import { defaultFailureLevel, type PyroFailureLevel } from './failure-level.js';

/** Options of a server about its log. */
interface ServerLogOptions {
  readonly failureLevel: PyroFailureLevel | undefined;
  readonly accessLog: boolean | AccessLogOptions;
}

/** Logs the errors of a server's daemon, the handshakes that it refuses, the calls that fail, and each call if asked to. */
export function logToNest(daemon: PyroDaemon, logger: Logger, { failureLevel, accessLog }: ServerLogOptions): void {
  logDaemonEvents(daemon, (level, entry) => logger[level](entry));
  logFailedCalls<LogLevel>(
    daemon,
    (level, entry) => logger[level](entry),
    (error, call, isKnown) => failureLevel?.(error, call) ?? defaultFailureLevel(error, isKnown),
    (error, call) => failureLevel?.(error, call) ?? 'error',
  );
  const access = new Logger('PyroAccess');
  logCalls(daemon, accessLog, (entry) => access.log(entry));
}

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
