import { Scope } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import type { AnyClass } from '../../objects/decorated-member.js';
import type { InstanceMode } from '../../objects/keyed-instances.js';
import { controllerMetadataOf } from '../metadata/controller-metadata.js';
import { givenInstance, type InstanceWrapper, isGiven, type Module } from '../nest-internals.js';
import { carryMetadata } from '../metadata/carried-metadata.js';
import { enhancersOn, unknownEnhancer } from './known-enhancers.js';
import { defineObject, type ObjectDefinition } from './object-definition.js';
import { findControllers, noteProvidedClasses } from './provided-controllers.js';
import type { PyroNaming } from '../../objects/naming.js';

/**
 * Finds the Pyro objects of one server among the controllers and providers of a container.
 *
 * @param serverName objects that name another server are skipped
 * @param overridden tokens of the providers that a test overrides: all clients may share the object that the test gives
 * @throws {Error} when two objects have the same id or name, or when an object cannot be served. An object cannot be served when its
 * definition is wrong, its scope contradicts its instance mode, or Nest does not know one of its enhancers
 */
export function exploreObjects(
  modules: ModulesContainer,
  serverName: string | undefined,
  naming: PyroNaming | undefined,
  overridden: ReadonlySet<unknown>,
): ObjectDefinition[] {
  const definitions = new Map<string, ObjectDefinition>();
  const names = new Map<string, ObjectDefinition>();
  noteProvidedClasses(modules);
  for (const provided of findControllers(modules)) {
    const { type, instanceType, wrapper, module } = provided;
    const { server } = controllerMetadataOf(type)!;
    if (server !== undefined && server !== serverName) continue;
    checkScope(type, wrapper, overridden.has(wrapper.token));
    for (const each of new Set([type, instanceType])) carryMetadata(each);
    const definition = defineObject(provided, naming);
    checkEnhancers(definition, module);
    const other = definitions.get(definition.objectId);
    if (other) throw new Error(twoWithOneId(other, definition));
    definitions.set(definition.objectId, definition);
    if (definition.name === undefined) continue;
    const namesake = names.get(definition.name);
    if (namesake)
      throw new Error(`two Pyro objects have the name "${definition.name}": ${describe(namesake)} and ${describe(definition)}`);
    names.set(definition.name, definition);
  }
  return [...definitions.values()];
}

/** Checks the server names of all objects. @throws {Error} when an object names a server that the container does not have */
export function checkServerNames(modules: ModulesContainer, names: readonly (string | undefined)[]): void {
  for (const { type } of findControllers(modules)) {
    const { server } = controllerMetadataOf(type)!;
    if (server === undefined || names.includes(server)) continue;
    const known = names.filter((name) => name !== undefined).map((name) => `"${name}"`);
    throw new Error(
      `${type.name} wants to be served by a PyroServer named "${server}", but this application has ` +
        `${known.length > 0 ? `those named ${known.join(', ')}` : 'none with a name'}: ` +
        `give one of them \`name: '${server}'\`, or take \`server\` out of its @PyroController`,
    );
  }
}

/** Refuses a class whose scope another decorator has changed: all connections would share one instance. */
function checkScope(type: AnyClass, wrapper: InstanceWrapper, isOverridden: boolean): void {
  const { instanceMode, isDefaultMode } = controllerMetadataOf(type)!;
  const scope = wrapper.scope ?? Scope.DEFAULT;
  if (isGiven(wrapper)) {
    checkGiven(type, wrapper, isDefaultMode || isOverridden ? 'single' : instanceMode);
    return;
  }
  const fits = instanceMode === 'single' ? scope === Scope.DEFAULT : scope === Scope.REQUEST;
  if (fits) return;
  const wanted = instanceMode === 'single' ? 'DEFAULT' : 'REQUEST';
  const remedies = [
    ...(instanceMode === 'single' ? [] : [`if other providers inject it, give @PyroController { instanceMode: 'single' }`]),
    wrapper.isFactory
      ? `give the factory \`scope: Scope.${wanted}\``
      : `a decorator above @PyroController (@Controller, @Injectable) or its provider changed the scope: ` +
        `put @PyroController on top, without a scope in the provider`,
    ...(instanceMode === 'single' ? ['or change the instanceMode'] : []),
  ];
  throw new Error(`${type.name} has instanceMode "${instanceMode}" but is not Scope.${wanted} for Nest: ${remedies.join('; ')}`);
}

/** Refuses a value, and a factory that runs once, where the class says that connections or calls have instances of their own. */
function checkGiven(type: AnyClass, wrapper: InstanceWrapper, instanceMode: InstanceMode): void {
  if (givenInstance(wrapper) === undefined) {
    const what = wrapper.isFactory ? 'factory returns' : 'value is';
    throw new Error(`the provider of ${type.name} gives no object: its ${what} ${String(wrapper.instance)}`);
  }
  if (instanceMode === 'single') return;
  const [why, remedy] = wrapper.isFactory
    ? ['its factory runs once, at the start', 'give the factory `scope: Scope.REQUEST` and the class as its token']
    : ['its provider is a value', 'provide the class itself, or override it by the value in a test (overrideProvider)'];
  throw new Error(
    `${type.name} has instanceMode "${instanceMode}", but ${why}, and all clients would share the object: ${remedy}, or set instanceMode to single`,
  );
}

/** Refuses enhancer classes that Nest does not know: a guard would be missing. */
function checkEnhancers({ type, instanceType, methods, getters, setters }: ObjectDefinition, module: Module): void {
  const operations = [...methods.values(), ...getters.values(), ...setters.values()];
  const enhancers = [
    ...[type, ...operations.map(({ handler }) => handler)].flatMap(enhancersOn),
    ...operations.flatMap(({ parameters }) => parameters.flatMap(({ pipes }) => pipes)),
  ];
  const unknown = unknownEnhancer(enhancers, module);
  if (unknown === undefined) return;
  throw new Error(
    `${instanceType.name} uses ${unknown.name}, which Nest does not know in ${module.name}: provide the class itself (useClass), not a value or factory; ` +
      'and put a class decorator that wraps the methods below @PyroController',
  );
}

function twoWithOneId(one: ObjectDefinition, other: ObjectDefinition): string {
  const remedy =
    one.type === other.type
      ? isGiven(other.wrapper)
        ? 'leave objectId out of its @PyroController, or give each a class of its own'
        : 'provide it in one module alone, and export it from there'
      : 'give each an objectId of its own, or each to a server of its own (`server`)';
  return `two Pyro objects have the id "${one.objectId}": ${describe(one)} and ${describe(other)}; ${remedy}`;
}

function describe({ type, wrapper }: ObjectDefinition): string {
  return `${type.name} in ${wrapper.host?.name ?? 'no module'}`;
}
