import { CONNECTION_ENDING_TYPES } from '../../protocol/connection-ending-types.js';
import { CommunicationError } from '../../protocol/errors.js';
import { asError } from '../../protocol/texts/safe-text.js';
import { PythonException, saysPythonException } from '../../protocol/python-exception.js';
import { sendableAttributes } from '../../protocol/python-exception-rules.js';
import { objectOf } from '../../serializers/contract/plain-object.js';
import { PyroRemoteError } from '../../serializers/objects/exceptions.js';

/**
 * The error as a client may get it once a call has begun. On an error below Pyro5's `CommunicationError` a Python proxy drops its
 * connection and its session, and may repeat the call. So every such error is replaced: errors of this package, errors that a method passes
 * on from another peer, and errors that a method throws by their Python name.
 */
export function presentableError(thrown: unknown): Error {
  const error = asError(thrown);
  if (error instanceof CommunicationError) {
    return new PythonException(standInOf(error.pythonType), [error.message], {}, { cause: error });
  }
  if (error instanceof PyroRemoteError && CONNECTION_ENDING_TYPES.has(error.pythonType)) {
    return new PyroRemoteError(standInOf(error.pythonType), error.args, error.attributes, error.remoteTraceback);
  }
  if (saysPythonException(error) && CONNECTION_ENDING_TYPES.has(error.pythonType)) {
    const type = standInOf(error.pythonType);
    const attributes = objectOf(sendableAttributes(type, error.attributes));
    return new PythonException(type, error.args, attributes, { cause: error });
  }
  return error;
}

function standInOf(pythonType: string): string {
  return CONNECTION_ENDING_TYPES.get(pythonType) ?? 'Pyro5.errors.PyroError';
}
