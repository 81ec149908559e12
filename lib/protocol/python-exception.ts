import { types } from 'node:util';
import { recogniseInstances } from '../copies/process-wide.js';
import { optionText } from './texts/safe-text.js';
import { exceptionFault } from './python-exception-rules.js';
import { messageOfArgs } from './short-text.js';

/** Completes the sentence "the attributes must be …". */
export const ATTRIBUTES_SHAPE = 'an object with the attributes as members: { code: 5 }';

/** True for an object whose members can be attributes: a text or a list has indexes as members, and a Map has none. */
export function areAttributes(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !types.isMap(value) && !types.isSet(value);
}

/** An error that travels as the named Python exception, with these args and attributes. */
export class PythonException extends Error {
  static {
    recogniseInstances(this, 'PythonException');
  }

  /**
   * @param pythonType dotted class name, e.g. `builtins.ValueError`. A Python client re-creates `builtins.*`,
   *   `Pyro5.errors.*`, `sqlite3.*Error`, `struct.error` and what it registered a converter for
   * @param args Python's `exception.args`
   * @param attributes extra attributes of the Python exception
   * @throws {TypeError} on wrong arguments, on a type that no Python client can make, and on an attribute that none can set
   */
  constructor(
    readonly pythonType: string,
    readonly args: readonly unknown[] = [],
    readonly attributes: Readonly<Record<string, unknown>> = {},
    options?: ErrorOptions,
  ) {
    if (typeof pythonType !== 'string')
      throw new TypeError(`PythonException: the type is ${optionText(pythonType)}; it must be a text`);
    if (!Array.isArray(args))
      throw new TypeError(`PythonException: args is ${optionText(args)}; it must be a list: ['not in stock']`);
    if (!areAttributes(attributes))
      throw new TypeError(`PythonException: attributes is ${optionText(attributes)}; it must be ${ATTRIBUTES_SHAPE}`);
    const fault = exceptionFault(pythonType, args, attributes);
    if (fault !== undefined) throw new TypeError(`PythonException: ${fault}`);
    super(messageOfArgs(args), options);
  }

  /** The class name without its module. */
  override get name(): string {
    return this.pythonType.slice(this.pythonType.lastIndexOf('.') + 1);
  }
}

/** Property of an error class that cannot extend {@link PythonException}, but has the same members. */
export const SAYS_PYTHON_EXCEPTION = Symbol.for('nestjs-pyro:says-python-exception');

/** The parts of a Python exception. */
export type PythonExceptionParts = Pick<PythonException, 'pythonType' | 'args' | 'attributes'>;

/** A method on the prototype of a registered error class. It gives the Python exception that an error of the class becomes. */
export const DESCRIBES_EXCEPTION = Symbol.for('nestjs-pyro:describes-exception');

/** The Python exception that an error of a registered class becomes; undefined for other errors. */
export function describedException(error: unknown): PythonExceptionParts | undefined {
  const { [DESCRIBES_EXCEPTION]: describe } = error as { [DESCRIBES_EXCEPTION]?: () => PythonExceptionParts };
  return describe?.call(error);
}

/** True for errors of registered classes. */
export function isDescribedException(error: unknown): boolean {
  return error instanceof Error && DESCRIBES_EXCEPTION in error;
}

/** True when an error says which Python exception it becomes. */
export function saysPythonException(error: unknown): error is PythonExceptionParts {
  return error instanceof PythonException || (error instanceof Error && SAYS_PYTHON_EXCEPTION in error);
}

/** Python's `AttributeError`. */
export const attributeError = (message: string): PythonException => new PythonException('builtins.AttributeError', [message]);

/** Python's `TypeError`. */
export const pythonTypeError = (message: string): PythonException => new PythonException('builtins.TypeError', [message]);
