/**
 * The names of a class, or an object's class, and of all that it extends, as metadata for a name server: `class:Printer`. Those
 * of JavaScript itself are left out. `PYROMETA:class:Printer` and `yplookup({ all: ['class:Printer'] })` then find every kind of it.
 *
 * @param prefix of each. Python's has the module in it: `class:devices.` says that here
 * @see Pyro5/core.py, `type_meta`
 */
export function typeMeta(classOrObject: object, prefix = 'class:'): Set<string> {
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
