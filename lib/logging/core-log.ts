import type { BaseDaemon } from '../daemon/base-daemon.js';
import { environmentConfig } from '../options/environment.js';
import type { WireLog } from '../protocol/messages/message.js';
import { printable, printableMessage } from '../reports/printable.js';
import { warn } from '../reports/warning.js';
import { describeWireMessage } from '../serializers/wire-text.js';
import { type AccessLogOptions, logCalls } from './access-log.js';
import { logDaemonEvents } from './daemon-log.js';
import { environmentLogger } from './environment-logger.js';
import { type FailureLevel, logFailedCalls } from './failed-calls.js';
import { isMeantForClient } from './expected-failures.js';
import { LogEntry, type PyroLogger, type LogSink, type PyroLogLevel } from './log-entry.js';
import { sinkOf } from './log-sink.js';
import { peerFields } from './log-texts.js';

/** Logs the events of a daemon: its address, its clients, refused handshakes, failed calls, and all calls if the option `accessLog` is set. */
export function logDaemon(daemon: BaseDaemon, logger: PyroLogger, accessLog: boolean | AccessLogOptions): void {
  const write: LogSink<PyroLogLevel> = sinkOf(logger);
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
  const levelOf = (error: unknown): PyroLogLevel => (isMeantForClient(error) ? 'debug' : 'error');
  logFailedCalls<PyroLogLevel>(daemon, write, levelOf, () => 'error');
  logCalls(daemon, accessLog, (entry) => write('info', entry));
}

/** Code of the warning of a failed call. */
const CALL_FAILED = 'PYRO_CALL_FAILED';

/**
 * Warns of failed calls of a daemon that has no logger, with their stacks: mistakes of methods, whose stacks nobody else gets. Either
 * clients get no tracebacks (`detailedTraceback`), or no client is told of the error at all. An application that listens to `callFailed` or
 * `callError` reports failures itself.
 */
export function warnOfFailedCalls(daemon: BaseDaemon): void {
  const write: LogSink<'error'> = (_level, entry) => {
    const detail = entry.stack === undefined ? undefined : String(entry).slice(entry.msg.length + 1);
    warn(entry.msg, CALL_FAILED, detail);
  };
  const untoldLevelOf: FailureLevel<'error'> = (error) => {
    // this log listens to both events
    const isHeard = daemon.listenerCount('callFailed') + daemon.listenerCount('callError') > 2;
    return isHeard || isMeantForClient(error) ? false : 'error';
  };
  const levelOf: FailureLevel<'error'> = (...failure) => (daemon.sendsTracebacks ? false : untoldLevelOf(...failure));
  logFailedCalls(daemon, write, levelOf, untoldLevelOf);
}

/**
 * The log of all messages that `PYRO_LOGWIRE` asks for, as `debug`, with the data of calls and without the data of handshakes.
 *
 * @param logger undefined: the program has no log
 * @returns undefined when `PYRO_LOGWIRE` is not set
 * @see Pyro5/protocol.py, `log_wiredata`, which logs the data of handshakes as well
 */
export function environmentWireLog(logger: PyroLogger | undefined = environmentLogger()): WireLog | undefined {
  if (!logger || !environmentConfig().LOGWIRE) return undefined;
  const write: LogSink<'debug'> = sinkOf(logger);
  return (message) => write('debug', wireEntry(message, 'calls'));
}

/** The entry of a message. @param payloads as in {@link describeWireMessage} */
export function wireEntry(message: Parameters<WireLog>[0], payloads: Parameters<typeof describeWireMessage>[1]): LogEntry {
  // a daemon adds the number of the connection
  const { peer = message.peer, connection } = NUMBERED_PEER.exec(message.peer)?.groups ?? {};
  const numbered = connection === undefined ? {} : { connection: Number(connection) };
  return new LogEntry(describeWireMessage(message, payloads), { event: 'wire', peer: printable(peer), ...numbered });
}

const NUMBERED_PEER = /^(?<peer>.*) #(?<connection>\d+)$/;
