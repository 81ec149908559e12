import { HttpException, type LogLevel } from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';
import type { CallErrorInfo } from '../../daemon/options/daemon-events.js';
import { isMeantForClient } from '../../logging/expected-failures.js';
import { validationMessages } from '../../classes/dto/validation-messages.js';

/**
 * Chooses the level at which a server logs a failed call.
 *
 * @param error the error as it was thrown
 * @param call the call that failed
 * @returns `false`: the call is not logged; undefined: the level of the default rule
 */
export type PyroFailureLevel = (error: unknown, call: CallErrorInfo) => LogLevel | false | undefined;

/**
 * The default rule: `debug` for errors that are meant for the client, `error` for all other errors.
 *
 * Meant for the client are PyroException, HttpException and RpcException, the errors of validation, and what {@link isMeantForClient} finds.
 */
export function defaultFailureLevel(error: unknown): 'debug' | 'error' {
  return isMeantForClientOfNest(error) || isMeantForClient(error) ? 'debug' : 'error';
}

function isMeantForClientOfNest(error: unknown): boolean {
  return error instanceof HttpException || error instanceof RpcException || validationMessages(error) !== undefined;
}
