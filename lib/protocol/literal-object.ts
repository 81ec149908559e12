/** True for an object that a literal makes, also of another realm, and for an object without a prototype. Other objects are of a class. */
export function isLiteralObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** The name of the class of an object; undefined for an object without a class, and for a class without a name. */
export function classNameOf({ constructor }: object): string | undefined {
  const name: unknown = typeof constructor === 'function' ? constructor.name : undefined;
  return typeof name === 'string' && name !== '' ? name : undefined;
}

/** An object for the text of an error: `an object of the class Camera`. */
export function objectOfClassText(object: object): string {
  const name = classNameOf(object);
  return name === undefined ? 'an object of a class without a name' : `an object of the class ${name}`;
}
