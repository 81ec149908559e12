import { recogniseInstances } from '../../copies/process-wide.js';
import { PyroError, SerializeError } from '../../protocol/errors.js';
import { defaultClassRegistry } from '../contract/class-registry.js';
import { UnreadableError } from '../contract/unreadable-error.js';
import { describedException, saysPythonException } from '../../protocol/python-exception.js';
import { sendableAttributes, typeFault } from '../../protocol/python-exception-rules.js';
import { beginningOf } from '../../protocol/texts/peer-text.js';
import { asError, safeText } from '../../protocol/texts/safe-text.js';
import type { Spend } from '../../arrays/memory.js';
import { isLongText, longNameReason } from '../../serpent/costs/hash-collisions.js';
import type { PyTuple } from '../../serpent/index.js';
import { tupleOf } from '../../serpent/values/values.js';
import { isPlainObject, memberOf as memberOfDict, objectOf } from '../contract/plain-object.js';
import { describeError } from './builtin-exceptions.js';
import type { SerializerOptions } from '../contract/serializer.js';
import {
  MAX_TRACEBACK_CHARS,
  MAX_TRACEBACK_LINE_CHARS,
  MAX_TRACEBACK_LINES,
  showRemoteTraceback,
  SHOWN_TRACEBACK_COST,
  TRACEBACK,
} from './remote-traceback.js';
import { shortText, shortTexts } from '../../protocol/short-text.js';

/** An exception as it travels. @see Pyro5/serializers.py, `class_to_dict` */
interface ClassDict extends Record<string, unknown> {
  __class__: string;
  __exception__: true;
  args: PyTuple;
  attributes: Record<string, unknown>;
}

/** An exception that a Python peer raised. */
export class PyroRemoteError extends PyroError {
  static {
    recogniseInstances(this, 'PyroRemoteError');
  }

  static override readonly pyroName: string = 'PyroRemoteError';
  override readonly pythonType: string;

  constructor(
    /** Dotted Python class, e.g. `builtins.ZeroDivisionError`. */
    pythonType: string,
    /** Python's `exception.args`. */
    readonly args: readonly unknown[] = [],
    /** Python's extra attributes, without the traceback. */
    readonly attributes: Readonly<Record<string, unknown>> = {},
    /** Traceback lines as Python prints them, outermost call first; empty when withheld. */
    readonly remoteTraceback: readonly string[] = [],
  ) {
    super(args.length === 0 ? pythonType : `${pythonType}: ${shortTexts(args)}`, { code: 'REMOTE' });
    this.pythonType = pythonType;
    showRemoteTraceback(this);
  }
}

const MAX_CAUSES = 10;

type ExceptionOptions = Pick<SerializerOptions, 'detailedTraceback' | 'maxBytes'>;

/**
 * The class dict of an error. A PythonException and a {@link PyroRemoteError} name their Python class; another error becomes the
 * closest builtin exception. Attributes that a Python client cannot set are left out.
 *
 * @throws {SerializeError} on a type that no Python client can make, unless a peer has raised it
 */
export function exceptionToDict(error: Error, options: ExceptionOptions): ClassDict {
  const { pythonType, args, attributes } = describe(error);
  // an exception of a peer is passed on as it is: the client may have a converter
  const fault = error instanceof PyroRemoteError ? undefined : typeFault(pythonType);
  if (fault !== undefined) throw new SerializeError(`an exception that no client can read: ${fault}`);
  const all = objectOf(sendableAttributes(pythonType, attributes));
  if (options.detailedTraceback) {
    const lines = error instanceof PyroRemoteError ? [...error.remoteTraceback] : tracebackLines(error, options.maxBytes);
    if (lines.length > 0) all[TRACEBACK] = lines;
  }
  return { __class__: pythonType, __exception__: true, args: tupleOf(args), attributes: all };
}

/** The Python class that an error becomes: with a converter of the default registry the name of the converter. */
export function pythonTypeOf(thrown: unknown): string {
  try {
    const error = asError(thrown);
    const converter = defaultClassRegistry.converterOf(error);
    return converter?.toDict ? converter.name : describe(error).pythonType;
  } catch {
    // a getter of user code threw
    return 'builtins.RuntimeError';
  }
}

function describe(error: Error): ReturnType<typeof describeError> {
  const described = describedException(error);
  if (described !== undefined) return described;
  if (saysPythonException(error) || error instanceof PyroRemoteError) return error;
  if (error instanceof PyroError) return { pythonType: error.pythonType, args: [error.message], attributes: {} };
  return describeError(error);
}

/**
 * The error that is sent instead of an error that cannot be written: a PyroError that says why, with the stack of the first error.
 *
 * @param failure why; the cause of the PyroError
 * @param maxChars longest text of the error
 * @see Pyro5/server.py, `_sendExceptionResponse`
 */
export function unserializableError(error: Error, failure: unknown, maxChars = Infinity): PyroError {
  const text = `Error serializing exception: ${safeText(failure)}. Original exception: ${typeOf(error)}: ${safeText(error)}`;
  const replacement = new PyroError(beginningOf(wellFormed(text), maxChars), { cause: asError(failure) });
  replacement.stack = wellFormed(tracebackLines(error, Infinity).join('').trimEnd());
  return replacement;
}

/** The memory of a received exception without its message and the members of its dict, in bytes. */
export const EXCEPTION_COST = 250;
/** The memory of an argument in the copied list of arguments, in bytes. */
const ARGUMENT_COST = 8;

/** The parts of a received exception, whatever class it becomes. */
export interface ReceivedParts {
  args: unknown[];
  attributes: Record<string, unknown>;
  remoteTraceback: string[];
}

/**
 * Reads the dict of an exception.
 *
 * @param args the received `args`
 * @param attributes the received `attributes`; undefined when there are none
 * @param spend called with the memory of the error, without its message
 * @throws {UnreadableError} when `args` are no list or `attributes` no dict
 */
export function receivedParts(pythonType: string, args: unknown, attributes: unknown, spend: Spend): ReceivedParts {
  if (!Array.isArray(args)) throw new UnreadableError(`the args of exception ${pythonType} are no tuple or list`);
  const { extra, traceback } = partsOfAttributes(pythonType, attributes);
  const lines = typeof traceback === 'string' ? [traceback] : Array.isArray(traceback) ? traceback : [];
  const remoteTraceback = lines.filter((line) => typeof line === 'string');
  spend(EXCEPTION_COST + args.length * ARGUMENT_COST + (remoteTraceback.length > 0 ? SHOWN_TRACEBACK_COST : 0));
  return { args: Array.from(args as unknown[]), attributes: extra, remoteTraceback };
}

/** Makes an error from a received exception. Parameters and errors are those of {@link receivedParts}. */
export function dictToException(pythonType: string, args: unknown, attributes: unknown, spend: Spend): PyroRemoteError {
  const parts = receivedParts(pythonType, args, attributes, spend);
  const error = withoutStackTrace(() => new PyroRemoteError(pythonType, parts.args, parts.attributes, parts.remoteTraceback));
  // the texts of the args are copied; dicts of marshal may share long ones
  if (parts.args.length > 0) spend(error.message.length);
  return error;
}

/** Makes an error whose stack would only show how it was read. The stack would take most of the time and of the memory. */
export function withoutStackTrace<T>(make: () => T): T {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return make();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** The attributes without the lines of the traceback, and these lines. */
interface AttributeParts {
  extra: Record<string, unknown>;
  traceback?: unknown;
}

function partsOfAttributes(pythonType: string, attributes: unknown): AttributeParts {
  if (attributes === undefined) return { extra: {} };
  const isPlain = isPlainObject(attributes);
  if (!isPlain && !(attributes instanceof Map))
    throw new UnreadableError(`the attributes of exception ${pythonType} are no dict`);
  // exceptions of marshal may share a dict of many attributes; it stays shared
  if (isPlain && !Object.hasOwn(attributes, TRACEBACK) && !Object.hasOwn(attributes, '__proto__')) return { extra: attributes };
  const entries = isPlain ? Object.entries(attributes) : [...(attributes as Map<unknown, unknown>)];
  for (const [name] of entries) {
    if (typeof name !== 'string' || name === '__proto__' || isLongText(name)) {
      throw new UnreadableError(
        `exception ${pythonType} has an attribute with a name that is refused: ${shortText(name)}${longNameReason(name)}`,
      );
    }
  }
  const extra = objectOf((entries as [string, unknown][]).filter(([name]) => name !== TRACEBACK));
  return { extra, traceback: memberOfDict(attributes, TRACEBACK) };
}

/**
 * The stacks of the error and of its causes, as a list of lines like Python's. Long tracebacks are cut at the end, so that they do
 * not make a reply too large.
 */
function tracebackLines(error: Error, maxBytes: number): string[] {
  const lines: string[] = [];
  const seen = new Set<unknown>();
  // a translated error has the stack of its cause, which is shown only once
  const told = new Set<string>();
  const add = (current: unknown, heading: string): void => {
    if (!(current instanceof Error) || seen.has(current) || seen.size >= MAX_CAUSES || lines.length >= MAX_TRACEBACK_LINES)
      return;
    seen.add(current);
    const stack = memberOf(current, 'stack');
    const text = typeof stack === 'string' ? stack : `${typeOf(current)}: ${safeText(current)}`;
    if (!told.has(text)) {
      told.add(text);
      if (heading) lines.push(heading);
      for (const line of text.split('\n', MAX_TRACEBACK_LINES)) lines.push(`${beginningOf(line, MAX_TRACEBACK_LINE_CHARS)}\n`);
    }
    add(memberOf(current, 'cause'), 'caused by:\n');
    const errors = memberOf(current, 'errors');
    if (Array.isArray(errors)) for (const inner of errors.slice(0, MAX_CAUSES)) add(inner, 'one of its errors:\n');
  };
  add(error, '');
  let room = Math.min(MAX_TRACEBACK_CHARS, maxBytes / 4);
  const end = lines.findIndex((line) => (room -= line.length) < 0);
  return lines.slice(0, Math.min(end < 0 ? lines.length : end, MAX_TRACEBACK_LINES));
}

function typeOf(error: unknown): string {
  if (saysPythonException(error) || error instanceof PyroRemoteError) return error.pythonType;
  const name = error instanceof Error ? memberOf(error, 'name') : undefined;
  return typeof name === 'string' ? name : 'Error';
}

/** Reads a member of an error. A getter of user code may throw; that must not make a reply fail. */
function memberOf(error: Error, name: string): unknown {
  try {
    return (error as unknown as Record<string, unknown>)[name];
  } catch {
    return undefined;
  }
}

function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\ufffd');
}
