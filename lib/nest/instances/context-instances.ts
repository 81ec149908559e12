import { type ContextId, REQUEST } from '@nestjs/core';
import { disposeWithin } from '../../daemon/object/disposal-limit.js';
import { dependenciesOf, existingInstances, type InstanceWrapper, STATIC_CONTEXT } from '../nest-internals.js';
import type { RunCleanUp } from './lifecycle-hooks.js';

/** The instances that Nest made in a context for an object: the object first, and each user before its dependencies. */
export function instancesOfContext(root: InstanceWrapper, contextId: ContextId): object[] {
  const order: InstanceWrapper[] = [];
  const seen = new Set<InstanceWrapper>();
  const visit = (wrapper: InstanceWrapper): void => {
    if (seen.has(wrapper)) return;
    seen.add(wrapper);
    for (const dependency of dependenciesOf(wrapper)) visit(dependency);
    order.push(wrapper);
  };
  visit(root);
  // dependencies come first in this order; reversed, a dependency comes after all its users
  const instances = new Set<object>();
  for (const wrapper of order.reverse()) {
    if (wrapper.token === REQUEST) continue;
    const shared = sharedInstances(wrapper);
    for (const instance of existingInstances(wrapper, contextId)) {
      if (typeof instance === 'object' && instance !== null && !shared.has(instance)) instances.add(instance);
    }
  }
  return [...instances];
}

/** Disposes instances one after the other. */
export async function disposeAll(instances: readonly object[], cleanUp: RunCleanUp): Promise<void> {
  for (const instance of instances) await disposeWithin(instance, cleanUp);
}

/** Singletons that a factory of the context may have returned: the context does not own them. */
function sharedInstances(wrapper: InstanceWrapper): Set<unknown> {
  if (!wrapper.isFactory) return new Set();
  return new Set(
    dependenciesOf(wrapper).map((dependency) => dependency.getInstanceByContextId(STATIC_CONTEXT).instance as unknown),
  );
}
