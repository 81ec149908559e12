import { prototypeOf } from '../../objects/decorated-member.js';
import { warn } from '../../reports/warning.js';
import { metadataFor, unexposedFields } from './expose.js';

/** Code of both warnings. */
const NOT_EXPOSED = 'PYRO_NOT_EXPOSED';

/** Classes, by their prototypes, and objects without a class that a warning named already. */
const exposingNothing = new WeakSet<object>();
const withFields = new WeakSet<object>();

/** Warns of a registered object or class that exposes nothing: clients can only connect to it. One warning for each class. */
export function warnOfNothingExposed(objectOrClass: object): void {
  const { methods, attrs } = metadataFor(objectOrClass);
  if (methods.size + attrs.size > 0 || isKnown(exposingNothing, objectOrClass)) return;
  const name = nameOf(objectOrClass);
  warn(
    name === undefined
      ? 'a registered object exposes nothing to clients: expose works on classes, so make it an instance of a class with exposed members'
      : `${name} exposes nothing to clients: put @expose on its members or on the class, or call expose(${name}, 'member')`,
    NOT_EXPOSED,
  );
}

/**
 * Warns of an object whose class was exposed as a whole, but has functions in fields (`read = () => …`): clients cannot call them.
 * One warning for each class.
 */
export function warnOfUnexposedFields(object: object): void {
  const fields = unexposedFields(object);
  if (fields.length === 0 || isKnown(withFields, object)) return;
  const names = fields.map((field) => `${nameOf(object) ?? 'the object'}.${field}`).join(', ');
  warn(
    `expose does not see functions in fields, which each instance has for itself: ${names}; write methods, ${fields[0]}() { … }`,
    NOT_EXPOSED,
  );
}

function isKnown(known: WeakSet<object>, objectOrClass: object): boolean {
  const prototype = prototypeOf(objectOrClass);
  const key = prototype === null || prototype === Object.prototype ? objectOrClass : prototype;
  if (known.has(key)) return true;
  known.add(key);
  return false;
}

/** Undefined for a class without a name, and for an object without a class. */
function nameOf(objectOrClass: object): string | undefined {
  const type: unknown = typeof objectOrClass === 'function' ? objectOrClass : prototypeOf(objectOrClass)?.constructor;
  return typeof type === 'function' && type !== Object && type.name ? type.name : undefined;
}
