import type { BaseDaemon } from '../daemon/daemon.js';
import type { WireLog } from '../protocol/message.js';
import { printable, printableMessage } from '../reports/printable.js';
import { describeWireMessage } from '../serializers/wire-text.js';
import { type AccessLogOptions, logCalls } from './access-log.js';
import { logDaemonEvents } from './daemon-log.js';
import { logFailedCalls } from './failed-calls.js';
import { isMeantForClient } from './failure-level.js';
import { LogEntry, type PyroLogger, type LogSink, type PyroLogLevel } from './log-entry.js';
import { peerFields } from './log-texts.js';

/** Logs what a daemon does: where it listens, its clients, the handshakes that it refuses, failed calls, and calls if asked to. */
export function logDaemon(daemon: BaseDaemon, logger: PyroLogger, accessLog: boolean | AccessLogOptions): void {
  const write: LogSink<PyroLogLevel> = (level, entry) => logger[level](entry);
  daemon.on('listening', (location) => write('info', new LogEntry(`daemon listens on ${location}`, { event: 'listening' })));
  daemon.once('close', () => write('info', new LogEntry('daemon is closed', { event: 'closed' })));
  daemon.on('connection', (connection) => {
    const text = `${printable(connection.remoteAddress)} is connected`;
    write('debug', new LogEntry(text, { event: 'connected', ...peerFields(connection) }));
  });
  daemon.on('disconnect', (connection, error) => {
    const why = error === undefined ? '' : `: ${printableMessage(error)}`;
    const text = `${printable(connection.remoteAddress)} has disconnected${why}`;
    write('debug', new LogEntry(text, { event: 'disconnected', ...peerFields(connection) }));
  });
  logDaemonEvents(daemon, write);
  const levelOf = (error: unknown, _call: unknown, isKnown: boolean): PyroLogLevel =>
    isMeantForClient(error, isKnown) ? 'debug' : 'error';
  logFailedCalls<PyroLogLevel>(daemon, write, levelOf, () => 'error');
  logCalls(daemon, accessLog, (entry) => write('info', entry));
}

/** Logs every message as `debug`, without its payload. */
export function wireLogTo(logger: PyroLogger): WireLog {
  return (message) => logger.debug(new LogEntry(describeWireMessage(message), { event: 'wire', peer: printable(message.peer) }));
}
