import { types } from 'node:util';
import { NestedLists } from './nested-lists.js';
import { PyComplex, PyFloat } from './values.js';

/**
 * The kind of an object that has no counterpart in Python, and would be written as an empty dict; undefined for other objects.
 *
 * The kind is found by V8's own types, so that it is right for objects of other realms too.
 */
export function unsendableKind(value: object): string | undefined {
  if (typeof value === 'function') return 'function';
  if (types.isPromise(value)) return 'Promise (await it first)';
  if (types.isRegExp(value)) return 'RegExp';
  if (types.isWeakMap(value)) return 'WeakMap';
  if (types.isWeakSet(value)) return 'WeakSet';
  if (value instanceof WeakRef) return 'WeakRef';
  if (types.isModuleNamespaceObject(value)) return 'module';
  if ('next' in value && (Symbol.iterator in value || Symbol.asyncIterator in value)) return 'iterator (make an array of it)';
  return undefined;
}

/** A noun with its article: `an iterator`, `a function`. */
export function withArticle(noun: string): string {
  return `${/^[aeiou]/i.test(noun) ? 'an' : 'a'} ${noun}`;
}

export function isPyNumber(value: object): value is PyFloat | PyComplex {
  return value instanceof PyFloat || value instanceof PyComplex;
}

/** True for an object with members of its own, whose class says how it is written: neither a number of Python nor {@link NestedLists}. */
export function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !isPyNumber(value) && !(value instanceof NestedLists);
}

/** True for a typed array whose elements are floats. A Float16Array is known by its name, because Node 20 has none. */
export function isFloatArray(view: ArrayBufferView): boolean {
  return types.isFloat64Array(view) || types.isFloat32Array(view) || (view as Float32Array)[Symbol.toStringTag] === HALF_FLOATS;
}

/** As a text: TypeScript knows the type of this member from the typed arrays of Node 20. */
const HALF_FLOATS: string = 'Float16Array';

/** A valid date as Python's `isoformat` writes it: six digits after the point, or none. */
export function isoformat(date: Date): string {
  return date.toISOString().replace(/\.(\d{3})Z$/, (_, millis) => (millis === '000' ? '+00:00' : `.${millis}000+00:00`));
}
