import type { AnyClass } from '../../objects/decorated-member.js';
import { ENHANCER_KEYS, ROUTE_ARGS_METADATA } from '../nest-internals.js';
import { exposedMembers, handlerOf, type MethodMetadata } from './member-metadata.js';
import { routeArgumentsOf } from './parameter-metadata.js';
import { replacedClasses } from './replaced-classes.js';

/** Metadata that is a list of enhancers, to which several decorators add. */
export const ENHANCER_LISTS: readonly unknown[] = Object.values(ENHANCER_KEYS);

/**
 * Copies the metadata of a decorated class or method to the class or function that another decorator has put in its place.
 *
 * Nest keeps metadata with the class or function that was decorated. Without the copy, guards, roles and pipes below such a decorator
 * would be silently lost, while the method stays exposed. Called when all decorators of the members have run, and again when a server
 * starts, because a decorator of the class may wrap the methods, too.
 */
export function carryMetadata(type: AnyClass): void {
  for (const replaced of replacedClasses(type)) carryOver(replaced, type);
  // versions of Nest before 12.5 read the metadata of the class that instances name as their constructor
  const { constructor } = type.prototype as object;
  if (constructor !== type) carryOver(type, constructor);
  for (const { metadata, prototype } of exposedMembers(type)) {
    if (metadata.kind !== 'method') continue;
    const handler = handlerOf(prototype, metadata);
    if (handler !== metadata.decorated) carryOver(metadata.decorated, handler);
    else if (Object.getOwnPropertyDescriptor(prototype, metadata.key)?.get) showToNest(prototype, metadata);
  }
}

/** Copies metadata that `to` does not have. Of lists of enhancers, copies the entries that `to` does not have. */
export function carryOver(from: object, to: object): void {
  for (const key of Reflect.getMetadataKeys(from) as unknown[]) {
    const value: unknown = Reflect.getMetadata(key, from);
    if (!Reflect.hasMetadata(key, to)) {
      Reflect.defineMetadata(key, value, to);
    } else if (ENHANCER_LISTS.includes(key)) {
      const own = Reflect.getMetadata(key, to) as unknown[];
      const hidden = (value as unknown[]).filter((enhancer) => !own.includes(enhancer));
      if (hidden.length > 0) Reflect.defineMetadata(key, [...hidden, ...own], to);
    }
  }
}

/**
 * Adds a function to the prototype that has the enhancers of a method which a decorator above has replaced by a getter, as
 * `@autobind` does. Nest looks for enhancer classes on methods only, and does not make those that it does not find there.
 */
function showToNest(prototype: object, { key, decorated }: MethodMetadata): void {
  const name = `bound ${key}`;
  if (Object.hasOwn(prototype, name)) return;
  const shown = (): void => undefined;
  Object.defineProperty(prototype, name, { value: shown, configurable: true, writable: true, enumerable: false });
  for (const list of ENHANCER_LISTS)
    if (Reflect.hasMetadata(list, decorated)) Reflect.defineMetadata(list, Reflect.getMetadata(list, decorated), shown);
  Reflect.defineMetadata(ROUTE_ARGS_METADATA, routeArgumentsOf(prototype, key), prototype.constructor, name);
}
