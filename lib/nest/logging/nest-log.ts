import { Logger, type LogLevel } from '@nestjs/common';
import { type AccessLogOptions, logCalls } from '../../logging/access-log.js';
import { logDaemonEvents } from '../../logging/daemon-log.js';
import { logFailedCalls } from '../../logging/failed-calls.js';
import type { PyroDaemon } from '../../pyro/pyro-daemon.js';
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
