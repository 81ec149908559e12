import { HttpException } from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';
import { CommunicationError, PyroError } from '../../protocol/errors.js';
import { FORBIDDEN_MESSAGE, MESSAGES } from '../nest-internals.js';
import type { OnFailure } from './failures.js';
import { PyroException } from './pyro.exception.js';
import { messageOf } from './python-error.js';

/**
 * The error of a call when a guard returns false: a PermissionError for the client, and an RpcException for filters. An exception that
 * a guard throws is turned by `toPythonError`: a ForbiddenException and an UnauthorizedException become a PermissionError too.
 */
export function refusedCall(): PyroException {
  return new PyroException('builtins.PermissionError', [FORBIDDEN_MESSAGE]);
}

/** The error of a handshake that a guard refuses. The daemon makes a message for the client of its text. */
export function refusedHandshake(): Error {
  return new Error(FORBIDDEN_MESSAGE);
}

/** Errors that JavaScript itself throws at a mistake in a program. */
const MISTAKES = [TypeError, RangeError, ReferenceError, SyntaxError, URIError, EvalError, AggregateError];

/**
 * The error for a client when a handshake guard or a hook throws: it has the message of the thrown error. After an accident, the message
 * goes to `onFailure` only, because the client is not authorized yet.
 *
 * @param what the thing that failed, for {@link OnFailure}
 */
export function refusalOf(error: unknown, what: string, onFailure: OnFailure): Error {
  return isAccident(error) ? accidentOf(error, what, onFailure) : new Error(messageOf(error), { cause: error });
}

/** The error for a client after an accident, without its message. The accident itself goes to `onFailure`. */
export function accidentOf(error: unknown, what: string, onFailure: OnFailure): Error {
  onFailure(what, error);
  // no cause: the traceback that goes to clients would show it
  return new Error(MESSAGES.UNKNOWN_EXCEPTION_MESSAGE);
}

/** True for an error whose message was not written for clients. */
export function isAccident(error: unknown): boolean {
  if (!(error instanceof Error)) return true;
  if (error instanceof HttpException || error instanceof RpcException) return false;
  // the error of a call that the guard made
  if (error instanceof CommunicationError && error.sent !== undefined) return true;
  if (error instanceof PyroError) return false;
  // errors of system calls and database drivers have a code
  return 'code' in error || MISTAKES.some((mistake) => error instanceof mistake);
}
