import { readParameters } from './parameters.js';
import { ArgumentBinder } from './parameters-binding.js';

type Method = (...args: never[]) => unknown;

const binders = new WeakMap<Method, ArgumentBinder>();

/**
 * Arguments of a call in the order of the method's parameters.
 *
 * @throws {PythonException} `TypeError` as Python has it, when they do not fit
 */
export function bindExposedArguments(
  object: object,
  name: string,
  fn: Method,
  args: unknown[],
  kwargs: Record<string, unknown>,
): unknown[] {
  let binder = binders.get(fn);
  if (binder === undefined) {
    binder = new ArgumentBinder(`${object.constructor?.name || 'object'}.${name}`, readParameters(fn));
    binders.set(fn, binder);
  }
  return binder.bind(args, kwargs).args;
}
