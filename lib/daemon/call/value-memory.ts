import { HandshakeBudget, ValueBudget } from '../../serializers/contract/value-budget.js';
import type { RaisedAs } from '../../serializers/contract/unreadable-error.js';
import type { ResolvedDaemonOptions } from '../options/daemon-options.js';

/** Memory of a running request besides its arguments: context, promises, reply. */
export const REQUEST_BYTES = 1_024;

/** The memory that is left for the value of one request, because other requests run. */
class RemainingBudget extends ValueBudget {
  constructor(
    leftBytes: number,
    private readonly totalBytes: number,
    maxCheckedObjects: number,
  ) {
    super(leftBytes, maxCheckedObjects);
  }

  override get limit(): string {
    return 'maxInFlightValueBytes';
  }

  protected override get reasonOfLimit(): string {
    const { spent, mostBytes, totalBytes } = this;
    return `${spent}, and running requests leave ${mostBytes} of maxInFlightValueBytes (${totalBytes}); try again later`;
  }

  protected override get raisedOverLimit(): RaisedAs {
    return 'Pyro5.errors.PyroError';
  }
}

/** The memory that the values of all running requests, batches and handshakes of a daemon take together. */
export class ValueMemory {
  /** Memory that is counted now. */
  heldBytes = 0;

  constructor(
    private readonly limits: Pick<
      ResolvedDaemonOptions,
      'maxValueBytes' | 'maxCheckedObjects' | 'maxHandshakeBytes' | 'maxInFlightValueBytes'
    >,
  ) {}

  /** Memory that is left for further values. */
  get leftBytes(): number {
    return Math.max(0, this.limits.maxInFlightValueBytes - this.heldBytes);
  }

  /** The budget of the value of the next request. */
  budget(): ValueBudget {
    return this.within(new ValueBudget(this.limits.maxValueBytes, this.limits.maxCheckedObjects), REQUEST_BYTES);
  }

  /** The budget of the data of the next handshake. */
  handshakeBudget(): ValueBudget {
    return this.within(new HandshakeBudget(this.limits.maxHandshakeBytes), 0);
  }

  /** Counts the memory of a value. {@link release} must follow when the value is not needed any more. */
  hold(bytes: number): void {
    this.heldBytes += bytes;
  }

  release(bytes: number): void {
    this.heldBytes -= bytes;
  }

  private within(budget: ValueBudget, otherBytes: number): ValueBudget {
    const left = this.leftBytes - otherBytes;
    if (left >= budget.mostBytes) return budget;
    return new RemainingBudget(Math.max(0, left), this.limits.maxInFlightValueBytes, budget.maxCheckedObjects);
  }
}
