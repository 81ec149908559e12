/**
 * A program may load this package more than once: a shared library can bring a copy of its own. The copies are separate modules,
 * so a WeakMap, an AsyncLocalStorage or a class of one copy means nothing to the other. This file holds what they share.
 *
 * A version of this package that changes the shape of a shared value must give the value another name.
 */
const PREFIX = 'nestjs-pyro:';

/** A symbol that every copy of this package gets by the same name. */
export function sharedSymbol(name: string): symbol {
  return Symbol.for(PREFIX + name);
}

/** The value that all copies of this package share under a name. The first copy that asks for the value makes it. */
export function processWide<T>(name: string, make: () => T): T {
  const key = sharedSymbol(name);
  const holder = globalThis as unknown as Record<symbol, T | undefined>;
  const known = holder[key];
  if (known !== undefined) return known;
  const value = make();
  Object.defineProperty(globalThis, key, { value });
  return value;
}

const isOrdinaryInstance = Function.prototype[Symbol.hasInstance];

/**
 * Makes `instanceof` recognise the instances of every copy of the class. A class that extends this one is not recognised by this:
 * it needs a name of its own.
 *
 * @param name of the class; minifiers may change the name that the class itself has
 */
export function recogniseInstances(type: { readonly prototype: object }, name: string): void {
  const brand = sharedSymbol(name);
  Object.defineProperty(type.prototype, brand, { value: true });
  Object.defineProperty(type, Symbol.hasInstance, {
    value(this: unknown, value: unknown): boolean {
      if (this !== type) return isOrdinaryInstance.call(this as typeof Function, value);
      return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[brand] === true;
    },
  });
}
