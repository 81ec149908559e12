import type { EventEmitter } from 'node:events';
import { runIsolated } from '../../calls/async-context.js';
import { asError } from '../../protocol/texts/safe-text.js';
import { RepeatedLines } from '../../reports/repeated-lines.js';
import { reportRejection, runUnawaited } from '../../reports/unawaited.js';
import { warn, warnOfError } from '../../reports/warning.js';
import type { PyroConnection } from '../contract/connection.js';
import type { LimitName } from '../limits/limit.js';
import { RecentFailures } from './recent-failures.js';

/** The call that failed. */
export interface CallErrorInfo {
  /** The connection over which the request came. */
  connection: PyroConnection;
  /** `<unknown>` when the request cannot be read so far. */
  objectId: string;
  /** Wire name; `<batch>` when a batch fails as a whole, and `<unknown>` when the request cannot be read so far. */
  method: string;
  /** The arguments. None when they cannot be read. */
  args: readonly unknown[];
  /** Keyword arguments of the call. */
  kwargs: Readonly<Record<string, unknown>>;
  /** UUID in text form. */
  correlationId: string;
  /** The principal of the client, see `CallContext.principal`; of an item of a stream: of the call that returned the stream. */
  principal?: unknown;
  /** Identifies the principal, if the handshake guard has given a key. */
  principalKey?: string;
  /** Time from the start of the call to its failure, in ms. Undefined when the request cannot be read. */
  durationMs?: number;
  /** The call that returned the stream, when the failed call asked for its next item. */
  stream?: {
    /** Id of the object that was called. */
    objectId: string;
    /** Wire name of the method that returned the stream. */
    method: string;
    /** UUID of the call, in text form. */
    correlationId: string;
  };
}

/** Events of a daemon and their arguments. */
export interface PyroDaemonEvents {
  /** The daemon listens. `location`: as in URIs. */
  listening: [location: string];
  /** A client passed its handshake. */
  connection: [connection: PyroConnection];
  /** A connection that had passed its handshake has ended. `error`: the cause, when the peer did not simply disconnect. */
  disconnect: [connection: PyroConnection, error: Error | undefined];
  /** A client was refused, or did not speak Pyro. `objectId`: the object that the client asked for; undefined when the client named none. */
  handshakeFailed: [error: Error, connection: PyroConnection, objectId: string | undefined];
  /** An object was unregistered. Not emitted when the daemon closes. */
  unregistered: [objectId: string];
  /**
   * A call failed or was refused, whether or not its client is told. The method threw, the arguments cannot be read, the result or the
   * stream item cannot be sent, or the call took longer than `callTimeoutMs`. The end of a stream is no failure.
   *
   * @see Pyro5/server.py, `methodcall_error_handler`
   */
  callFailed: [error: unknown, info: CallErrorInfo];
  /**
   * A failure that is reported on this side. No client is told of the failure of a oneway call, of the clean-up of a stream, and of a call
   * after its timeout. The failure of a callback method is told to both sides.
   */
  callError: [error: unknown, info: CallErrorInfo];
  /**
   * A limit was reached: `daemon.counters` counts it. `limit`: the name of its option. `error`: the error that the client was sent, if the
   * client was told. `connection`: undefined when none was made.
   */
  limitReached: [limit: LimitName, error: Error | undefined, connection: PyroConnection | undefined];
  /** The daemon works, but something about it is probably a mistake. `code`: stable, `PYRO_OPEN_ADDRESS` for example. Without listeners: a warning of the process. */
  warning: [text: string, code: string];
  /** The daemon's own work failed: a hook, a disposal, the server socket. */
  error: [error: Error];
  /** The daemon is closed. */
  close: [];
}

/** Emits the events of a daemon. A listener that throws harms nothing else: its error is reported like the error of a hook. */
export class EventReporter {
  readonly failures = new RecentFailures();
  private readonly warnings = new RepeatedLines<'warn'>((_level, text) => warn(text));

  private readonly report = (error: unknown): void => this.error(error);

  constructor(private readonly daemon: EventEmitter<PyroDaemonEvents>) {}

  emit<K extends keyof PyroDaemonEvents>(event: K, ...args: PyroDaemonEvents[K]): void {
    const { daemon, report } = this;
    if (daemon.listenerCount(event) === 0) return;
    // an error of one listener must not keep the event from the other listeners, of which some belong to this library
    const tell = (listener: Function): void => runUnawaited(() => Reflect.apply(listener, daemon, args), report);
    runIsolated(() => daemon.rawListeners(event).forEach(tell));
  }

  /** Reports a failure of the daemon's own work: as an `error` event, or without listeners as a warning of the process. */
  error(error: unknown): void {
    const failure = asError(error);
    this.failures.add(failure, { kind: 'daemon' });
    if (this.daemon.listenerCount('error') === 0) return this.warnOf(failure);
    try {
      this.daemon.emit('error', failure);
    } catch (failureOfListener) {
      this.listenerFailed(failureOfListener, 'error');
    }
  }

  /** A listener has failed. The failure of a listener of `error` is a warning of the process: a further event would call it again. */
  listenerFailed(error: unknown, event: string | symbol): void {
    if (event === 'error') this.warnOf(asError(error));
    else this.error(error);
  }

  private warnOf(failure: Error): void {
    this.warnings.print({ level: 'warn', what: 'errors of a daemon' }, () => warnOfError(failure));
  }

  /** Reports a probable mistake: as a `warning` event, or without listeners as a warning of the process. */
  warn(text: string, code: string): void {
    if (this.daemon.listenerCount('warning') > 0) this.emit('warning', text, code);
    else warn(text, code);
  }

  /** Runs a hook of the application and reports its error, sync or async. Does not wait for the hook. */
  run(hook: () => unknown): void {
    runUnawaited(() => runIsolated(hook), this.report);
  }

  /** Reports the rejection of a promise that code of the application returned. @param returned any value */
  rejection(returned: unknown): void {
    reportRejection(returned, this.report);
  }
}
