import { HttpException, type LogLevel } from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';
import type { CallErrorInfo } from '../../daemon/options/daemon-events.js';
import { CommunicationError, MessageTooLargeError, PyroError, SerializeError } from '../../protocol/errors.js';
import { PythonException } from '../../protocol/python-exception.js';
import { validationMessages } from '../errors/validation-messages.js';

/**
 * Chooses the level at which a server logs a failed call.
 *
 * @param error the error as it was thrown
 * @param call the call that failed
 * @returns `false`: the call is not logged; undefined: the level of the default rule
 */
export type PyroFailureLevel = (error: unknown, call: CallErrorInfo) => LogLevel | false | undefined;

/** The error that was thrown, where the Nest layer has translated the error for Python. */
export function thrownError(error: unknown): unknown {
  return error instanceof PythonException && error.cause !== undefined ? error.cause : error;
}

/**
 * The default rule: `debug` for errors that are meant for the client, `error` for all others, which nobody expected.
 *
 * Meant for the client are PyroException, HttpException and RpcException, the errors of validation, and the refusals of this
 * library: unknown objects and members, wrong arguments, guards, limits, clients that went away.
 *
 * @param isKnownObject whether the server has the object of the call
 */
export function defaultFailureLevel(error: unknown, isKnownObject: boolean): 'debug' | 'error' {
  return isMeantForClient(error, isKnownObject) ? 'debug' : 'error';
}

function isMeantForClient(error: unknown, isKnownObject: boolean): boolean {
  if (error instanceof HttpException || error instanceof RpcException || error instanceof PythonException) return true;
  if (validationMessages(error) !== undefined) return true;
  if (error instanceof PyroError) return isRefusal(error, isKnownObject);
  // Node's own functions reject with an AbortError when the signal of the call aborts
  return error instanceof Error && error.name === 'AbortError' && error.cause instanceof PyroError;
}

/** Whether the server itself refused: other errors of this library come from calls and mistakes that the method made. */
function isRefusal(error: PyroError, isKnownObject: boolean): boolean {
  switch (error.code) {
    case 'SECURITY':
      return true;
    case 'DAEMON':
      return !isKnownObject;
    case 'PYRO':
      // the result cannot be sent: a mistake of the method
      return !(error.cause instanceof SerializeError);
    default:
      // a failed call to another object says whether it was sent
      return error instanceof CommunicationError && error.sent === undefined && !(error instanceof MessageTooLargeError);
  }
}
