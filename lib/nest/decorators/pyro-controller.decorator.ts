import { applyDecorators, Controller, Injectable, Scope, SetMetadata, UseFilters } from '@nestjs/common';
import type { InstanceMode } from '../../daemon/object/instances.js';
import { ENTRY_PROVIDER_WATERMARK, PATH_METADATA } from '../nest-internals.js';
import { noteDecorated } from '../metadata/placement.js';
import type { PyroNaming } from '../metadata/wire-names.js';
import { PyroBinder } from '../binding/pyro-binder.js';

export interface PyroControllerOptions {
  /** Id that clients know the object by. Default: a random one of each process. */
  objectId?: string;
  /** Name that a server with `nameServer` registers it under. Default: none. */
  name?: string;
  /** Default `session`, as in Pyro5: one instance per connection. */
  instanceMode?: InstanceMode;
  /** Tags that are registered with the name; clients find them by `PYROMETA:tag,tag`. */
  metadata?: string[];
  /** `name` of the PyroServer that serves it. Default: all. */
  server?: string;
  /** Default: that of the server, or `same`. */
  naming?: PyroNaming;
}

const CONTROLLER_OPTIONS = Symbol.for('nestjs-pyro:controller');
const MODES: readonly unknown[] = ['session', 'single', 'percall'];
const KNOWN_OPTIONS = [
  'objectId',
  'name',
  'instanceMode',
  'metadata',
  'server',
  'naming',
] satisfies (keyof PyroControllerOptions)[];

/**
 * Makes a class a Pyro object. It may stand among `controllers` or `providers`; Nest injects what its constructor wants.
 *
 * @param objectId id that clients know the object by; or give it among the options
 * @throws {TypeError} on unknown options, an unknown instance mode, or an id that cannot stand in a URI
 */
export function PyroController(objectId: string, options?: Omit<PyroControllerOptions, 'objectId'>): ClassDecorator;
export function PyroController(options?: PyroControllerOptions): ClassDecorator;
export function PyroController(
  objectIdOrOptions: string | PyroControllerOptions = {},
  furtherOptions?: PyroControllerOptions,
): ClassDecorator {
  const options = optionsOf(objectIdOrOptions, furtherOptions);
  const { instanceMode = 'session', objectId, naming } = options;
  if (!MODES.includes(instanceMode)) throw new TypeError(`instanceMode is ${instanceMode}; it is session, single or percall`);
  if (objectId !== undefined && (objectId === '' || /\s/.test(objectId))) {
    throw new TypeError(`object id ${JSON.stringify(objectId)} cannot stand in a URI: it must be a string without white space`);
  }
  if (naming !== undefined && naming !== 'same' && naming !== 'snake_case')
    throw new TypeError(`naming is ${String(naming)}; it is same or snake_case`);
  return applyDecorators(
    routeless,
    Injectable({ scope: instanceMode === 'single' ? Scope.DEFAULT : Scope.REQUEST }),
    SetMetadata(CONTROLLER_OPTIONS, { ...options, instanceMode }),
    // without it Nest leaves request-scoped global guards out where the object is a provider
    SetMetadata(ENTRY_PROVIDER_WATERMARK, true),
    UseFilters(PyroBinder),
    noteDecorated as ClassDecorator,
  ) as ClassDecorator;
}

function optionsOf(first: string | PyroControllerOptions, second: PyroControllerOptions | undefined): PyroControllerOptions {
  if (second !== undefined && (typeof first !== 'string' || second.objectId !== undefined))
    throw new TypeError('@PyroController takes an object id and options, or options with `objectId` among them');
  const options = typeof first === 'string' ? { ...second, objectId: first } : first;
  const unknown = Object.keys(options).find((key) => !(KNOWN_OPTIONS as string[]).includes(key));
  if (unknown !== undefined)
    throw new TypeError(`@PyroController has no option "${unknown}"; it has ${KNOWN_OPTIONS.join(', ')}`);
  return options;
}

/** An HTTP application takes nothing among its `controllers` that is none; one that has routes keeps them. */
const routeless: ClassDecorator = (type) => {
  if (!Reflect.hasOwnMetadata(PATH_METADATA, type)) Controller()(type);
};

/** What the decorator said of this very class; a class that extends it is no object by that. */
export function controllerOptionsOf(type: object): (PyroControllerOptions & { instanceMode: InstanceMode }) | undefined {
  return Reflect.getOwnMetadata(CONTROLLER_OPTIONS, type) as (PyroControllerOptions & { instanceMode: InstanceMode }) | undefined;
}
