import type { Type } from '@nestjs/common';
import { isBinder } from '../binding/pyro-binder.js';
import { ENHANCER_LISTS } from '../metadata/carried-metadata.js';
import type { Module } from '../nest-internals.js';

/** The enhancers that decorators have noted with a class or a method: classes, and instances. */
export function enhancersOn(holder: object): unknown[] {
  return ENHANCER_LISTS.flatMap((list) => (Reflect.getMetadata(list, holder) ?? []) as unknown[]);
}

/**
 * The first enhancer class that Nest did not find when it scanned a module. Nest skips such a class without a word when it is asked
 * for enhancers.
 */
export function unknownEnhancer(enhancers: Iterable<unknown>, { injectables }: Module): Type | undefined {
  for (const enhancer of new Set(enhancers)) {
    // only the scan of a class needs the binder
    if (typeof enhancer === 'function' && !isBinder(enhancer) && !injectables.has(enhancer as Type)) return enhancer as Type;
  }
  return undefined;
}
