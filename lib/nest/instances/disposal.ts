import type { ContextId } from '@nestjs/core';
import { REQUEST } from '@nestjs/core';
import { dependenciesOf, existingInstances, type InstanceWrapper, STATIC_CONTEXT } from '../nest-internals.js';
import { nameOf, type OnFailure } from './lifecycle-hooks.js';

/**
 * What Nest made in a context for an object: the object first, each thing before what it was given.
 */
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
  // of two users of one dependency both come before it: the reverse of an order in which all dependencies come first
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

/** Calls `Symbol.asyncDispose`, or else `Symbol.dispose`, of all that have one; an error stops nothing. */
export async function disposeAll(instances: readonly object[], onFailure: OnFailure): Promise<void> {
  for (const instance of instances) {
    const { [Symbol.asyncDispose]: asyncDispose, [Symbol.dispose]: dispose } = instance as Partial<AsyncDisposable & Disposable>;
    try {
      if (typeof asyncDispose === 'function') await asyncDispose.call(instance);
      else if (typeof dispose === 'function') dispose.call(instance);
    } catch (error) {
      onFailure(`the disposal of ${nameOf(instance)}`, error);
    }
  }
}

/** Singletons that a factory of the context may have passed through: they are not the session's to dispose. */
function sharedInstances(wrapper: InstanceWrapper): Set<unknown> {
  if (!wrapper.isFactory) return new Set();
  return new Set(
    dependenciesOf(wrapper).map((dependency) => dependency.getInstanceByContextId(STATIC_CONTEXT).instance as unknown),
  );
}
