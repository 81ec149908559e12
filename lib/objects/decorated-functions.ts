import { processWide } from '../copies/process-wide.js';

/** Any function, whatever its arguments are. */
export type AnyFunction = (...args: never[]) => unknown;

/**
 * The functions that the decorators of a member saw, by prototype and name. A later decorator may replace the function. So the function
 * that is called in the end need not be in this list.
 */
const functionsByMember = processWide('decorated-functions', () => new WeakMap<object, Map<string, AnyFunction[]>>());

/** The decorated functions that were methods, and no getters or setters. */
const methods = processWide('decorated-methods', () => new WeakSet<AnyFunction>());

/**
 * Notes the function of a member that a decorator of this package sees. Functions stay in the order of the decorators.
 *
 * @param descriptor the member as the decorator saw it
 */
export function noteDecoratedFunction(prototype: object, name: string, fn: AnyFunction, descriptor?: PropertyDescriptor): void {
  if (descriptor?.value === fn) methods.add(fn);
  const members = functionsByMember.get(prototype) ?? new Map<string, AnyFunction[]>();
  functionsByMember.set(prototype, members);
  const known = members.get(name);
  if (known === undefined) members.set(name, [fn]);
  else if (!known.includes(fn)) known.push(fn);
}

const NONE: readonly AnyFunction[] = [];

/** The functions that decorators saw of a member that the prototype itself declares. */
export function decoratedFunctions(prototype: object, name: string): readonly AnyFunction[] {
  return functionsByMember.get(prototype)?.get(name) ?? NONE;
}

/** True for a function that a decorator of this package saw as a method. A decorator above may have made a getter of the method. */
export function wasMethod(fn: AnyFunction): boolean {
  return methods.has(fn);
}

/** As {@link decoratedFunctions}, for a member of an object or class prototype, own or inherited. An override has no functions of the base class. */
export function decoratedFunctionsOf(source: object, name: string): readonly AnyFunction[] {
  for (let holder: object | null = source; holder; holder = Object.getPrototypeOf(holder) as object | null) {
    if (Object.hasOwn(holder, name)) return decoratedFunctions(holder, name);
  }
  return NONE;
}
