/**
 * The classes that decorators have replaced by `type` without extending them: `type` is a JavaScript Proxy, or a function that makes
 * instances of another class. Decorators that ran before left their metadata with these classes, where nobody looks for the
 * metadata of `type`.
 */
export function replacedClasses(type: object): object[] {
  const replaced: object[] = [];
  let prototype = (type as { prototype?: object | null }).prototype ?? null;
  for (; prototype !== null && prototype !== Object.prototype; prototype = Object.getPrototypeOf(prototype) as object | null) {
    const named: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
    if (typeof named === 'function' && named !== type && !Object.prototype.isPrototypeOf.call(named, type)) replaced.push(named);
  }
  return replaced;
}
