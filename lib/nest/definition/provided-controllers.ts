import type { ModulesContainer } from '@nestjs/core';
import type { AnyClass } from '../../objects/decorated-member.js';
import { isRemoteObject } from '../../client/proxy/remote-proxy.js';
import { controllerMetadataOf } from '../metadata/controller-metadata.js';
import { exposedMembers } from '../metadata/member-metadata.js';
import { noteProvided } from '../metadata/provided-classes.js';
import { methodsWithKeywords } from '../metadata/parameter-metadata.js';
import { replacedClasses } from '../metadata/replaced-classes.js';
import { givenInstance, type InstanceWrapper, type Module } from '../nest-internals.js';

/** A class with `@PyroController` that a module provides. */
export interface ProvidedController {
  /** The class whose `@PyroController` holds. */
  readonly type: AnyClass;
  /**
   * The class of the instances: `type`, or another class that the provider makes or gives. `type` for plain objects, and for factories
   * that run for each connection or call.
   */
  readonly instanceType: AnyClass;
  readonly wrapper: InstanceWrapper;
  readonly module: Module;
}

/**
 * Finds the classes with `@PyroController` among the controllers and providers of a container. The object of a `useFactory` or
 * `useValue` provider is found by the class of the object. An object that several providers give is found once. Remote objects are
 * objects of other servers, whatever their token is, so they are not found.
 */
export function findControllers(modules: ModulesContainer): ProvidedController[] {
  const found = [...controllersOf(modules)];
  const seen = new Set<unknown>(found.filter(({ wrapper }) => !wrapper.isNotMetatype).map(({ wrapper }) => wrapper.instance));
  return found.filter(({ wrapper }) => {
    const given = givenInstance(wrapper);
    if (given === undefined) return true;
    const isNew = !seen.has(given);
    seen.add(given);
    return isNew;
  });
}

function* controllersOf(modules: ModulesContainer): Iterable<ProvidedController> {
  for (const { wrapper, module } of wrappersOf(modules)) {
    if (isRemoteObject(givenInstance(wrapper))) continue;
    const type = classesOf(wrapper).find((candidate) => controllerMetadataOf(candidate) !== undefined);
    if (type) yield { type, instanceType: instanceTypeOf(wrapper) ?? type, wrapper, module };
  }
}

/** Notes the decorated classes that modules provide. A class that is only the token of another object is among them. */
export function noteProvidedClasses(modules: ModulesContainer): void {
  for (const { wrapper } of wrappersOf(modules)) {
    for (const type of classesOf(wrapper)) if (controllerMetadataOf(type) !== undefined) noteProvided(type);
  }
}

/** Classes of {@link lateClasses} that an earlier text named. */
const late = new WeakSet<object>();

/**
 * Looks for classes whose module was loaded after the server began to listen, by Nest's `LazyModuleLoader`: nobody serves them.
 *
 * @param served the objects of the server
 * @returns a text for each class that no earlier text named
 */
export function lateClasses(
  modules: ModulesContainer,
  serverName: string | undefined,
  served: readonly { readonly wrapper: InstanceWrapper }[],
): string[] {
  noteProvidedClasses(modules);
  const texts: string[] = [];
  for (const { type, wrapper } of findControllers(modules)) {
    const { server } = controllerMetadataOf(type)!;
    if (late.has(type) || (server !== undefined && server !== serverName)) continue;
    if (served.some((object) => object.wrapper === wrapper)) continue;
    late.add(type);
    texts.push(
      `${type.name} has @PyroController, but its module was loaded after the PyroServer began to listen, so that nobody serves it: ` +
        'load the module before the server listens, or register objects with exposed members by server.register()',
    );
  }
  return texts;
}

/** Classes that an earlier text named. */
const named = new WeakSet<object>();

/**
 * Looks for providers with `@PyroMethod`, `@PyroProperty` or `@PyroKwargs` whose class has no `@PyroController`: nobody serves them.
 *
 * @returns a text for each class that no earlier text named
 */
export function undecoratedProviders(modules: ModulesContainer): string[] {
  const controllers = [...controllersOf(modules)];
  const served = new Set(controllers.map(({ wrapper }) => wrapper));
  const servedTypes = controllers.flatMap(({ type, instanceType }) => [type, instanceType]);
  const texts: string[] = [];
  for (const { wrapper } of wrappersOf(modules)) {
    if (served.has(wrapper) || isRemoteObject(givenInstance(wrapper))) continue;
    for (const type of classesOf(wrapper)) {
      if (named.has(type) || servedTypes.some((each) => each === type || each.prototype instanceof type)) continue;
      const members = exposedMembers(type).map(({ metadata }) => metadata.key);
      const [method] = members.length > 0 ? [] : methodsWithKeywords(type);
      if (members.length === 0 && method === undefined) continue;
      named.add(type);
      texts.push(method === undefined ? undecoratedText(type, members) : unexposedText(type, method));
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

function unexposedText(type: AnyClass, method: string): string {
  return (
    `${type.name}.${method} has a parameter with @PyroKwargs(), but no @PyroMethod(), and ${type.name} has no @PyroController, so that ` +
    `no client can call it: put @PyroMethod() on the method, and @PyroController() on the class`
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

/** The classes of a provider: the class that Nest makes, the class of the object that a factory or value gives, and the token. */
function classesOf(wrapper: InstanceWrapper): AnyClass[] {
  return [wrapper.metatype, constructorOf(givenInstance(wrapper)), wrapper.token].filter(isClass);
}

/** The class of a provider's instances; undefined for plain objects, and where only a factory knows that runs for each connection or call. */
function instanceTypeOf(wrapper: InstanceWrapper): AnyClass | undefined {
  const { metatype } = wrapper;
  const made = !wrapper.isNotMetatype && isClass(metatype) ? metatype : undefined;
  const shared = sharedInstance(wrapper);
  if (shared === undefined || (made !== undefined && Object.getPrototypeOf(shared) === made.prototype)) return made;
  const type = constructorOf(shared);
  return isClass(type) ? type : made;
}

/** The object that all users of a provider share; undefined when there is none, or when it is no object. */
function sharedInstance(wrapper: InstanceWrapper): object | undefined {
  const instance: unknown = wrapper.isDependencyTreeStatic() ? wrapper.instance : undefined;
  return typeof instance === 'object' && instance !== null ? instance : undefined;
}

/** The class that the prototype of an object names. Of a JavaScript Proxy, such as a remote object, no member is read. */
function constructorOf(instance: object | undefined): unknown {
  const prototype = instance && (Object.getPrototypeOf(instance) as object | null);
  return prototype?.constructor;
}

function isClass(value: unknown): value is AnyClass {
  return typeof value === 'function' && value.prototype instanceof Object;
}
