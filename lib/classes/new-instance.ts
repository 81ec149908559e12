import type { AnyClass } from '../objects/decorated-member.js';

/**
 * `new` runs a constructor that takes nothing: it gives fields their defaults, and makes #private ones. A constructor with parameters
 * would get none of them, and does not run.
 */
export function createInstance(type: AnyClass): object {
  return takesParameters(type)
    ? (Object.create(type.prototype as object) as object)
    : new (type as unknown as new () => object)();
}

/** Whether a constructor of a class, or of a class that it extends, takes parameters without defaults. */
function takesParameters(type: AnyClass): boolean {
  for (let each: unknown = type; typeof each === 'function'; each = Object.getPrototypeOf(each)) if (each.length > 0) return true;
  return false;
}
