import { RepeatedLines } from '../reports/repeated-lines.js';
import { runUnawaited } from '../reports/unawaited.js';
import { warn, warnOfError } from '../reports/warning.js';
import type { LogEntry, LogSink } from './log-entry.js';

/**
 * Gives the sink of a logger: all entries of this library go through such a sink. An entry that the logger cannot write, for whatever
 * reason, is a warning of the process. It is never an event, nor a further entry: the same logger would get it.
 *
 * @param logger its methods may be async functions; nobody waits for them
 */
export function sinkOf<Level extends string>(logger: Readonly<Record<Level, (entry: LogEntry) => unknown>>): LogSink<Level> {
  const warnings = new RepeatedLines<'warn'>((_level, text) => warn(text));
  const report = (error: unknown): void =>
    warnings.print({ level: 'warn', what: 'errors of a logger' }, () => warnOfError(error));
  return (level, entry) => runUnawaited(() => logger[level](entry), report);
}
