import { UNKNOWN } from '../daemon/request/failure-report.js';
import { presentableError } from '../daemon/request/presentable-error.js';
import type { BaseDaemon } from '../daemon/base-daemon.js';
import type { CallErrorInfo } from '../daemon/options/daemon-events.js';
import { asError } from '../protocol/texts/safe-text.js';
import { printable, printableMessage, printableStack } from '../reports/printable.js';
import { RepeatedLines } from '../reports/repeated-lines.js';
import { pythonTypeOf } from '../serializers/objects/exceptions.js';
import { isMeantForClient, thrownError } from './expected-failures.js';
import { LogEntry, type LogFields, type LogSink } from './log-entry.js';
import { knownObjects, peerFields, principalField, roundedMs } from './log-texts.js';

/** Most causes of an error that a log line shows. */
const MAX_CAUSES = 5;

/** Chooses the level of a failed call; false: the call is not logged. */
export type FailureLevel<Level extends string> = (error: unknown, call: CallErrorInfo) => Level | false;

/**
 * Logs the calls that fail, with the object, the method, the correlation id and the client; at the levels `error` and `fatal` also with the
 * stack of the error, unless the daemon refused a member that it does not have. Failures that repeat are counted.
 *
 * @param levelOf chooses the level
 * @param untoldLevelOf chooses the level for errors that no client is told of: of oneway calls, of callback methods, and of the clean-up of
 *   streams
 */
export function logFailedCalls<Level extends string>(
  daemon: BaseDaemon,
  write: LogSink<Level>,
  levelOf: FailureLevel<Level>,
  untoldLevelOf: FailureLevel<Level>,
): void {
  const logged = new WeakSet<CallErrorInfo>();
  const lines = new RepeatedLines<Level, LogFields>((level, text, shared) =>
    write(level, new LogEntry(text, { ...shared, event: 'call failed' })),
  );
  daemon.once('close', () => lines.endAll());
  const log = (given: unknown, info: CallErrorInfo, chooseLevel: FailureLevel<Level>): void => {
    // a call may emit both events, with the same info
    if (logged.has(info)) return;
    logged.add(info);
    const error = isReadable(given) ? given : asError(given);
    const thrown = thrownError(error);
    const isKnown = info.objectId === UNKNOWN || daemon.serves(info.objectId);
    const level = chooseLevel(thrown, info);
    if (level === false) return;
    const isSevere = level === 'error' || level === 'fatal';
    // failures of one method are counted apart from failures of other methods, unless a client made the name up
    const member = daemon.memberName(info.stream ?? info);
    const isMadeUp = member === undefined && isMeantForClient(thrown);
    const fields = (): LogFields => ({
      ...callFields(info),
      errorType: printable(pythonTypeOf(presentableError(error))),
    });
    const line = (): void => {
      const text = `${failureText(error, info)}${isKnown ? '' : `; ${knownObjects(daemon)}`}`;
      const stack = isSevere && !isMadeUp ? stackOf(thrown) : undefined;
      write(level, new LogEntry(text, { event: 'call failed', ...fields(), ...(stack && { stack }) }));
    };
    lines.print({ level, what: 'failed calls', of: isSevere ? member : undefined }, line, fields);
  };
  daemon.on('callError', (error, info) => log(error, info, untoldLevelOf));
  daemon.on('callFailed', (error, info) => log(error, info, levelOf));
}

/** False for a revoked Proxy. */
function isReadable(thrown: unknown): boolean {
  try {
    void (thrown instanceof Error);
    return true;
  } catch {
    return false;
  }
}

function failureText(error: unknown, info: CallErrorInfo): string {
  const { connection } = info;
  const { correlationId } = calledOf(info);
  const text = error instanceof Error ? `${printable(error.name)}: ${printableMessage(error)}` : printableMessage(error);
  return `${nameOf(info)} failed for ${printable(connection.remoteAddress)} (correlation id ${correlationId}): ${text}`;
}

/** The call that the log names. Items of a stream fail in calls of the daemon's own object; the log names the call that returned the stream. */
function calledOf(info: CallErrorInfo): NonNullable<CallErrorInfo['stream']> {
  return info.stream ?? info;
}

function methodFields(info: CallErrorInfo): Pick<LogFields, 'object' | 'method'> {
  const { objectId, method } = calledOf(info);
  return { object: printable(objectId), method: printable(method) };
}

/** The fields of a failed call. */
function callFields(info: CallErrorInfo): LogFields {
  const { connection, durationMs } = info;
  return {
    ...methodFields(info),
    correlationId: calledOf(info).correlationId,
    ...peerFields(connection),
    ...principalField(info),
    ...(durationMs !== undefined && { durationMs: roundedMs(durationMs) }),
  };
}

/** The method of a call. */
function nameOf(info: CallErrorInfo): string {
  const { objectId, method } = calledOf(info);
  return `${printable(objectId)}.${printable(method)}`;
}

/** The stack of an error, and the stacks of its causes. Undefined for a thrown value that is no error. */
function stackOf(error: unknown): string | undefined {
  const stacks: string[] = [];
  for (let at = error; at instanceof Error && stacks.length < MAX_CAUSES; at = at.cause) stacks.push(printableStack(at));
  return stacks.length > 0 ? stacks.join('\ncaused by: ') : undefined;
}
