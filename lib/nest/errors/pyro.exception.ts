import { recogniseInstances } from '../../copies/process-wide.js';
import { RpcException } from '@nestjs/microservices';
import {
  ANYTHING,
  checkArgument,
  checkOptions,
  FULL_TEXT,
  listOf,
  type OptionRule,
  type OptionRules,
} from '../../options/option-checks.js';
import { areAttributes, ATTRIBUTES_SHAPE, SAYS_PYTHON_EXCEPTION } from '../../protocol/python-exception.js';
import { exceptionFault } from '../../protocol/python-exception-rules.js';
import { messageOfArgs } from '../../protocol/short-text.js';

/** Options of a {@link PyroException}. */
export interface PyroExceptionOptions extends ErrorOptions {
  /** Further attributes of the Python exception. */
  attributes?: Readonly<Record<string, unknown>>;
}

const ARGS: OptionRule = listOf(ANYTHING, "a list: ['not in stock']");
const RULES: OptionRules<PyroExceptionOptions> = {
  attributes: { takes: ATTRIBUTES_SHAPE, fits: areAttributes },
  cause: ANYTHING,
};

/**
 * An error that reaches the client as the named Python exception.
 *
 * A Python client re-creates `builtins.*`, `Pyro5.errors.*`, `sqlite3.*Error`, `struct.error`, and classes that it registered a
 * converter for. Types below `Pyro5.errors.CommunicationError` travel as `Pyro5.errors.PyroError`, because a Python proxy drops
 * its connection on them.
 */
export class PyroException extends RpcException {
  static {
    recogniseInstances(this, 'PyroException');
  }

  /** Attributes that the exception has in Python. Default: none. */
  readonly attributes: Readonly<Record<string, unknown>>;

  /**
   * @param pythonType dotted class name, e.g. `builtins.ValueError`
   * @param args the `args` of the Python exception
   * @throws {TypeError} on wrong arguments and options, on a type that no Python client can make, and on an attribute that none can set
   */
  constructor(
    readonly pythonType: string,
    readonly args: readonly unknown[] = [],
    options: PyroExceptionOptions = {},
  ) {
    const refusal = (text: string): Error => new TypeError(text);
    checkArgument('PyroException: the type', pythonType, FULL_TEXT, refusal);
    checkArgument('PyroException: args', args, ARGS, refusal);
    checkOptions(options, RULES, 'PyroException: ', refusal);
    const fault = exceptionFault(pythonType, args, options.attributes ?? {});
    if (fault !== undefined) throw refusal(`PyroException: ${fault}`);
    super(messageOfArgs(args));
    this.attributes = options.attributes ?? {};
    if ('cause' in options) this.cause = options.cause;
  }

  /**
   * The exception itself, so that a filter that passes on `exception.getError()`, as Nest's documentation shows it, passes on the
   * Python type, args and attributes too.
   */
  override getError(): string | object {
    return this;
  }

  /** The form that Nest's own transports of a hybrid application send: they write errors as JSON. */
  toJSON(): object {
    const { pythonType, args, attributes, message } = this;
    return { status: 'error', message, pythonType, args, attributes };
  }

  /** @internal Makes the error travel as this exception, also as a value that a method returns. */
  get [SAYS_PYTHON_EXCEPTION](): true {
    return true;
  }

  /** The class name without its module: `ValueError` for `builtins.ValueError`. */
  override get name(): string {
    return this.pythonType.slice(this.pythonType.lastIndexOf('.') + 1);
  }
}
