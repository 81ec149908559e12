import { CommunicationError, ConnectionClosedError, PyroError, TimeoutError } from '../protocol/errors.js';
import { PythonException } from '../protocol/python-exception.js';

/**
 * The error as a client may get it once a call has begun: on anything below Pyro5's `CommunicationError` a Python proxy
 * drops its connection, and with it its session, and may repeat the call.
 */
export function presentableError(error: unknown): unknown {
  if (!(error instanceof CommunicationError)) return error;
  if (error instanceof TimeoutError) return new PythonException('builtins.TimeoutError', [error.message], {}, { cause: error });
  if (error instanceof ConnectionClosedError)
    return new PythonException('builtins.ConnectionError', [error.message], {}, { cause: error });
  return new PyroError(error.message, { cause: error });
}
