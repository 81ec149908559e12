import type { AnyClass } from '../../objects/decorated-member.js';
import { EXCEPTION_FILTERS_METADATA, GUARDS_METADATA, INTERCEPTORS_METADATA, PIPES_METADATA } from '../nest-internals.js';
import { exposedMembers } from './member-metadata.js';

/** Metadata that is a list, to which several decorators add. */
const LISTS: readonly unknown[] = [GUARDS_METADATA, PIPES_METADATA, INTERCEPTORS_METADATA, EXCEPTION_FILTERS_METADATA];

/**
 * Copies the metadata of a decorated method to the function that a decorator above has put in its place.
 *
 * Nest keeps the metadata of a method with its function. Without the copy, guards, roles and pipes below this decorator would be silently
 * lost, while the method stays exposed. Called when all decorators of the members have run, and again when a server starts, because a
 * decorator of the class may wrap the methods, too.
 */
export function carryMetadata(type: AnyClass): void {
  for (const { metadata, prototype } of exposedMembers(type)) {
    if (metadata.kind !== 'method') continue;
    const method: unknown = Object.getOwnPropertyDescriptor(prototype, metadata.key)?.value;
    if (typeof method === 'function' && method !== metadata.decorated) carryOver(metadata.decorated, method);
  }
}

function carryOver(from: object, to: object): void {
  for (const key of Reflect.getMetadataKeys(from) as unknown[]) {
    const value: unknown = Reflect.getMetadata(key, from);
    if (!Reflect.hasMetadata(key, to)) {
      Reflect.defineMetadata(key, value, to);
    } else if (LISTS.includes(key)) {
      const own = Reflect.getMetadata(key, to) as unknown[];
      const hidden = (value as unknown[]).filter((enhancer) => !own.includes(enhancer));
      if (hidden.length > 0) Reflect.defineMetadata(key, [...hidden, ...own], to);
    }
  }
}
