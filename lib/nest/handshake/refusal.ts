import { HttpException } from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';
import { messageOf } from '../errors/python-error.js';
import type { OnFailure } from '../instances/lifecycle-hooks.js';
import { MESSAGES } from '../nest-internals.js';

/**
 * What a client is told that is not let in. HttpExceptions and RpcExceptions (PyroExceptions among them) are meant for it; as
 * anywhere in Nest all others are accidents, whose texts are nothing for a stranger: the server hears of them.
 *
 * @param what failed, if it was an accident
 */
export function refusalOf(error: unknown, what: string, onFailure: OnFailure): Error {
  if (error instanceof HttpException || error instanceof RpcException) return new Error(messageOf(error), { cause: error });
  onFailure(what, error);
  // without its cause, which the traceback that goes to clients would show
  return new Error(MESSAGES.UNKNOWN_EXCEPTION_MESSAGE);
}
