import { PyroError } from '../protocol/errors.js';
import { PythonException } from '../protocol/python-exception.js';
import { pyTuple } from '../serpent/index.js';

/** A class dict, as objects travel. */
export type ClassDict = Record<string, unknown>;

/** An exception that a Python peer raised. */
export class PyroRemoteError extends PyroError {
  static override readonly pyroName: string = 'PyroRemoteError';
  override readonly pythonType: string;

  constructor(
    /** Dotted Python class, e.g. `builtins.ZeroDivisionError`. */
    pythonType: string,
    /** Python's `exception.args`. */
    readonly args: readonly unknown[] = [],
    /** Python's extra attributes, without the traceback. */
    readonly attributes: Readonly<Record<string, unknown>> = {},
    /** Traceback lines, outermost first; empty when withheld. */
    readonly remoteTraceback: readonly string[] = [],
  ) {
    super(`${pythonType}: ${args.map((arg) => String(arg)).join(', ')}`, { code: 'REMOTE' });
    this.pythonType = pythonType;
    if (remoteTraceback.length > 0) this.stack = `${this.stack}\nRemote traceback:\n${remoteTraceback.join('')}`;
  }
}

/** JavaScript's error classes and their closest builtins; everything else is a RuntimeError. */
const BUILTINS: Record<string, string> = {
  TypeError: 'TypeError',
  RangeError: 'ValueError',
  SyntaxError: 'ValueError',
  URIError: 'ValueError',
  ReferenceError: 'NameError',
  AbortError: 'TimeoutError',
  TimeoutError: 'TimeoutError',
};

/** The class dict an error travels as. @see Pyro5/serializers.py, `class_to_dict` */
export function exceptionToDict(error: Error, detailedTraceback: boolean): ClassDict {
  const { pythonType, args, attributes } = describe(error);
  const lines = error instanceof PyroRemoteError ? error.remoteTraceback : detailedTraceback ? tracebackLines(error) : [];
  const all = lines.length > 0 ? { ...attributes, _pyroTraceback: [...lines] } : attributes;
  return { __class__: pythonType, __exception__: true, args: pyTuple(...args), attributes: all };
}

function describe(error: Error): { pythonType: string; args: readonly unknown[]; attributes: Readonly<Record<string, unknown>> } {
  if (error instanceof PythonException || error instanceof PyroRemoteError) return error;
  if (error instanceof PyroError) return { pythonType: error.pythonType, args: [error.message], attributes: {} };
  return { pythonType: `builtins.${BUILTINS[error.name] ?? 'RuntimeError'}`, args: [error.message], attributes: {} };
}

function tracebackLines(error: Error): string[] {
  const lines = (error.stack ?? String(error)).split('\n').map((line) => `${line}\n`);
  if (error.cause instanceof Error) lines.push('caused by:\n', ...tracebackLines(error.cause));
  return lines;
}
