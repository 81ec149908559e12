import type { HashCollisions } from '../../serpent/costs/hash-collisions.js';
import type { ReadBudget } from '../../serpent/costs/value-costs.js';
import { heapRoomBytes } from '../../options/heap-share.js';
import { DEFAULT_MAX_CHECKED_OBJECTS } from '../../protocol/constants.js';
import { overLimit } from '../../protocol/over-limit.js';
import { type RaisedAs, UnreadableError } from './unreadable-error.js';

/** Memory of a value that is read before anybody looks how full the heap is, and at most between two looks, in bytes. */
const LOOK_BYTES = 2 ** 20;

/**
 * The memory that one read may take, in bytes of V8's heap. The readers estimate it while they read, and fail as soon as a value takes
 * more: a few bytes of a message can stand for much memory.
 *
 * The values of other messages may be in the heap, too, running or already with the application. So a value of more than
 * {@link LOOK_BYTES} may only take what the heap has room for.
 */
export class ValueBudget implements ReadBudget {
  spentBytes = 0;
  collisions: HashCollisions | undefined = undefined;
  messageBytes: number | undefined = undefined;
  wireBytes: number | undefined = undefined;
  /** Memory that the value may take until the next look at the heap. */
  limitBytes: number;
  /** The room that the heap had, when it had too little. */
  private roomBytes: number | undefined = undefined;
  private checkedObjects = 0;

  /** @param maxCheckedObjects objects that the rules of classes may check: that takes much time, and little memory */
  constructor(
    /** The most memory that the value may take. */
    readonly mostBytes: number,
    readonly maxCheckedObjects = DEFAULT_MAX_CHECKED_OBJECTS,
  ) {
    this.limitBytes = Math.min(mostBytes, LOOK_BYTES);
  }

  /** Looks how much more the value may take. @returns false when it is over its limit, or the heap is too full for it */
  grow(): boolean {
    if (this.spentBytes > this.mostBytes) return false;
    const room = heapRoomBytes();
    if (this.spentBytes - this.limitBytes > room) {
      this.roomBytes = Math.floor(room);
      return false;
    }
    this.limitBytes = Math.min(this.mostBytes, this.spentBytes + LOOK_BYTES);
    return true;
  }

  /** Counts memory before it is allocated. @throws {UnreadableError} over the limit */
  spend(bytes: number): void {
    this.spentBytes += bytes;
    if (this.spentBytes > this.limitBytes && !this.grow())
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

  /** Why the value is refused. */
  get reason(): string {
    const { roomBytes } = this;
    if (roomBytes === undefined) return this.reasonOfLimit;
    return (
      `${this.spent}, and the heap of this process has room for ${roomBytes} more; try again later, ask for less at once, ` +
      `or give the process a larger heap (node --max-old-space-size)`
    );
  }

  /** The exception that a Python client gets for the value. */
  get raisedAs(): RaisedAs {
    return this.roomBytes === undefined ? this.raisedOverLimit : 'Pyro5.errors.PyroError';
  }

  protected get reasonOfLimit(): string {
    return `${this.spent} (maxValueBytes is ${this.mostBytes})`;
  }

  protected get raisedOverLimit(): RaisedAs {
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

  protected override get reasonOfLimit(): string {
    const { spent, maxHandshakeBytes } = this;
    return `${spent}, and that of a handshake may take ${HANDSHAKE_FACTOR} times maxHandshakeBytes (${maxHandshakeBytes})`;
  }
}
