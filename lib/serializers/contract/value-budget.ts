import type { ReadBudget } from '../../serpent/value-costs.js';
import type { RaisedAs } from './unreadable-error.js';

/**
 * The memory that one read may take, in bytes of V8's heap. The readers estimate it while they read, and fail as soon as a value takes
 * more: a few bytes of a message can stand for much memory.
 */
export class ValueBudget implements ReadBudget {
  spentBytes = 0;

  constructor(readonly limitBytes: number) {}

  /** The option that sets the limit. */
  get limit(): string {
    return 'maxValueBytes';
  }

  /** Why a value over the limit is refused. */
  get reason(): string {
    return `${this.spent} (maxValueBytes is ${this.limitBytes})`;
  }

  /** The exception that a Python client gets then. */
  get raisedAs(): RaisedAs {
    return 'builtins.ValueError';
  }

  protected get spent(): string {
    return `the value takes ${this.spentBytes} bytes of memory or more`;
  }
}

/** The value of a handshake takes four times its bytes, roughly. */
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
