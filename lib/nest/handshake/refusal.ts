import { HttpException } from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';
import { CommunicationError, PyroError } from '../../protocol/errors.js';
import { messageOf } from '../errors/python-error.js';
import type { OnFailure } from '../instances/lifecycle-hooks.js';
import { MESSAGES } from '../nest-internals.js';

/** What JavaScript itself throws at a mistake in a program. */
const MISTAKES = [TypeError, RangeError, ReferenceError, SyntaxError, URIError, EvalError, AggregateError];

/**
 * What a client is told that is not let in: the message of the error that was thrown. The texts of accidents are nothing for a
 * stranger, the server hears of them.
 *
 * @param what failed, if it was an accident
 */
export function refusalOf(error: unknown, what: string, onFailure: OnFailure): Error {
  return isAccident(error) ? accidentOf(error, what, onFailure) : new Error(messageOf(error), { cause: error });
}

/** What a client is told of an accident; the server is told what it was. */
export function accidentOf(error: unknown, what: string, onFailure: OnFailure): Error {
  onFailure(what, error);
  // without its cause, which the traceback that goes to clients would show
  return new Error(MESSAGES.UNKNOWN_EXCEPTION_MESSAGE);
}

function isAccident(error: unknown): boolean {
  if (!(error instanceof Error)) return true;
  if (error instanceof HttpException || error instanceof RpcException) return false;
  // of a call to somebody else
  if (error instanceof CommunicationError && error.sent !== undefined) return true;
  if (error instanceof PyroError) return false;
  // system calls and database drivers give a code
  return 'code' in error || MISTAKES.some((mistake) => error instanceof mistake);
}
