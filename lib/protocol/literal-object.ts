/** True for an object that a literal makes, also of another realm, and for an object without a prototype. Other objects are of a class. */
export function isLiteralObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** The name of the class of an object, for an error message. */
export function classNameOf({ constructor }: object): string {
  return typeof constructor === 'function' ? constructor.name : 'unknown';
}
