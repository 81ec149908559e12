import { types } from 'node:util';

/**
 * What an object is that has no counterpart in Python and would be written as an empty dict, or undefined.
 * Tells by V8's own types, so that objects of other realms are known too.
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
