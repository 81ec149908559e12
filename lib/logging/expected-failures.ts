import { PyroError } from '../protocol/errors.js';
import { isDescribedException, PythonException } from '../protocol/python-exception.js';
import { isRefusal } from '../protocol/refusals.js';
import { ConversionError } from '../serializers/contract/unreadable-error.js';

/**
 * The error or other value that was thrown, undefined too, before the Nest layer translated it for Python, and before a blob that a method
 * opens has wrapped it.
 */
export function thrownError(error: unknown): unknown {
  if (error instanceof ConversionError && error.isOfApplication) return error.thrown;
  return error instanceof PythonException && 'cause' in error ? error.cause : error;
}

/**
 * True for errors that are meant for the client: a PythonException, an error of a registered class, a SecurityError, and the refusals of this
 * library. The library refuses unknown objects and members, wrong arguments, and calls by guards, by limits, and of clients that have
 * disconnected. All other errors are unexpected. Among them are the other errors of this library that a method throws: a wrong option, a call
 * of another object that failed.
 */
export function isMeantForClient(error: unknown): boolean {
  if (error instanceof PythonException || isDescribedException(error)) return true;
  if (error instanceof PyroError) return isRefusal(error);
  // Node's own functions reject with an AbortError when the signal of the call aborts
  return error instanceof Error && error.name === 'AbortError' && error.cause instanceof PyroError && isRefusal(error.cause);
}
