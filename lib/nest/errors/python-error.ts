import { HttpException } from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';
import { CONNECTION_ENDING_TYPES } from '../../protocol/connection-ending-types.js';
import { isDescribedException, PythonException } from '../../protocol/python-exception.js';
import { exceptionFault, sendableAttributes } from '../../protocol/python-exception-rules.js';
import { safeText, thrownText } from '../../protocol/texts/safe-text.js';
import { objectOf } from '../../serializers/contract/plain-object.js';
import { PyroException } from './pyro.exception.js';
import { groupedMessages } from './grouped-messages.js';
import { responseAttributes, sendable, settableAttributes } from './response-attributes.js';
import { boundedMessages, validationMessages } from '../../classes/dto/validation-messages.js';

/** Python exceptions of HTTP statuses; every other status is a RuntimeError. */
const TYPE_OF_STATUS: Readonly<Record<number, string>> = {
  400: 'ValueError',
  401: 'PermissionError',
  403: 'PermissionError',
  404: 'LookupError',
  405: 'NotImplementedError',
  408: 'TimeoutError',
  410: 'LookupError',
  413: 'ValueError',
  415: 'ValueError',
  422: 'ValueError',
  501: 'NotImplementedError',
  504: 'TimeoutError',
};

/** Names of the arguments that pipes refused, by the error of the pipe. */
const refusedArguments = new WeakMap<object, string>();

/**
 * Notes which argument the error of a pipe is about. Objects and lists are not noted: the messages of pipes name the wrong property of an
 * object. For other values a pipe does not know the name of the argument.
 */
export function noteRefusedArgument(error: unknown, label: string, value: unknown): void {
  const isPlain = typeof value !== 'object' || value === null;
  if (isPlain && typeof error === 'object' && error !== null) refusedArguments.set(error, label);
}

/**
 * Turns Nest's errors into the closest Python exception: HttpExceptions, RpcExceptions, validation errors, and thrown values that
 * are no Error. Returns every other error as it is, for the serializers.
 */
export function toPythonError(error: unknown): unknown {
  const mapped = pythonExceptionOf(error);
  if (mapped === undefined) return error;
  // the traceback shows the place where the author's error was thrown
  if (error instanceof Error && error.stack !== undefined) mapped.stack = error.stack;
  return mapped;
}

/**
 * The error with which an exception filter answers. A filter may answer with a value that is no Error, as `getError()` of an
 * RpcException gives one: such an answer is meant for the client, and was thrown nowhere.
 */
export function answerOfFilter(error: unknown): Error {
  if (error instanceof Error) return error;
  const { pythonType, args, attributes } = ofRpcError(error, error);
  return new PythonException(pythonType, args, attributes);
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  const mapped = pythonExceptionOf(error) ?? error;
  if (mapped instanceof Error) return mapped.message || mapped.name;
  return safeText(mapped);
}

function pythonExceptionOf(error: unknown): PythonException | undefined {
  // the registered class of an error decides what the error becomes
  if (isDescribedException(error)) return undefined;
  const mapped = unlabelledExceptionOf(error);
  const argument = typeof error === 'object' && error !== null ? refusedArguments.get(error) : undefined;
  if (mapped === undefined || argument === undefined || error instanceof PyroException) return mapped;
  const args = mapped.args.map((arg) => (typeof arg === 'string' ? `${argument}: ${arg}` : arg));
  return new PythonException(mapped.pythonType, args, mapped.attributes, { cause: error });
}

function unlabelledExceptionOf(error: unknown): PythonException | undefined {
  if (error instanceof PyroException) {
    const type = CONNECTION_ENDING_TYPES.get(error.pythonType) ?? error.pythonType;
    const attributes = objectOf(sendableAttributes(type, error.attributes));
    // a subclass may set a type that no client can make: the serializers say so
    if (exceptionFault(type, error.args, attributes) !== undefined) return undefined;
    return new PythonException(type, error.args, attributes, { cause: error });
  }
  if (error instanceof HttpException) return ofStatus(error.getStatus(), error.getResponse(), error.message, error);
  if (error instanceof RpcException) return ofRpcError(error.getError(), error);
  const invalid = validationMessages(error);
  if (invalid) return new PythonException('builtins.ValueError', invalid, {}, { cause: error });
  if (error instanceof Error) return undefined;
  return ofRpcError(error, error);
}

function ofRpcError(content: unknown, cause: unknown): PythonException {
  if (content instanceof Error)
    return pythonExceptionOf(content) ?? new PythonException('builtins.RuntimeError', [content.message], {}, { cause });
  const invalid = validationMessages(content);
  if (invalid) return new PythonException('builtins.ValueError', invalid, {}, { cause });
  if (typeof content !== 'object' || content === null)
    return new PythonException('builtins.RuntimeError', [String(content)], {}, { cause });
  const copied = ofCopy(content, cause);
  if (copied) return copied;
  const { status, statusCode, message } = content as { status?: unknown; statusCode?: unknown; message?: unknown };
  const code = typeof statusCode === 'number' ? statusCode : status;
  const fallback = cause instanceof Error ? cause.message : thrownText(content);
  return ofStatus(typeof code === 'number' ? code : 500, content, typeof message === 'string' ? message : fallback, cause);
}

const MAX_TYPE_CHARS = 200;

/**
 * The exception of which an object is a copy: `{ ...exception.getError(), extra: 1 }`, or its JSON. Further members become attributes.
 * Undefined for other objects.
 */
function ofCopy(content: object, cause: unknown): PythonException | undefined {
  const { pythonType, args, attributes, error: _, cause: __, ...further } = content as Partial<Record<string, unknown>>;
  if (typeof pythonType !== 'string' || pythonType.length > MAX_TYPE_CHARS || !Array.isArray(args)) return undefined;
  if (exceptionFault(pythonType, args, {}) !== undefined) return undefined;
  const type = CONNECTION_ENDING_TYPES.get(pythonType) ?? pythonType;
  const all = { ...settableAttributes(attributes), ...responseAttributes(further) };
  return new PythonException(type, args as unknown[], all, { cause });
}

function ofStatus(status: number, response: unknown, fallback: string, cause: unknown): PythonException {
  const type = TYPE_OF_STATUS[status] ?? 'RuntimeError';
  return new PythonException(`builtins.${type}`, messagesOf(response, fallback), responseAttributes(response), { cause });
}

/**
 * The messages of an exception's response, one per arg. The response of a ValidationPipe has a list of messages: with
 * `forbidNonWhitelisted` one for each member that the class does not have, with its whole name, which the peer chose.
 */
function messagesOf(response: unknown, fallback: string): unknown[] {
  if (typeof response === 'string') return [response];
  // a list alone is the list of messages: `new HttpException(['a', 'b'], 409)`
  const { message } = Array.isArray(response) ? { message: response as unknown[] } : ((response ?? {}) as { message?: unknown });
  if (Array.isArray(message) && message.length > 0) {
    if (message.every((line) => typeof line === 'string')) return boundedMessages(message);
    return validationMessages(message) ?? message.map((line) => sendable(line));
  }
  const grouped = typeof response === 'object' && response !== null ? groupedMessages(response) : undefined;
  return grouped ?? [typeof message === 'string' ? message : fallback];
}
