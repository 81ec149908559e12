import { STATUS_CODES } from 'node:http';
import { type ArgumentsHost, Catch, HttpException, Logger } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import { type Observable, throwError } from 'rxjs';
import { CommunicationError, NamingError, PyroError, TimeoutError } from '../../protocol/errors.js';
import { shortTexts } from '../../protocol/short-text.js';
import { printable } from '../../reports/printable.js';
import { PyroRemoteError } from '../../serializers/objects/exceptions.js';

/** HTTP statuses of Python's builtin exceptions: the other direction of the table in docs/errors.md. */
const STATUS_OF_TYPE: Readonly<Record<string, number | undefined>> = {
  'builtins.ValueError': 400,
  'builtins.PermissionError': 403,
  'builtins.LookupError': 404,
  'builtins.KeyError': 404,
  'builtins.IndexError': 404,
  'builtins.FileNotFoundError': 404,
  'builtins.TimeoutError': 504,
  'builtins.NotImplementedError': 501,
};
const BAD_GATEWAY = 502;
const UNAVAILABLE = 503;
const GATEWAY_TIMEOUT = 504;

/**
 * Answers an HTTP request with a fitting status when a call of a remote Pyro object failed in it, instead of status 500.
 *
 * | error | status |
 * | --- | --- |
 * | a ValueError of the remote method | 400, with its message |
 * | PermissionError · LookupError, KeyError, IndexError, FileNotFoundError | 403 · 404, with the message |
 * | NotImplementedError · TimeoutError | 501 · 504 |
 * | every other exception of the remote method | 502 |
 * | a `TimeoutError` of the proxy | 504 |
 * | another `CommunicationError`, a `NamingError` | 503 |
 * | every other error of this package | 502 |
 *
 * Answers of 500 and more say nothing of the error; it is logged with its stack. For other statuses, extend the class and override
 * {@link statusOf}. In a call that is no HTTP request, the error stays as it is.
 *
 * Use it as `{ provide: APP_FILTER, useClass: PyroHttpExceptionFilter }`, or by `@UseFilters(PyroHttpExceptionFilter)`.
 */
@Catch(PyroError)
export class PyroHttpExceptionFilter extends BaseExceptionFilter {
  private readonly log = new Logger(PyroHttpExceptionFilter.name);

  /** @internal Nest calls it. */
  override catch(error: PyroError, host: ArgumentsHost): void | Observable<never> {
    const kind = host.getType();
    if (kind === 'rpc') return throwError(() => error);
    if (kind !== 'http') throw error;
    const status = this.statusOf(error);
    if (status >= 500) this.log.error(`${status}: ${printable(error.message)}`, error.stack);
    const reason = STATUS_CODES[status] ?? 'Error';
    const message = status < 500 ? remoteMessage(error) : reason;
    const answer = new HttpException(HttpException.createBody(message, reason, status), status, { cause: error });
    // oxlint-disable-next-line promise/valid-params, promise/no-promise-in-callback -- no promise has this method
    super.catch(answer, host);
  }

  /** The status of an error. The default is the table above. */
  protected statusOf(error: PyroError): number {
    if (error instanceof PyroRemoteError) return STATUS_OF_TYPE[error.pythonType] ?? BAD_GATEWAY;
    if (error instanceof TimeoutError) return GATEWAY_TIMEOUT;
    if (error instanceof CommunicationError || error instanceof NamingError) return UNAVAILABLE;
    return BAD_GATEWAY;
  }
}

/** The arguments of a Python exception are its message, without the type before it. */
function remoteMessage(error: PyroError): string {
  return error instanceof PyroRemoteError ? shortTexts(error.args) : error.message;
}
