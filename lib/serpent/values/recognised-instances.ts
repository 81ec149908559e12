/**
 * A program may load this package more than once: a shared library can bring another copy. Each copy has its own classes. This file lets
 * `instanceof` recognise the instances of every copy.
 */
const PREFIX = 'nestjs-pyro:';

/** A symbol that every copy of this package gets by the same name. */
export function sharedSymbol(name: string): symbol {
  return Symbol.for(PREFIX + name);
}

const isOrdinaryInstance = Function.prototype[Symbol.hasInstance];

/**
 * Makes `instanceof` recognise the instances of every copy of the class. A class that extends this class is not recognised: it needs its
 * own call of this function, with its own name.
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
