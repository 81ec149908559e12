import { CommunicationError, MessageTooLargeError, PyroError } from '../protocol/errors.js';
import { isDescribedException, PythonException } from '../protocol/python-exception.js';

/** The error or other value that was thrown, undefined too, before the Nest layer translated it for Python. */
export function thrownError(error: unknown): unknown {
  return error instanceof PythonException && 'cause' in error ? error.cause : error;
}

/**
 * True for errors that are meant for the client: a PythonException, an error of a registered class, and the refusals of this library. The
 * library refuses unknown objects and members, wrong arguments, and calls by guards, by limits, and of clients that have disconnected. All
 * other errors are unexpected.
 *
 * @param isKnownObject whether the daemon has the object of the call
 */
export function isMeantForClient(error: unknown, isKnownObject: boolean): boolean {
  if (error instanceof PythonException || isDescribedException(error)) return true;
  if (error instanceof PyroError) return isRefusal(error, isKnownObject);
  // Node's own functions reject with an AbortError when the signal of the call aborts
  return error instanceof Error && error.name === 'AbortError' && error.cause instanceof PyroError;
}

/** True when the server itself refused. Other errors of this library come from calls of the method, and from its mistakes. */
function isRefusal(error: PyroError, isKnownObject: boolean): boolean {
  switch (error.code) {
    case 'SECURITY':
      return true;
    case 'DAEMON':
      return !isKnownObject;
    case 'PYRO':
      // with a cause, the result or the exception of the method cannot be sent: a mistake of the method
      return error.cause === undefined;
    default:
      // `sent` marks a failed call to another object
      return error instanceof CommunicationError && error.sent === undefined && !(error instanceof MessageTooLargeError);
  }
}
