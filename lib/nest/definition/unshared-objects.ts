import type { ModulesContainer } from '@nestjs/core';
import type { AnyClass } from '../../objects/decorated-member.js';
import { controllerMetadataOf } from '../metadata/controller-metadata.js';
import { dependenciesOf } from '../nest-internals.js';
import type { ObjectDefinition } from './object-definition.js';
import { wrappersOf } from './provided-controllers.js';

/** Hooks that Nest calls at the start, on singletons only. */
const START_HOOKS = ['onModuleInit', 'onApplicationBootstrap'];

/**
 * Finds objects that are probably services: singletons that became request-scoped by `@PyroController`, whose default mode is `session`.
 * Signs of a service: other providers inject it, or it has hooks that Nest no longer calls.
 *
 * @returns the text of a warning; undefined when the mode was chosen, or nothing points to it
 */
export function unsharedText(
  modules: ModulesContainer,
  { type, instanceType, wrapper, instanceMode }: ObjectDefinition,
): string | undefined {
  if (instanceMode !== 'session' || !controllerMetadataOf(type)?.isDefaultMode) return undefined;
  const users = usersOf(modules, wrapper);
  const hooks = START_HOOKS.filter((hook) => typeof (instanceType.prototype as Record<string, unknown>)[hook] === 'function');
  if (users.length === 0 && hooks.length === 0) return undefined;
  const reasons = [
    ...(users.length > 0 ? [usersText(users)] : []),
    ...(hooks.length > 0 ? [`Nest does not call its ${hooks.join(' and ')}`] : []),
  ];
  return (
    `${type.name} has one instance for each connection, the default of @PyroController: ${reasons.join('; ')}. ` +
    `Give @PyroController { instanceMode: 'single' } for one instance that all share, or 'session' if this is meant`
  );
}

function usersText(users: readonly string[]): string {
  if (users.length === 1) return `${users[0]} injects it, and gets an instance of its own, which does not share its state`;
  return `${users.join(', ')} inject it, and get instances of their own, which do not share its state`;
}

/** Names of the classes that inject a provider. Pyro objects are left out: they live as long as the provider. */
function usersOf(modules: ModulesContainer, provider: ObjectDefinition['wrapper']): string[] {
  const names = new Set<string>();
  for (const { wrapper } of wrappersOf(modules)) {
    const isObject = typeof wrapper.metatype === 'function' && controllerMetadataOf(wrapper.metatype as AnyClass) !== undefined;
    if (!isObject && dependenciesOf(wrapper).includes(provider)) names.add(String(wrapper.name));
  }
  return [...names].sort();
}
