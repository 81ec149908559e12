import { readParameters } from '../../objects/parameters.js';
import { ArgumentBinder, type BoundArguments } from '../../objects/parameters-binding.js';
import { paramsOf } from '../../objects/params.js';

type Method = (...args: never[]) => unknown;

/** How one method gets its arguments. */
interface Binding {
  binder: ArgumentBinder;
  /** Where the parameter stands that takes the remaining keywords. */
  keywordsIndex: number | undefined;
}

const bindings = new WeakMap<Method, Binding>();

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
  let binding = bindings.get(fn);
  if (binding === undefined) {
    const { parameters, keywordsIndex } = paramsOf(fn) ?? { parameters: readParameters(fn), keywordsIndex: undefined };
    const qualifiedName = `${object.constructor?.name || 'object'}.${name}`;
    binding = { binder: new ArgumentBinder(qualifiedName, parameters, keywordsIndex !== undefined), keywordsIndex };
    bindings.set(fn, binding);
  }
  const bound = binding.binder.bind(args, kwargs);
  return binding.keywordsIndex === undefined ? bound.args : withKeywords(bound, binding.keywordsIndex);
}

function withKeywords({ args, keywords }: BoundArguments, index: number): unknown[] {
  const before = args.slice(0, index);
  while (before.length < index) before.push(undefined);
  return [...before, { ...keywords }, ...args.slice(index)];
}
