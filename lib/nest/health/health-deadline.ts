import { Deadline } from '../../calls/deadline.js';
import { PyroError, TimeoutError } from '../../protocol/errors.js';

/** Options of a {@link HealthDeadline}. */
interface HealthDeadlineOptions {
  timeoutMs: number;
  /** True: the check fails with the first attempt that fails. A health check shall not wait for the further attempts of a client. */
  asksOnce: boolean;
}

/** The deadline of the check of a remote object or a name server. Its error tells why the last attempt to connect failed, if one failed. */
export class HealthDeadline extends Deadline {
  private readonly asksOnce: boolean;

  constructor(what: string, { timeoutMs, asksOnce }: HealthDeadlineOptions) {
    super(what, timeoutMs, undefined);
    this.asksOnce = asksOnce;
  }

  override connectFailed(error: Error): void {
    super.connectFailed(error);
    // a client makes room at a full daemon, and that succeeds soon
    const isFull = error instanceof PyroError && error.code === 'DAEMON_FULL';
    if (this.asksOnce && !isFull) this.pass(error);
  }

  protected override timeoutError(): TimeoutError {
    const why = this.connectError ? `: ${this.connectError.message}` : '';
    return new TimeoutError(lateText(this.what, this.timeoutMs) + why, { sent: this.sent, cause: this.connectError });
  }
}

/** The text of a check that got no answer in time. */
export function lateText(what: string, timeoutMs: number): string {
  return `${what} did not answer within timeoutMs (${timeoutMs} ms)`;
}
