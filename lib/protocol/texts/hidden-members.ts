import { inspect } from 'node:util';

/**
 * Keeps members out of `JSON.stringify`, of copies and of lists of members: loggers write the members of objects, and credentials must
 * not get into logs.
 */
export function hideMembers(object: object, ...names: string[]): void {
  for (const name of names) Object.defineProperty(object, name, { enumerable: false });
}

/** Hides all members that an object has. `inspect` and `console.log` print a text in their place. */
export function printAs(object: object, text: () => string): void {
  hideMembers(object, ...Object.keys(object));
  Object.defineProperty(object, inspect.custom, { value: text });
}
