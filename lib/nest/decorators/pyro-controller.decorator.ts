import { applyDecorators, Controller, Injectable, Scope, SetMetadata, UseFilters } from '@nestjs/common';
import { PyroBinder } from '../binding/pyro-binder.js';
import { carryMetadata } from '../metadata/carried-metadata.js';
import { CONTROLLER_METADATA, controllerMetadata, type PyroControllerOptions } from '../metadata/controller-metadata.js';
import { noteDecorated } from '../metadata/provided-classes.js';
import { anyOf, checkArgument, OBJECT, type OptionRule, TEXT } from '../../options/option-checks.js';
import { checkIsClass } from './decorator-target.js';
import { ENTRY_PROVIDER_WATERMARK, PATH_METADATA } from '../nest-internals.js';

/**
 * Makes a class a Pyro object. List the class among `controllers` or `providers`; Nest injects the dependencies of its constructor.
 *
 * @param objectId id of the object in URIs; it may also be given among the options
 * @throws {TypeError} on unknown options, an unknown instance mode or naming, an id that cannot stand in a URI, and on members
 */
export function PyroController(objectId: string, options?: Omit<PyroControllerOptions, 'objectId'>): ClassDecorator;
/** The same with all options in one object. */
export function PyroController(options?: PyroControllerOptions): ClassDecorator;
export function PyroController(
  objectIdOrOptions: string | PyroControllerOptions = {},
  furtherOptions?: PyroControllerOptions,
): ClassDecorator {
  const metadata = controllerMetadata(mergedOptions(objectIdOrOptions, furtherOptions));
  const decorate = applyDecorators(
    routeless,
    Injectable({ scope: metadata.instanceMode === 'single' ? Scope.DEFAULT : Scope.REQUEST }),
    SetMetadata(CONTROLLER_METADATA, metadata),
    // without this mark Nest skips request-scoped global guards where the object is a provider
    SetMetadata(ENTRY_PROVIDER_WATERMARK, true),
    UseFilters(PyroBinder),
    noteDecorated as ClassDecorator,
    carryMetadata as ClassDecorator,
  ) as ClassDecorator;
  return (type, ...rest: unknown[]) => {
    checkIsClass('@PyroController', [type, ...rest], 'methods take @PyroMethod');
    return decorate(type);
  };
}

function mergedOptions(first: string | PyroControllerOptions, second: PyroControllerOptions | undefined): PyroControllerOptions {
  const refusal = (text: string): Error => new TypeError(text);
  checkArgument('@PyroController: the argument', first, ID_OR_OPTIONS, refusal);
  checkArgument('@PyroController: the second argument', second === undefined ? {} : second, OPTIONS, refusal);
  if (second !== undefined && (typeof first !== 'string' || second.objectId !== undefined))
    throw new TypeError('@PyroController takes an object id and options, or options with `objectId` among them');
  return typeof first === 'string' ? { ...second, objectId: first } : first;
}

const OPTIONS: OptionRule = { ...OBJECT, takes: 'an object with options' };
const ID_OR_OPTIONS: OptionRule = anyOf({ ...TEXT, takes: 'an object id' }, OPTIONS);

/** Makes the class a controller without routes, unless it has a path. HTTP applications accept only controllers among their `controllers`. */
const routeless: ClassDecorator = (type) => {
  if (!Reflect.hasOwnMetadata(PATH_METADATA, type)) Controller()(type);
};
