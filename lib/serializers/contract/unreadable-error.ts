import { PyroError, SerializeError } from '../../protocol/errors.js';
import { refusal } from '../../protocol/refusals.js';
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

/** Carries what code of the application threw, while a value is read, to the reader's {@link ConversionError}. */
export class ApplicationFailure extends Error {
  constructor(readonly thrown: unknown) {
    super('code of the application threw', { cause: thrown });
  }
}

/** A converter, or other code that reads a value, threw an error that is none of this library's readers. */
export class ConversionError extends UnreadableError {
  /** @param byApplication true for what code of the application threw: a converter, a constructor, a setter, a rule */
  constructor(
    readonly thrown: unknown,
    private readonly byApplication = false,
  ) {
    super(safeText(thrown), { cause: thrown });
  }

  /** True for an error that counts as if the called method had thrown it. Else the sender of the value made the mistake. */
  get isOfApplication(): boolean {
    return this.byApplication || (this.thrown instanceof PyroError && this.thrown.code === 'CONFIG');
  }

  override toPythonError(): Error {
    return asError(this.thrown);
  }
}

/**
 * Marks an error of reading as a refusal: the sender made the mistake. Not so an error of code of the application.
 *
 * @returns the error; for an error of code of the application the error that this code threw
 */
export function refuseUnreadable(error: unknown): unknown {
  if (error instanceof ConversionError && error.isOfApplication) return error.thrown;
  return error instanceof PyroError ? refusal(error) : error;
}

/** Adds the member in which reading failed. @param read the members that were read before it */
export function failedInside(error: unknown, step: MemberStep, read: readonly unknown[] = []): unknown {
  if (error instanceof UnreadableError) {
    error.steps.unshift(step);
    error.before = read;
  }
  return error;
}
