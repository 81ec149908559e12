import {
  EXCEPTION_FILTERS_METADATA,
  GUARDS_METADATA,
  INTERCEPTORS_METADATA,
  PARAMTYPES_METADATA,
  PIPES_METADATA,
} from '../nest-internals.js';
import { addMark, classNameOf, type PyroPropertyOptions } from '../metadata/member-registry.js';
import { checkWireName } from '../metadata/wire-names.js';

/**
 * Exposes an accessor of a {@link PyroController} as a remote attribute: readable with a getter, writable with a setter.
 *
 * Class and global enhancers run on each read and write; those given here on this attribute's.
 *
 * @throws {TypeError} on private wire names, names that begin with `$`, and what is no accessor of instances
 */
export function PyroProperty(options: PyroPropertyOptions = {}): MethodDecorator & PropertyDecorator {
  return (prototype: object, key: string | symbol, descriptor?: PropertyDescriptor): void => {
    const where = `${typeof prototype === 'function' ? prototype.name : classNameOf(prototype)}.${String(key)}`;
    const { get, set } = descriptor ?? {};
    if (typeof prototype === 'function' || typeof key !== 'string' || (get === undefined && set === undefined)) {
      throw new TypeError(`${where}: @PyroProperty is for accessors (get and set) of instances; methods take @PyroMethod`);
    }
    checkWireName(options.name ?? key, where);
    const type: unknown = Reflect.getMetadata('design:type', prototype, key);
    const read = function (this: object): unknown {
      return get!.call(this);
    };
    const write = function (this: object, value: unknown): void {
      set!.call(this, value);
    };
    addMark(prototype, {
      kind: 'property',
      key,
      name: options.name,
      getter: get && addCompanion(prototype, `get ${key}`, read, options, []),
      setter: set && addCompanion(prototype, `set ${key}`, write, options, [type]),
    });
  };
}

/**
 * Puts a method beside the accessor: Nest looks for enhancers on methods only, and one it has not found there it would
 * pass over in silence. No name of a method has a blank in it, so nothing is hidden by this one.
 */
function addCompanion(
  prototype: object,
  name: string,
  method: (...args: never[]) => unknown,
  options: PyroPropertyOptions,
  types: unknown[],
): string {
  Object.defineProperty(method, 'name', { value: name });
  Object.defineProperty(prototype, name, { value: method, configurable: true, writable: true, enumerable: false });
  const { guards, pipes, interceptors, filters } = options;
  const enhancers: [string, unknown[] | undefined][] = [
    [GUARDS_METADATA, guards],
    [PIPES_METADATA, pipes],
    [INTERCEPTORS_METADATA, interceptors],
    [EXCEPTION_FILTERS_METADATA, filters],
  ];
  for (const [metadataKey, list] of enhancers) if (list) Reflect.defineMetadata(metadataKey, list, method);
  Reflect.defineMetadata(PARAMTYPES_METADATA, types, prototype, name);
  return name;
}
