import { configError } from '../options/option-checks.js';
import { optionText } from '../protocol/texts/safe-text.js';

/**
 * Checks metadata tags and gives them as they are sent.
 *
 * @throws {PyroError} `CONFIG` when the tags are no collection of strings; a single string would be taken as its letters
 */
export function tagList(tags: Iterable<string>): string[] {
  const isCollection = typeof tags === 'object' && tags !== null && Symbol.iterator in tags;
  const list = isCollection ? [...tags] : [];
  if (isCollection && list.every((tag) => typeof tag === 'string')) return list;
  throw configError(`metadata is ${optionText(tags)}; it must be a collection of tags, which are strings: ["camera"]`);
}

/**
 * Makes metadata tags of the names of a class and of the classes that it extends, for example `class:Printer`.
 *
 * The classes of JavaScript itself are left out. `PYROMETA:class:Printer` and `yplookup({ all: ['class:Printer'] })` then find
 * objects of the class and of its subclasses.
 *
 * @param classOrObject for an object, its class counts
 * @param prefix of each tag. Python's tags contain the module: use `class:devices.` for the same tags as a Python module `devices`
 * @throws {PyroError} `CONFIG` for a value that is no class and no object
 * @see Pyro5/core.py, `type_meta`
 */
export function typeMeta(classOrObject: object, prefix = 'class:'): Set<string> {
  if (typeof classOrObject !== 'function' && (typeof classOrObject !== 'object' || classOrObject === null))
    throw configError(`typeMeta takes a class or an object, not ${optionText(classOrObject)}`);
  const start: unknown = typeof classOrObject === 'function' ? (classOrObject.prototype as unknown) : classOrObject;
  const names = new Set<string>();
  for (let proto = start; proto !== null && proto !== undefined; proto = Object.getPrototypeOf(proto)) {
    if (!Object.hasOwn(proto as object, 'constructor')) continue;
    const { constructor } = proto as object;
    const isOwn = (globalThis as Record<string, unknown>)[constructor.name] !== constructor;
    if (isOwn && constructor.name !== '') names.add(`${prefix}${constructor.name}`);
  }
  return names;
}
