import { constants } from 'node:os';
import { safeText } from '../../protocol/texts/safe-text.js';

/** The parts of a Python exception. */
export interface ExceptionDescription {
  /** Dotted class name. */
  pythonType: string;
  args: readonly unknown[];
  attributes: Readonly<Record<string, unknown>>;
}

/** The builtin exception for each name of a JavaScript error. Other names become RuntimeError. */
const BUILTIN_OF_NAME: ReadonlyMap<string, string> = new Map([
  ['TypeError', 'TypeError'],
  ['RangeError', 'ValueError'],
  ['SyntaxError', 'ValueError'],
  ['URIError', 'ValueError'],
  ['ReferenceError', 'NameError'],
  ['AssertionError', 'AssertionError'],
  ['AbortError', 'TimeoutError'],
  ['TimeoutError', 'TimeoutError'],
]);

const CLASSES: readonly [abstract new () => Error, string][] = [
  [TypeError, 'TypeError'],
  [RangeError, 'ValueError'],
  [SyntaxError, 'ValueError'],
  [URIError, 'ValueError'],
  [ReferenceError, 'NameError'],
];

/** Subclasses of OSError by the `code` of Node's system errors. @see Python's `OSError` */
const OS_ERRORS: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'FileNotFoundError'],
  ['EEXIST', 'FileExistsError'],
  ['EACCES', 'PermissionError'],
  ['EPERM', 'PermissionError'],
  ['ENOTDIR', 'NotADirectoryError'],
  ['EISDIR', 'IsADirectoryError'],
  ['ECONNREFUSED', 'ConnectionRefusedError'],
  ['ECONNRESET', 'ConnectionResetError'],
  ['ECONNABORTED', 'ConnectionAbortedError'],
  ['EPIPE', 'BrokenPipeError'],
  ['EAGAIN', 'BlockingIOError'],
  ['EALREADY', 'BlockingIOError'],
  ['EINPROGRESS', 'BlockingIOError'],
  ['ECHILD', 'ChildProcessError'],
  ['EINTR', 'InterruptedError'],
  ['ESRCH', 'ProcessLookupError'],
  ['ETIMEDOUT', 'TimeoutError'],
]);

/**
 * The builtin exception closest to a JavaScript error.
 *
 * Of the error's own members only `code` is sent, as an attribute. Other members may hold secrets, such as a request with its
 * credentials. To send more, throw a `PythonException`.
 */
export function describeError(error: Error): ExceptionDescription {
  // a DOMException inherits a legacy `code`, which is not sent
  const code: unknown = Object.hasOwn(error, 'code') ? (error as { code?: unknown }).code : undefined;
  const isCode = (typeof code === 'string' && code !== '') || Number.isSafeInteger(code);
  const attributes = isCode ? { code } : {};
  const message = messageOf(error);
  const errno = errnoOf(error, code);
  if (errno !== undefined) {
    return { pythonType: `builtins.${OS_ERRORS.get(code as string) ?? 'OSError'}`, args: [errno, message], attributes };
  }
  return { pythonType: `builtins.${builtinOf(error)}`, args: [message], attributes };
}

function builtinOf(error: Error): string {
  const named = BUILTIN_OF_NAME.get(error.name);
  return named ?? CLASSES.find(([type]) => error instanceof type)?.[1] ?? 'RuntimeError';
}

/** The number of an error that the operating system reported, as Python's `errno`. */
function errnoOf(error: Error, code: unknown): number | undefined {
  const { errno, syscall, errors } = error as { errno?: unknown; syscall?: unknown; errors?: unknown };
  if (typeof code !== 'string' || !Object.hasOwn(constants.errno, code)) return undefined;
  // an AggregateError of several connects has the code of the last connect, and no syscall
  if (typeof errno !== 'number' && typeof syscall !== 'string' && !Array.isArray(errors)) return undefined;
  return constants.errno[code as keyof typeof constants.errno];
}

/** An AggregateError of Node has no message; the messages of its errors are joined. */
function messageOf(error: Error): string {
  const { errors } = error as { errors?: unknown };
  if (error.message !== '' || !Array.isArray(errors)) return error.message;
  return errors.map((inner: unknown) => (inner instanceof Error ? inner.message : safeText(inner))).join('; ');
}
