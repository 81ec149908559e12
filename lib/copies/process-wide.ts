/**
 * A program may load this package more than once: a shared library can bring another copy. The copies are separate modules, so one copy
 * cannot use a WeakMap, an AsyncLocalStorage or a class of the other. This file holds the state that the copies share.
 *
 * A version of this package that changes the shape of a shared value must give the value another name.
 */
import { sharedSymbol } from '../serpent/values/recognised-instances.js';

export { recogniseInstances, sharedSymbol } from '../serpent/values/recognised-instances.js';

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
