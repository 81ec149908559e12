import { HandshakeBudget, ValueBudget } from '../../serializers/contract/value-budget.js';
import type { RaisedAs } from '../../serializers/contract/unreadable-error.js';
import type { SessionConnection } from '../connection/session-connection.js';
import type { ResolvedDaemonOptions } from '../options/daemon-options.js';

/** Memory of a running request besides its arguments: context, promises, reply. */
export const REQUEST_BYTES = 1_024;

/** The last part of `maxInFlightValueBytes` is for connections that hold no more than {@link SMALL_BYTES}. */
const KEPT_PART = 1 / 8;
const SMALL_BYTES = 64 * 1024;
/** The part of `maxInFlightValueBytes` that one connection may hold, and one remote address, unless `maxValueBytes` is more. */
const HOLDER_PART = 1 / 2;

/** A connection, for whose requests memory is held. */
export type ValueHolder = Pick<SessionConnection, 'valueBytes' | 'address'>;

/** The memory that is left for the value of one request, because other requests run. */
class RemainingBudget extends ValueBudget {
  constructor(
    private readonly memory: ValueMemory,
    private readonly holder: ValueHolder,
    leftBytes: number,
    maxCheckedObjects: number,
  ) {
    super(Math.max(0, leftBytes), maxCheckedObjects);
  }

  override get limit(): string {
    return 'maxInFlightValueBytes';
  }

  protected override get reasonOfLimit(): string {
    return `${this.spent}, and ${this.memory.shortage(this.holder, this.mostBytes)}`;
  }

  protected override get raisedOverLimit(): RaisedAs {
    return 'Pyro5.errors.PyroError';
  }
}

/**
 * The memory that the values of all running requests, batches and handshakes of a daemon take together.
 *
 * The last eighth is for connections that hold at most 64 KiB: small calls go on while large values wait. Of the rest, one connection may
 * hold half of the whole, or a value of `maxValueBytes` where that is more, and so may one remote address.
 */
export class ValueMemory {
  /** Memory that is counted now. */
  heldBytes = 0;
  private readonly keptBytes: number;
  private readonly mostOfHolder: number;

  constructor(
    private readonly limits: Pick<
      ResolvedDaemonOptions,
      'maxValueBytes' | 'maxCheckedObjects' | 'maxHandshakeBytes' | 'maxInFlightValueBytes'
    >,
  ) {
    const { maxInFlightValueBytes: all, maxValueBytes } = limits;
    this.keptBytes = Math.floor(all * KEPT_PART);
    const most = Math.max(Math.floor(all * HOLDER_PART), maxValueBytes + SMALL_BYTES);
    this.mostOfHolder = Math.max(Math.min(most, all - this.keptBytes), SMALL_BYTES);
  }

  /** Memory that is left for further values of a connection. Below 0 when the connection holds too much. */
  leftFor(holder: ValueHolder): number {
    const { valueBytes, address } = holder;
    // the address has at least what its connections have
    const held = address === undefined ? valueBytes : address.valueBytes;
    // a connection with small requests goes on when others of its address hold their part
    return Math.min(this.leftOfAll(holder), Math.max(this.mostOfHolder - held, SMALL_BYTES - valueBytes));
  }

  /** Says why a value of a connection has no room, and the remedy. @param leftBytes room that is left for the value */
  shortage(holder: ValueHolder, leftBytes: number): string {
    const { address } = holder;
    const name = `maxInFlightValueBytes (${this.limits.maxInFlightValueBytes})`;
    if (this.heldBytes === 0) return `one value alone may take ${leftBytes} of ${name}; send less at once, or raise the limit`;
    const limit = `${name}; try again later`;
    if (this.leftFor(holder) === this.leftOfAll(holder)) return `running requests leave ${leftBytes} of ${limit}`;
    const who = address === undefined ? 'this connection' : address.name;
    return `running requests of ${who} leave ${leftBytes} of its part of ${limit}, or send less at once`;
  }

  /** Says how much memory a value takes that has no room. Undefined: it has room. */
  shortageFor(holder: ValueHolder, bytes: number): string | undefined {
    const left = Math.max(0, this.leftFor(holder));
    return bytes <= left ? undefined : `${bytes} bytes of memory, and ${this.shortage(holder, left)}`;
  }

  /** The budget of the value of the next request of a connection. */
  budget(holder: ValueHolder): ValueBudget {
    const { maxValueBytes, maxCheckedObjects } = this.limits;
    const left = this.leftFor(holder) - REQUEST_BYTES;
    if (left >= maxValueBytes) return new ValueBudget(maxValueBytes, maxCheckedObjects);
    return new RemainingBudget(this, holder, left, maxCheckedObjects);
  }

  /** The budget of the data of the next handshake of a connection. */
  handshakeBudget(holder: ValueHolder): ValueBudget {
    const budget = new HandshakeBudget(this.limits.maxHandshakeBytes);
    const left = this.leftFor(holder);
    return left >= budget.mostBytes ? budget : new RemainingBudget(this, holder, left, budget.maxCheckedObjects);
  }

  /** Counts the memory of a value of a connection. {@link release} must follow when the value is not needed any more. */
  hold(holder: ValueHolder, bytes: number): void {
    this.heldBytes += bytes;
    holder.valueBytes += bytes;
    if (holder.address !== undefined) holder.address.valueBytes += bytes;
  }

  release(holder: ValueHolder, bytes: number): void {
    this.hold(holder, -bytes);
  }

  /** Memory that all connections together leave for further values of a connection. */
  private leftOfAll({ valueBytes }: ValueHolder): number {
    const left = this.limits.maxInFlightValueBytes - this.heldBytes;
    return Math.max(left - this.keptBytes, Math.min(left, SMALL_BYTES - valueBytes));
  }
}
