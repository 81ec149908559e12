import type { ReadBudget } from '../../serpent/value-costs.js';
import type { RaisedAs } from './unreadable-error.js';

/**
 * The memory that one read may take, in bytes of V8's heap. The readers estimate it while they read, and fail as soon as a value takes
 * more: a few bytes of a message can stand for much memory.
 */
export class ValueBudget implements ReadBudget {
  spentBytes = 0;

  constructor(
    readonly limitBytes: number,
    /** The option that sets the limit. */
    protected readonly option: 'maxValueBytes' | 'maxHandshakeBytes' = 'maxValueBytes',
  ) {}

  /** Why a value over the limit is refused. */
  get reason(): string {
    const { spentBytes, limitBytes, option } = this;
    const limit = option === 'maxValueBytes' ? `${option} is ${limitBytes}` : `${option} allows ${limitBytes}`;
    return `the value takes ${Math.ceil(spentBytes)} bytes of memory or more (${limit})`;
  }

  /** What a Python client gets then. */
  get raisedAs(): RaisedAs {
    return 'builtins.ValueError';
  }
}

/** A value takes four times its bytes, roughly: the limit of the value of a handshake, for a limit of its bytes. */
const HANDSHAKE_VALUE_FACTOR = 4;

/** The memory that the value of a handshake message may take. */
export function handshakeBudget(maxHandshakeBytes: number): ValueBudget {
  return new ValueBudget(maxHandshakeBytes * HANDSHAKE_VALUE_FACTOR, 'maxHandshakeBytes');
}
