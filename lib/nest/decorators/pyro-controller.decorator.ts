import { applyDecorators, Controller, Injectable, Scope, SetMetadata, UseFilters } from '@nestjs/common';
import type { InstanceMode } from '../../daemon/instances.js';
import { ENTRY_PROVIDER_WATERMARK, PATH_METADATA } from '../nest-internals.js';
import type { PyroNaming } from '../objects/wire-names.js';
import { PyroBinder } from '../server/pyro-binder.js';

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

/**
 * Makes a class a Pyro object. It may stand among `controllers` or `providers`; Nest injects what its constructor wants.
 *
 * @param objectIdOrOptions object id, or options
 * @throws {TypeError} on an unknown instance mode or an id that cannot stand in a URI
 */
export function PyroController(objectIdOrOptions: string | PyroControllerOptions = {}): ClassDecorator {
  const options = typeof objectIdOrOptions === 'string' ? { objectId: objectIdOrOptions } : objectIdOrOptions;
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
  ) as ClassDecorator;
}

/** An HTTP application takes nothing among its `controllers` that is none; one that has routes keeps them. */
const routeless: ClassDecorator = (type) => {
  if (!Reflect.hasOwnMetadata(PATH_METADATA, type)) Controller()(type);
};

/** What the decorator said of this very class; a class that extends it is no object by that. */
export function controllerOptionsOf(type: object): (PyroControllerOptions & { instanceMode: InstanceMode }) | undefined {
  return Reflect.getOwnMetadata(CONTROLLER_OPTIONS, type) as (PyroControllerOptions & { instanceMode: InstanceMode }) | undefined;
}
