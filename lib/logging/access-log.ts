import { inspect } from 'node:util';
import type { CallFollower, CallObserver, ObservedCall } from '../daemon/contract/observer.js';
import type { BaseDaemon } from '../daemon/base-daemon.js';
import { anyOf, milliseconds, objectRule, type OptionRule, type OptionRules, SWITCH } from '../options/option-checks.js';
import { BATCH_METHOD } from '../protocol/constants.js';
import { BatchRecords } from '../reports/batch-records.js';
import { printable } from '../reports/printable.js';
import { pythonTypeOf } from '../serializers/objects/exceptions.js';
import { LogEntry } from './log-entry.js';
import { peerFields, principalField, roundedMs } from './log-texts.js';
import { LoggedValues, SHOWN_STYLE } from './logged-values.js';

/** Options of the access log: a line for each call when it has ended. */
export interface AccessLogOptions {
  /** Share of the calls that are logged, 0 to 1. The other calls cost next to nothing. Default 1. */
  sample?: number;
  /** Calls that take at least this time are always logged. The time of a stream does not count. Default: none. */
  slowMs?: number;
  /** True: the line has the arguments, as a text of at most 1,000 characters. Arguments may be secrets. Default false. */
  arguments?: boolean;
}

/** Longest text of the arguments of a call. */
const MAX_ARGUMENTS_CHARS = 1_000;

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

/** Logs the calls of a daemon, if the option asks for them. */
export function logCalls(daemon: BaseDaemon, option: boolean | AccessLogOptions, write: (entry: LogEntry) => void): void {
  if (option === false) return;
  daemon.observe(new AccessLog(write, option === true ? {} : option));
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

  callStarted(call: ObservedCall, batch: CallFollower | undefined): CallFollower | undefined {
    const isSampled = this.sample === 1 || Math.random() < this.sample;
    if (!isSampled && this.slowMs === Infinity && call.method !== BATCH_METHOD) return undefined;
    return new FollowedCall(call.startedAt, isSampled, batch instanceof FollowedCall ? batch : undefined, (ended) =>
      this.ended(call, ended),
    );
  }

  private ended(call: ObservedCall, ended: FollowedCall): void {
    const { isSampled, batch, errorType } = ended;
    const isLogged =
      ended.durationMs >= this.slowMs || (isSampled && (errorType !== undefined || batch?.entries.take() !== false));
    if (isLogged || ended.entries.leftOut > 0) this.write(this.entryOf(call, ended));
  }

  private entryOf(call: ObservedCall, { durationMs, streamMs, errorType, entries }: FollowedCall): LogEntry {
    const { correlationId, connection } = call;
    const object = printable(call.objectId);
    const method = printable(call.method);
    const times = { durationMs: roundedMs(durationMs), ...(streamMs !== undefined && { streamMs: roundedMs(streamMs) }) };
    const stream = times.streamMs === undefined ? '' : `, its stream ${times.streamMs} ms`;
    const others = entries.leftOut === 0 ? '' : `; ${entries.leftOut} more entries have no line`;
    const end = `${errorType ?? 'ok'}, ${times.durationMs} ms${stream}${others}`;
    const text = `${object}.${method} for ${printable(connection.remoteAddress)}: ${end}`;
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

/** A call, a batch or an entry of a batch that runs. Its times are known when it has ended. */
class FollowedCall implements CallFollower {
  errorType: string | undefined;
  /** Of a batch: which of its entries have a line, besides slow and failed ones. */
  readonly entries = new BatchRecords();
  private openedAt: number | undefined;
  private endedAt = 0;

  /** @param startedAt `performance.now()` when the call began */
  constructor(
    private readonly startedAt: number,
    readonly isSampled: boolean,
    readonly batch: FollowedCall | undefined,
    private readonly onEnd: (ended: FollowedCall) => void,
  ) {}

  /** Until the reply; the reply of a stream says that it is open. */
  get durationMs(): number {
    return (this.openedAt ?? this.endedAt) - this.startedAt;
  }

  /** From the opening of the stream to its end. Undefined: the call has returned no stream. */
  get streamMs(): number | undefined {
    return this.openedAt === undefined ? undefined : this.endedAt - this.openedAt;
  }

  streamOpened(): void {
    this.openedAt = performance.now();
  }

  failed(_thrown: Error, sent: Error): void {
    this.errorType = printable(pythonTypeOf(sent));
  }

  ended(): void {
    this.endedAt = performance.now();
    this.onEnd(this);
  }
}

/** The arguments of a call as a text of at most 1,000 characters. */
export function argumentsText({ args, kwargs }: Pick<ObservedCall, 'args' | 'kwargs'>): string {
  const values = new LoggedValues();
  try {
    const textOf = (list: readonly unknown[]): string => inspect(values.shown(list, SHOWN_STYLE.depth + 1), SHOWN_STYLE);
    const shown = textOf(args);
    if (Object.keys(kwargs).length === 0) return printable(shown, MAX_ARGUMENTS_CHARS);
    // the list of positional arguments is cut alone, so that many of them do not hide the keyword arguments
    const behind = textOf([kwargs]);
    const text = args.length === 0 ? behind : `${shown.slice(0, -' ]'.length)}, ${behind.slice('[ '.length)}`;
    return printable(text, MAX_ARGUMENTS_CHARS);
  } catch {
    // a getter of an argument threw
    return 'arguments without a text';
  }
}
