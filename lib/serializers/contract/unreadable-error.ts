import { SerializeError } from '../../protocol/errors.js';
import { asError, safeText } from '../../protocol/texts/safe-text.js';
import { PythonException } from '../../protocol/python-exception.js';

/** A member of a container: an index, or a dict key as text. */
export type MemberStep = number | string;

/** The Python exception that a client gets for a value that cannot be read. */
export type RaisedAs = 'builtins.TypeError' | 'builtins.ValueError' | 'Pyro5.errors.PyroError';

interface UnreadableOptions {
  /** The message without the position in the bytes. */
  reason?: string;
  /** Default `builtins.ValueError`. */
  raisedAs?: RaisedAs;
  /** The members that lead from the outermost container to the fault. */
  steps?: MemberStep[];
  cause?: unknown;
}

/**
 * The bytes of a message cannot be read as a value, or code of the application refused the value.
 *
 * Python raises its own errors for this, not `SerializeError`. A daemon answers them, and the connection goes on.
 *
 * @see Pyro5/server.py, `Daemon.handleRequest`
 */
export class UnreadableError extends SerializeError {
  readonly reason: string;
  readonly raisedAs: RaisedAs;
  readonly steps: MemberStep[];
  /** The members of the outermost container that were read before the fault. */
  before: readonly unknown[] = [];

  constructor(
    message: string,
    { reason = message, raisedAs = 'builtins.ValueError', steps = [], cause }: UnreadableOptions = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.reason = reason;
    this.raisedAs = raisedAs;
    this.steps = steps;
  }

  /** The exception that a Python client gets. */
  toPythonError(): Error {
    return new PythonException(this.raisedAs, [this.message], {}, { cause: this.cause ?? this });
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
