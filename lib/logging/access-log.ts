import { inspect } from 'node:util';
import type { CallFollower, CallObserver, ObservedCall } from '../daemon/contract/observer.js';
import type { BaseDaemon } from '../daemon/base-daemon.js';
import { anyOf, milliseconds, objectRule, type OptionRule, type OptionRules, SWITCH } from '../options/option-checks.js';
import { printable } from '../reports/printable.js';
import { pythonTypeOf } from '../serializers/objects/exceptions.js';
import { LogEntry } from './log-entry.js';
import { peerFields, principalField, roundedMs } from './log-texts.js';

/** Options of the access log: a line for each call when it has ended. */
export interface AccessLogOptions {
  /** Share of the calls that are logged, 0 to 1. The other calls cost next to nothing. Default 1. */
  sample?: number;
  /** Calls that take at least this time are always logged. The time of a stream does not count. Default: none. */
  slowMs?: number;
  /** True: the line has the arguments, as a text of at most 1,000 characters. Arguments may be secrets. Default false. */
  arguments?: boolean;
}

const RULES: OptionRules<AccessLogOptions> = {
  sample: { takes: 'a number from 0 to 1', fits: (value) => typeof value === 'number' && value >= 0 && value <= 1 },
  slowMs: milliseconds(),
  arguments: SWITCH,
};

/** Takes the option `accessLog`. */
export const ACCESS_LOG: OptionRule = {
  ...anyOf(SWITCH, objectRule('an object', RULES)),
  takes: 'true, false, or an object with sample, slowMs and arguments',
};

const MAX_ARGUMENTS_CHARS = 1_000;
const SHORT_ARGUMENTS = { depth: 3, maxArrayLength: 20, maxStringLength: 200, breakLength: Infinity };

/** Logs the calls of a daemon, if the option asks for them. */
export function logCalls(daemon: BaseDaemon, option: boolean | AccessLogOptions, write: (entry: LogEntry) => void): void {
  if (option === false) return;
  daemon.observe(new AccessLog(write, option === true ? {} : option));
}

/** How a call has ended. */
interface CallEnd {
  /** Until the reply; the reply of a stream says that it is open. */
  readonly durationMs: number;
  /** From the opening of the stream to its end. Undefined: the call has returned no stream. */
  readonly streamMs: number | undefined;
  readonly errorType: string | undefined;
}

/** Logs calls when they have ended. */
class AccessLog implements CallObserver {
  private readonly sample: number;
  private readonly slowMs: number;
  private readonly withArguments: boolean;

  constructor(
    private readonly write: (entry: LogEntry) => void,
    { sample = 1, slowMs = Infinity, arguments: withArguments = false }: AccessLogOptions,
  ) {
    this.sample = sample;
    this.slowMs = slowMs;
    this.withArguments = withArguments;
  }

  callStarted(call: ObservedCall): CallFollower | undefined {
    const isSampled = this.sample === 1 || Math.random() < this.sample;
    if (!isSampled && this.slowMs === Infinity) return undefined;
    const begin = performance.now();
    let errorType: string | undefined;
    let openedAt: number | undefined;
    return {
      streamOpened: () => (openedAt = performance.now()),
      failed: (_thrown, sent) => (errorType = printable(pythonTypeOf(sent))),
      ended: () => {
        const now = performance.now();
        const durationMs = (openedAt ?? now) - begin;
        const streamMs = openedAt === undefined ? undefined : now - openedAt;
        if (isSampled || durationMs >= this.slowMs) this.write(this.entryOf(call, { durationMs, streamMs, errorType }));
      },
    };
  }

  private entryOf(call: ObservedCall, { durationMs, streamMs, errorType }: CallEnd): LogEntry {
    const { correlationId, connection } = call;
    const object = printable(call.objectId);
    const method = printable(call.method);
    const times = { durationMs: roundedMs(durationMs), ...(streamMs !== undefined && { streamMs: roundedMs(streamMs) }) };
    const stream = times.streamMs === undefined ? '' : `, its stream ${times.streamMs} ms`;
    const text = `${object}.${method} for ${printable(connection.remoteAddress)}: ${errorType ?? 'ok'}, ${times.durationMs} ms${stream}`;
    return new LogEntry(text, {
      event: 'call',
      object,
      method,
      correlationId,
      ...peerFields(connection),
      ...principalField(call),
      ...times,
      ...(errorType !== undefined && { errorType }),
      ...(this.withArguments && { arguments: argumentsText(call) }),
    });
  }
}

function argumentsText({ args, kwargs }: ObservedCall): string {
  const shown = Object.keys(kwargs).length === 0 ? args : [...args, kwargs];
  try {
    return printable(inspect(shown, SHORT_ARGUMENTS), MAX_ARGUMENTS_CHARS);
  } catch {
    // a getter of an argument threw
    return 'arguments without a text';
  }
}
