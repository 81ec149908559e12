import { Logger, type LogLevel } from '@nestjs/common';
import { type AccessLogOptions, logCalls } from '../../logging/access-log.js';
import { logDaemonEvents } from '../../logging/daemon-log.js';
import { logFailedCalls } from '../../logging/failed-calls.js';
import { LogEntry, type LogSink } from '../../logging/log-entry.js';
import { sinkOf } from '../../logging/log-sink.js';
import { servedObjects } from '../../logging/log-texts.js';
import type { NameRegistrar } from '../../naming/registrar/name-registrar.js';
import { isLoopbackLocation } from '../../protocol/location.js';
import type { PyroDaemon } from '../../pyro/pyro-daemon.js';
import { printable, printableMessage } from '../../reports/printable.js';
import { pythonTypeOf } from '../../serializers/objects/exceptions.js';
import { defaultFailureLevel, type PyroFailureLevel } from './failure-level.js';

/** Options of a server about its log. */
interface ServerLogOptions {
  readonly failureLevel?: PyroFailureLevel | undefined;
  /** Default false. */
  readonly accessLog?: boolean | AccessLogOptions | undefined;
}

/** Logs the errors of a server's daemon, the handshakes that it refuses, the calls that fail, and each call if asked to. */
export function logToNest(
  daemon: PyroDaemon,
  write: LogSink<LogLevel>,
  { failureLevel, accessLog = false }: ServerLogOptions,
): void {
  logDaemonEvents(daemon, write);
  logFailedCalls<LogLevel>(
    daemon,
    write,
    (error, call) => failureLevel?.(error, call) ?? defaultFailureLevel(error),
    (error, call) => failureLevel?.(error, call) ?? 'error',
  );
  const access = sinkOf<'log'>(new Logger('PyroAccess'));
  logCalls(daemon, accessLog, (entry) => access('log', entry));
}

/** Logs where a daemon listens, and its objects. @param typeOf the class of an object by its id; undefined: the id says enough */
export function logListening(
  daemon: PyroDaemon,
  write: LogSink<LogLevel>,
  typeOf: (objectId: string) => string | undefined,
): void {
  const line = `Pyro daemon listens on ${daemon.locationStr} with ${servedObjects(daemon, typeOf)}`;
  write('log', new LogEntry(line, { event: 'listening' }));
}

/** Logs the names that a server registers at a name server, and when the name server goes away and comes back. */
export function logRegistrations(registrar: NameRegistrar, write: LogSink<LogLevel>): void {
  let hasWarned = false;
  registrar.on('registered', (name, uri, nameServer) => {
    const at = printable(String(nameServer.location));
    write(
      'log',
      new LogEntry(`"${name}" is ${uri} at the name server ${at}`, { event: 'name registered', name, nameServer: at }),
    );
    if (hasWarned || !isLoopbackLocation(uri.location!) || isLoopbackLocation(nameServer.location!)) return;
    hasWarned = true;
    const text =
      `only this machine can reach ${uri.location}, which others may be given by the name server ${at}: ` +
      `set host to an address of this machine or 0.0.0.0, or natHost`;
    write('warn', new LogEntry(text, { event: 'warning', name, nameServer: at }));
  });
  registrar.on('taken', (name, uri) => {
    const text = `the name "${name}" was given to ${printable(String(uri))}; it is left there until it is free again`;
    write('warn', new LogEntry(text, { event: 'name taken', name }));
  });
  registrar.on('removed', (name) =>
    write('log', new LogEntry(`"${name}" was taken off the name server`, { event: 'name removed', name })),
  );
  registrar.on('unavailable', (error) => {
    const errorType = printable(pythonTypeOf(error));
    const text = `${printableMessage(error)}; it is tried again`;
    write('warn', new LogEntry(text, { event: 'name server unavailable', errorType }));
  });
  registrar.on('available', (nameServer) => {
    const at = printable(String(nameServer.location));
    write('log', new LogEntry(`the name server ${at} is there again`, { event: 'name server available', nameServer: at }));
  });
}
