import type { ModulesContainer } from '@nestjs/core';
import type { AnyClass } from '../../objects/decorated-member.js';
import { controllerMetadataOf } from '../metadata/controller-metadata.js';
import { exposedMembers } from '../metadata/member-metadata.js';
import { replacedClasses } from '../metadata/replaced-classes.js';
import { givenInstance, type InstanceWrapper, type Module } from '../nest-internals.js';

/** A class with `@PyroController` that a module provides. */
export interface ProvidedController {
  readonly type: AnyClass;
  readonly wrapper: InstanceWrapper;
  readonly module: Module;
}

/**
 * Finds the classes with `@PyroController` among the controllers and providers of a container. The object of a `useFactory` or
 * `useValue` provider is found by the class of the object. An object that several providers give is found once.
 */
export function findControllers(modules: ModulesContainer): ProvidedController[] {
  const found: ProvidedController[] = [];
  for (const { wrapper, module } of wrappersOf(modules)) {
    const type = classesOf(wrapper).find((candidate) => controllerMetadataOf(candidate) !== undefined);
    if (type) found.push({ type, wrapper, module });
  }
  const seen = new Set<unknown>(found.filter(({ wrapper }) => !wrapper.isNotMetatype).map(({ wrapper }) => wrapper.instance));
  return found.filter(({ wrapper }) => {
    const given = givenInstance(wrapper);
    if (given === undefined) return true;
    const isNew = !seen.has(given);
    seen.add(given);
    return isNew;
  });
}

/** Classes that an earlier text named. */
const named = new WeakSet<object>();

/**
 * Looks for providers with `@PyroMethod` or `@PyroProperty` members whose class has no `@PyroController`: nobody serves them.
 *
 * @returns a text for each class that no earlier text named
 */
export function undecoratedProviders(modules: ModulesContainer): string[] {
  const served = findControllers(modules).map(({ type }) => type);
  const texts: string[] = [];
  for (const { wrapper } of wrappersOf(modules)) {
    for (const type of classesOf(wrapper)) {
      if (named.has(type) || served.some((each) => each === type || each.prototype instanceof type)) continue;
      const members = exposedMembers(type);
      if (members.length === 0) continue;
      named.add(type);
      texts.push(
        undecoratedText(
          type,
          members.map(({ metadata }) => metadata.key),
        ),
      );
    }
  }
  return texts;
}

function undecoratedText(type: AnyClass, members: readonly string[]): string {
  if (replacedClasses(type).some((each) => controllerMetadataOf(each) !== undefined)) {
    return (
      `${type.name} has @PyroController, but a decorator above it puts something else in the place of the class, so that nobody serves it: ` +
      'put @PyroController on top'
    );
  }
  const base = decoratedBase(type);
  if (base === undefined) {
    return (
      `${type.name} has exposed members (${members.join(', ')}) but no @PyroController, so that nobody serves it: ` +
      `put @PyroController() on the class`
    );
  }
  return (
    `${type.name} extends ${base.name}, which has @PyroController, but has none itself, so that nobody serves it: put ` +
    `@PyroController() on ${type.name}, too; where a decorator of ${base.name} makes ${type.name}, put @PyroController above that decorator`
  );
}

function decoratedBase(type: AnyClass): AnyClass | undefined {
  for (let at: unknown = Object.getPrototypeOf(type); typeof at === 'function'; at = Object.getPrototypeOf(at))
    if (controllerMetadataOf(at) !== undefined) return at as unknown as AnyClass;
  return undefined;
}

/** The wrappers of all controllers and providers, and their modules. */
export function* wrappersOf(modules: ModulesContainer): Iterable<{ wrapper: InstanceWrapper; module: Module }> {
  for (const module of modules.values()) {
    for (const wrapper of [...module.controllers.values(), ...module.providers.values()] as InstanceWrapper[]) {
      if (!wrapper.isAlias) yield { wrapper, module };
    }
  }
}

/** The classes of a provider: the class that Nest makes, its token, and the class of an object that a factory or value gives. */
function classesOf(wrapper: InstanceWrapper): AnyClass[] {
  const given = givenInstance(wrapper);
  // of a JavaScript Proxy, such as a remote object, no member is read
  const prototype = given === undefined ? undefined : (Object.getPrototypeOf(given) as object | null);
  const candidates: unknown[] = [wrapper.metatype, wrapper.token, prototype?.constructor];
  return candidates.filter((each): each is AnyClass => typeof each === 'function' && each.prototype instanceof Object);
}
