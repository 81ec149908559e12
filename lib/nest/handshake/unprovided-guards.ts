import type { CanActivate, OnApplicationBootstrap, OnModuleInit, Type } from '@nestjs/common';
import { createContextId, type ModuleRef } from '@nestjs/core';
import { isBootstrapped, isInitialized } from '../application-phase.js';
import { addHooksOf, type Module, type NestContainer } from '../nest-internals.js';

/** Where a guard that no module provides is made. */
interface GuardPlace {
  readonly ref: ModuleRef;
  /** The module whose providers are injected. */
  readonly module: Module;
  readonly container: NestContainer;
}

const made = new WeakMap<Module, Map<Type<CanActivate>, Promise<CanActivate | undefined>>>();

/**
 * The instance of a guard that no module provides: one for all objects of a module, as Nest has of its own guards. It has the
 * lifecycle hooks of a provider. Those whose time is over when the guard is made are called at once.
 *
 * @returns undefined when a dependency is request-scoped: then each handshake has a guard of its own
 * @throws {Error} when Nest cannot make the guard, or one of its hooks fails
 */
export function unprovidedGuard(type: Type<CanActivate>, place: GuardPlace): Promise<CanActivate | undefined> {
  const guards = made.get(place.module) ?? new Map<Type<CanActivate>, Promise<CanActivate | undefined>>();
  made.set(place.module, guards);
  const known = guards.get(type);
  if (known !== undefined) return known;
  const guard = begin(type, place);
  guards.set(type, guard);
  guard.catch(() => guards.delete(type));
  return guard;
}

async function begin(type: Type<CanActivate>, place: GuardPlace): Promise<CanActivate | undefined> {
  const guard = await make(type, place);
  if (guard === undefined) return undefined;
  const { module, container } = place;
  const modules = container.getModules();
  const [isInitLate, isBootstrapLate] = [isInitialized(modules), isBootstrapped(modules)];
  const removeHooks = addHooksOf(module, guard);
  const hooks = guard as CanActivate & Partial<OnModuleInit & OnApplicationBootstrap>;
  try {
    if (isInitLate) await hooks.onModuleInit?.();
    if (isBootstrapLate) await hooks.onApplicationBootstrap?.();
  } catch (error) {
    // the next try makes another guard
    removeHooks();
    throw error;
  }
  return guard;
}

async function make(type: Type<CanActivate>, { ref }: GuardPlace): Promise<CanActivate | undefined> {
  try {
    return await ref.create(type);
  } catch (error) {
    // a request-scoped dependency fails without a context; everything else that fails also fails with a context
    await ref.create(type, createContextId()).catch(() => {
      throw error;
    });
    return undefined;
  }
}
