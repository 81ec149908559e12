import type { CanActivate, Type } from '@nestjs/common';
import { INSTANCE_MODE } from '../../daemon/object/instances.js';
import type { InstanceMode } from '../../objects/keyed-instances.js';
import { objectIdFault } from '../../objects/object-ids.js';
import {
  ANYTHING,
  checkOptions,
  FULL_TEXT,
  listOf,
  type OptionRule,
  type OptionRules,
  TEXTS,
} from '../../options/option-checks.js';
import { replacedClasses } from './replaced-classes.js';
import type { PyroNaming } from '../../objects/naming.js';
import { NAMING } from './wire-names.js';

/** Options of `@PyroController`. */
export interface PyroControllerOptions {
  /** Id of the object in URIs. Default: a random id, new in each process. */
  objectId?: string;
  /** Name that a server with `nameServer` registers. Default: none. */
  name?: string;
  /** Default `session`, as in Pyro5: one instance per connection. */
  instanceMode?: InstanceMode;
  /** Tags that are registered with the name; clients find them by `PYROMETA:tag,tag`. */
  metadata?: string[];
  /** `name` of the PyroServer that serves the object. Default: all servers. */
  server?: string;
  /** Default: the option of the server, or `same`. */
  naming?: PyroNaming;
}

/** The checked options of a `@PyroController`. */
export type ControllerMetadata = PyroControllerOptions & {
  readonly instanceMode: InstanceMode;
  /** True when the options give no mode; else undefined. */
  readonly isDefaultMode?: true;
};

/** A guard instance, or a class that Nest provides or makes. */
export type HandshakeGuard = CanActivate | Type<CanActivate>;

/** Takes a guard: a class, or an object with `canActivate`. */
export const GUARD: OptionRule = {
  takes: 'a guard: a class, or an object with canActivate',
  fits: (value) => typeof value === 'function' || typeof (value as CanActivate | null | undefined)?.canActivate === 'function',
};

/** Takes a list of guards. */
export const GUARDS: OptionRule = listOf(GUARD, 'a list of guards: classes, or objects with canActivate');

const RULES: OptionRules<PyroControllerOptions> = {
  objectId: ANYTHING,
  instanceMode: INSTANCE_MODE,
  naming: NAMING,
  name: FULL_TEXT,
  metadata: { ...TEXTS, takes: 'a list of tags, which are texts: ["camera"]' },
  server: FULL_TEXT,
};

/** Key of the metadata of `@PyroController`. */
export const CONTROLLER_METADATA = Symbol.for('nestjs-pyro:controller');
const HANDSHAKE_GUARDS_METADATA = Symbol.for('nestjs-pyro:handshake-guards');

/**
 * Checks the options of a `@PyroController`.
 *
 * @throws {TypeError} on unknown options, an unknown instance mode or naming, or an id that cannot stand in a URI
 */
export function controllerMetadata(options: PyroControllerOptions): ControllerMetadata {
  checkOptions(options, RULES, '@PyroController: ', (text) => new TypeError(text));
  const { instanceMode = 'session', objectId } = options;
  const fault = objectId === undefined ? undefined : objectIdFault(objectId);
  if (fault !== undefined) throw new TypeError(fault);
  return { ...options, instanceMode, ...(options.instanceMode === undefined && { isDefaultMode: true }) };
}

/**
 * The options of a decorated class, or of the decorated class that a decorator above `@PyroController` replaced by this one.
 * Undefined for other classes, also for classes that merely extend a decorated one.
 */
export function controllerMetadataOf(type: object): ControllerMetadata | undefined {
  for (let at: object = type; ; at = Object.getPrototypeOf(at) as object) {
    const own = Reflect.getOwnMetadata(CONTROLLER_METADATA, at) as ControllerMetadata | undefined;
    if (own !== undefined || !isReplacement(at)) return own;
  }
}

/** True for a class that extends its own namesake, or has no name: `@Traced` returned `class extends target {}`. */
function isReplacement(type: object): boolean {
  const { name } = type as { name?: unknown };
  const base: unknown = Object.getPrototypeOf(type);
  return typeof base === 'function' && base !== Function.prototype && (name === '' || name === base.name);
}

/**
 * Adds handshake guards to a class, after the guards that the class or its base classes have already. Classes that `type` replaces get
 * the guards, too: a further decorator may hide `type` itself.
 */
export function addHandshakeGuards(type: object, guards: readonly HandshakeGuard[]): void {
  const all = [...handshakeGuardsOf(type), ...guards];
  for (const each of [type, ...replacedClasses(type)]) Reflect.defineMetadata(HANDSHAKE_GUARDS_METADATA, all, each);
}

/**
 * The handshake guards of a class, and of classes that it replaces. The guards of its base classes come first.
 *
 * @throws {Error} when the class has guards of a version of this package that keeps them in another way: such guards would be lost
 */
export function handshakeGuardsOf(type: object): HandshakeGuard[] {
  const isUnreadable = (key: unknown): boolean =>
    typeof key === 'symbol' && key !== HANDSHAKE_GUARDS_METADATA && /pyro.*handshake-guards/.test(key.description ?? '');
  const types = [...replacedClasses(type), type];
  if (types.some((each) => Reflect.getMetadataKeys(each).some(isUnreadable)))
    throw new Error(
      `${(type as { name?: string }).name} has handshake guards of another version of nestjs-pyro, which this version cannot read: ` +
        'it would authorize every client. Install one version of nestjs-pyro for all packages of the application (npm ls nestjs-pyro)',
    );
  const guards = types.flatMap((each) => (Reflect.getMetadata(HANDSHAKE_GUARDS_METADATA, each) ?? []) as HandshakeGuard[]);
  return [...new Set(guards)];
}
