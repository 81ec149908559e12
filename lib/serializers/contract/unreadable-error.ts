import { SerializeError } from '../../protocol/errors.js';
import { asError, safeText } from '../../protocol/safe-text.js';
import { PythonException } from '../../protocol/python-exception.js';

/** A member of a container: an index, or a dict key as text. */
export type MemberStep = number | string;

interface UnreadableOptions {
  /** The message without the position in the bytes. */
  reason?: string;
  /** Default `ValueError`. */
  builtin?: 'TypeError' | 'ValueError';
  /** The members that lead from the outermost container to the fault. */
  steps?: MemberStep[];
  cause?: unknown;
}

/**
 * The bytes of a message are no value that can be read, or code of the application refused the value.
 *
 * Python raises its own errors for this, not `SerializeError`. A daemon answers them, and the connection goes on.
 *
 * @see Pyro5/server.py, `Daemon.handleRequest`
 */
export class UnreadableError extends SerializeError {
  readonly reason: string;
  readonly builtin: 'TypeError' | 'ValueError';
  readonly steps: MemberStep[];
  /** The members of the outermost container that were read before the fault. */
  before: readonly unknown[] = [];

  constructor(message: string, { reason = message, builtin = 'ValueError', steps = [], cause }: UnreadableOptions = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.reason = reason;
    this.builtin = builtin;
    this.steps = steps;
  }

  /** The exception that a Python client gets. */
  toPythonError(): Error {
    return new PythonException(`builtins.${this.builtin}`, [this.message], {}, { cause: this.cause ?? this });
  }
}

/** A converter, or other code of the application, threw while a value was read. */
export class ConversionError extends UnreadableError {
  constructor(readonly thrown: unknown) {
    super(safeText(thrown), { cause: thrown });
  }

  override toPythonError(): Error {
    return asError(this.thrown);
  }
}

/** Adds the member in which reading failed. @param read the members that were read before it */
export function failedInside(error: unknown, step: MemberStep, read: readonly unknown[] = []): unknown {
  if (error instanceof UnreadableError) {
    error.steps.unshift(step);
    error.before = read;
  }
  return error;
}
