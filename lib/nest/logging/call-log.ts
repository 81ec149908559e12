import type { Logger } from '@nestjs/common';
import { UNKNOWN } from '../../daemon/call/failure-report.js';
import type { CallErrorInfo } from '../../daemon/options/daemon-events.js';
import type { PyroDaemon } from '../../pyro/pyro-daemon.js';
import { printable, printableMessage, printableStack } from '../../reports/printable.js';
import { RepeatedLines } from '../../reports/repeated-lines.js';
import { defaultFailureLevel, type PyroFailureLevel, thrownError } from './failure-level.js';
import { knownObjects } from './log-texts.js';

/** Causes of an error that a log line shows. */
const MAX_CAUSES = 5;

/**
 * Logs the calls that fail, with the stack of the error, the object, the method, the correlation id and the client.
 *
 * Unless the application chooses a level, errors that no client is told of are logged as `error`: of oneway calls, of callback
 * methods, and of the clean-up of streams. Failures that repeat are counted.
 */
export function logFailedCalls(daemon: PyroDaemon, logger: Logger, failureLevel: PyroFailureLevel | undefined): void {
  const logged = new WeakSet<CallErrorInfo>();
  const lines = new RepeatedLines();
  daemon.once('close', () => lines.endAll());
  const log = (error: unknown, info: CallErrorInfo, isTold: boolean): void => {
    // a call may give both events, with the same info
    if (logged.has(info)) return;
    logged.add(info);
    const thrown = thrownError(error);
    const isKnown = info.objectId === UNKNOWN || daemon.objectIds.includes(info.objectId);
    const level = failureLevel?.(thrown, info) ?? (isTold ? defaultFailureLevel(thrown, isKnown) : 'error');
    if (level === false) return;
    const isSevere = level === 'error' || level === 'fatal';
    const line = (): void => {
      const text = `${failureText(error, info)}${isKnown ? '' : `; ${knownObjects(daemon)}`}`;
      if (isSevere) logger[level](text, stackOf(thrown));
      else logger[level](text);
    };
    // a method that fails by accident hides no other one
    const kind = isSevere ? `${level} ${info.objectId} ${info.method}` : level;
    const what = isSevere ? ` of ${nameOf(info)}` : '';
    lines.print(kind, { line, more: (text) => logger[level](`${text} failed calls${what}`) });
  };
  daemon.on('callError', (error, info) => log(error, info, false));
  daemon.on('callFailed', (error, info) => log(error, info, true));
}

function failureText(error: unknown, info: CallErrorInfo): string {
  const { connection, correlationId } = info;
  const text = error instanceof Error ? `${printable(error.name)}: ${printableMessage(error)}` : printableMessage(error);
  return `${nameOf(info)} failed for ${printable(connection.remoteAddress)} (correlation id ${correlationId}): ${text}`;
}

/** The method of a call. The items of a stream fail in calls of the daemon's own object. */
function nameOf(info: CallErrorInfo): string {
  const { objectId, method } = info.stream ?? info;
  return `${printable(objectId)}.${printable(method)}`;
}

/** The stack of an error, and the stacks of its causes. Undefined for a thrown value that is no error. */
function stackOf(error: unknown): string | undefined {
  const stacks: string[] = [];
  for (let at = error; at instanceof Error && stacks.length < MAX_CAUSES; at = at.cause) stacks.push(printableStack(at));
  return stacks.length > 0 ? stacks.join('\ncaused by: ') : undefined;
}
