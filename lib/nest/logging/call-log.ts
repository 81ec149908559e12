import type { Logger } from '@nestjs/common';
import { UNKNOWN } from '../../daemon/call/failure-report.js';
import type { CallErrorInfo } from '../../daemon/options/daemon-events.js';
import { safeText } from '../../protocol/safe-text.js';
import type { PyroDaemon } from '../../pyro/pyro-daemon.js';
import { defaultFailureLevel, type PyroFailureLevel, thrownError } from './failure-level.js';
import { knownObjects, printable } from './log-texts.js';

/** Causes of an error that a log line shows. */
const MAX_CAUSES = 5;

/**
 * Logs the calls that fail, with the stack of the error, the object, the method, the correlation id and the client.
 *
 * Unless the application chooses a level, errors that no client is told of are logged as `error`: of oneway calls, of callback
 * methods, and of the clean-up of streams.
 */
export function logFailedCalls(daemon: PyroDaemon, logger: Logger, failureLevel: PyroFailureLevel | undefined): void {
  const logged = new WeakSet<CallErrorInfo>();
  const log = (error: unknown, info: CallErrorInfo, isTold: boolean): void => {
    // a call may give both events, with the same info
    if (logged.has(info)) return;
    logged.add(info);
    const thrown = thrownError(error);
    const isKnown = info.objectId === UNKNOWN || daemon.objectIds.includes(info.objectId);
    const level = failureLevel?.(thrown, info) ?? (isTold ? defaultFailureLevel(thrown, isKnown) : 'error');
    if (level === false) return;
    const text = `${failureText(error, info)}${isKnown ? '' : `; ${knownObjects(daemon)}`}`;
    if (level === 'error' || level === 'fatal') logger[level](text, stackOf(thrown));
    else logger[level](text);
  };
  daemon.on('callError', (error, info) => log(error, info, false));
  daemon.on('callFailed', (error, info) => log(error, info, true));
}

function failureText(error: unknown, { connection, correlationId, ...call }: CallErrorInfo): string {
  // the items of a stream fail in calls of the daemon's own object
  const { objectId, method } = call.stream ?? call;
  const text = error instanceof Error ? `${error.name}: ${safeText(error)}` : safeText(error);
  return `${printable(objectId)}.${printable(method)} failed for ${connection.remoteAddress} (correlation id ${correlationId}): ${text}`;
}

/** The stack of an error, and the stacks of its causes. Undefined for a thrown value that is no error. */
function stackOf(error: unknown): string | undefined {
  const stacks: string[] = [];
  for (let at = error; at instanceof Error && stacks.length < MAX_CAUSES; at = at.cause) stacks.push(at.stack ?? String(at));
  return stacks.length > 0 ? stacks.join('\ncaused by: ') : undefined;
}
