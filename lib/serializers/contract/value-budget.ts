import type { ReadBudget } from '../../serpent/value-costs.js';
import { DEFAULT_MAX_CHECKED_OBJECTS } from '../../protocol/constants.js';
import { overLimit } from '../../protocol/over-limit.js';
import { type RaisedAs, UnreadableError } from './unreadable-error.js';

/**
 * The memory that one read may take, in bytes of V8's heap. The readers estimate it while they read, and fail as soon as a value takes
 * more: a few bytes of a message can stand for much memory.
 */
export class ValueBudget implements ReadBudget {
  spentBytes = 0;
  private checkedObjects = 0;

  /** @param maxCheckedObjects objects that the rules of classes may check: that takes much time, and little memory */
  constructor(
    readonly limitBytes: number,
    readonly maxCheckedObjects = DEFAULT_MAX_CHECKED_OBJECTS,
  ) {}

  /** Counts memory before it is allocated. @throws {UnreadableError} over the limit */
  spend(bytes: number): void {
    this.spentBytes += bytes;
    if (this.spentBytes > this.limitBytes)
      throw overLimit(this.limit, new UnreadableError(this.reason, { raisedAs: this.raisedAs }));
  }

  /** Objects that may still be checked. */
  get leftChecks(): number {
    return this.maxCheckedObjects - this.checkedObjects;
  }

  /** Counts objects before the rules of their classes check them. @throws {UnreadableError} over the limit */
  spendChecks(objects: number): void {
    this.checkedObjects += objects;
    if (this.leftChecks >= 0) return;
    const { maxCheckedObjects } = this;
    const reason =
      `the value has more objects that rules of classes check than maxCheckedObjects (${maxCheckedObjects}) allows, ` +
      `where many items and members count, too; send less at once, or raise maxCheckedObjects`;
    throw overLimit('maxCheckedObjects', new UnreadableError(reason));
  }

  /** The option that sets the limit. */
  get limit(): string {
    return 'maxValueBytes';
  }

  /** Why a value over the limit is refused. */
  get reason(): string {
    return `${this.spent} (maxValueBytes is ${this.limitBytes})`;
  }

  /** The exception that a Python client gets for a value over the limit. */
  get raisedAs(): RaisedAs {
    return 'builtins.ValueError';
  }

  protected get spent(): string {
    return `the value takes ${this.spentBytes} bytes of memory or more`;
  }
}

/** The memory of a handshake's value, as a multiple of the bytes of its message. */
const HANDSHAKE_FACTOR = 4;

/** The memory that the value of a handshake message may take. */
export class HandshakeBudget extends ValueBudget {
  constructor(private readonly maxHandshakeBytes: number) {
    super(maxHandshakeBytes * HANDSHAKE_FACTOR);
  }

  override get limit(): string {
    return 'maxHandshakeBytes';
  }

  override get reason(): string {
    const { spent, maxHandshakeBytes } = this;
    return `${spent}, and that of a handshake may take ${HANDSHAKE_FACTOR} times maxHandshakeBytes (${maxHandshakeBytes})`;
  }
}
