import type { AnyClass } from '../objects/decorated-member.js';

/**
 * The function that makes instances without arguments. A constructor without parameters runs: it sets defaults and #private fields. A
 * constructor with parameters does not run, because there are no arguments for it.
 */
export function creatorOf(type: AnyClass): () => object {
  if (takesParameters(type)) return () => Object.create(type.prototype as object) as object;
  return () => new (type as unknown as new () => object)();
}

/** True when a constructor of a class, or of a class that it extends, takes parameters without defaults. */
function takesParameters(type: AnyClass): boolean {
  for (let each: unknown = type; typeof each === 'function'; each = Object.getPrototypeOf(each)) if (each.length > 0) return true;
  return false;
}
