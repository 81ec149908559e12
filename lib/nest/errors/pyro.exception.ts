import { RpcException } from '@nestjs/microservices';
import { SAYS_PYTHON_EXCEPTION } from '../../protocol/python-exception.js';

/** What goes with a {@link PyroException}. */
export interface PyroExceptionOptions extends ErrorOptions {
  /** Further attributes of the exception that the Python client gets. */
  attributes?: Readonly<Record<string, unknown>>;
}

/**
 * An error that reaches the client as the named Python exception.
 *
 * A Python client re-creates `builtins.*`, `Pyro5.errors.*`, `sqlite3.*Error`, `struct.error` and what it registered a
 * converter for. Types below `Pyro5.errors.CommunicationError` travel as `Pyro5.errors.PyroError`: on those a Python
 * proxy would drop its connection.
 */
export class PyroException extends RpcException {
  readonly attributes: Readonly<Record<string, unknown>>;

  /**
   * @param pythonType dotted class name, e.g. `builtins.ValueError`
   * @param args what `exception.args` will be
   */
  constructor(
    readonly pythonType: string,
    readonly args: readonly unknown[] = [],
    options: PyroExceptionOptions = {},
  ) {
    super(args.map((arg) => String(arg)).join(', '));
    this.attributes = options.attributes ?? {};
    if ('cause' in options) this.cause = options.cause;
  }

  /** It is that exception as a value, too: where a method returns it. */
  get [SAYS_PYTHON_EXCEPTION](): true {
    return true;
  }

  override get name(): string {
    return this.pythonType.slice(this.pythonType.lastIndexOf('.') + 1);
  }
}
