import { metadataFor } from '../../daemon/object/expose.js';
import { decoratedFunctionsOf } from '../../objects/decorated-functions.js';
import { findDescriptor, functionsOf, memberSource } from '../../objects/decorated-member.js';
import { isBinder } from '../binding/pyro-binder.js';
import { handshakeGuardsOf } from '../metadata/controller-metadata.js';
import { routeArgumentsOf } from '../metadata/parameter-metadata.js';
import { replacedClasses } from '../metadata/replaced-classes.js';
import { ENHANCER_KEYS } from '../nest-internals.js';

/** The decorators that add enhancers to a class or a method. */
const DECORATORS = {
  guards: '@UseGuards',
  pipes: '@UsePipes',
  interceptors: '@UseInterceptors',
  filters: '@UseFilters',
} as const satisfies Record<keyof typeof ENHANCER_KEYS, string>;

/**
 * Refuses an object whose class has guards, pipes, interceptors, filters or handshake guards of Nest. The daemon calls registered objects
 * directly, so that nobody would run them: a guarded method would be open.
 *
 * @param guards the option of the registration: where it is given, it says who may use the object in place of the handshake guards
 * @throws {TypeError} that names the class or method, the decorator and the remedy
 */
export function refuseLostEnhancers(objectOrClass: object, guards: unknown): void {
  const type: unknown = classOf(objectOrClass);
  if (typeof type !== 'function') return;
  if (guards === undefined && handshakeGuardsOf(type).length > 0)
    throw new TypeError(
      `${type.name} has @UseHandshakeGuards, which holds for classes with @PyroController only: give register() the option guards`,
    );
  for (const holder of [type, ...replacedClasses(type)]) refuseEnhancersOf(type.name, holder);
  const source = memberSource(objectOrClass);
  const { methods, attrs } = metadataFor(objectOrClass);
  for (const name of [...methods, ...attrs]) {
    const where = `${type.name}.${name}`;
    for (const holder of [...functionsOf(findDescriptor(source, name)), ...decoratedFunctionsOf(source, name)])
      refuseEnhancersOf(where, holder);
    if (Object.values(routeArgumentsOf(source, name)).some(({ pipes = [] }) => pipes.length > 0))
      throw lostEnhancer(where, 'pipes of its parameters');
  }
}

/** The class of an object, or the class itself. */
export function classOf(objectOrClass: object): unknown {
  return typeof objectOrClass === 'function' ? objectOrClass : objectOrClass.constructor;
}

/** @param where the class or method, for the error */
function refuseEnhancersOf(where: string, holder: object): void {
  for (const kind of Object.keys(DECORATORS) as (keyof typeof DECORATORS)[]) {
    const given = (Reflect.getMetadata(ENHANCER_KEYS[kind], holder) ?? []) as object[];
    const lost = given.filter((enhancer) => !isBinder(enhancer));
    if (lost.length > 0) throw lostEnhancer(where, `${DECORATORS[kind]}(${lost.map(nameOf).join(', ')})`);
  }
}

function lostEnhancer(where: string, what: string): TypeError {
  return new TypeError(
    `${where} has ${what}, which nobody would run, because objects that are registered at run time are called directly: ` +
      'let a module provide the class, with @PyroController and @PyroMethod, or register an object of a class without it; ' +
      'who may use a registered object says the option guards, by handshake guards',
  );
}

/** The name of an enhancer class, or of the class of an enhancer. */
function nameOf(enhancer: object): string {
  return (classOf(enhancer) as { name?: string } | undefined)?.name ?? 'an object';
}
