import {
  type CanActivate,
  type ExceptionFilter,
  type NestInterceptor,
  type PipeTransform,
  type Type,
  UseFilters,
} from '@nestjs/common';
import { PyroBinder } from '../binding/pyro-binder.js';
import { ENHANCER_KEYS, PARAMTYPES_METADATA } from '../nest-internals.js';
import {
  anyOf,
  ANYTHING,
  checkIsObject,
  checkOptions,
  FUNCTION,
  listOf,
  type OptionRule,
  type OptionRules,
  TEXT,
  withMethods,
} from '../../options/option-checks.js';
import { missingMember } from '../../objects/missing-member.js';
import type { FieldType } from '../../classes/fields/field-types.js';
import type { AnyFunction } from '../../objects/decorated-functions.js';
import { checkParentheses, decoratedName } from './decorator-target.js';
import { addMemberMetadata } from '../metadata/member-metadata.js';
import { checkWireName } from '../metadata/wire-names.js';

/** Options of `@PyroProperty`. Enhancers are given here, because Nest's own decorators refuse accessors. */
export interface PyroPropertyOptions {
  /** Wire name. Default: the name of the accessor, changed by `naming`. */
  name?: string;
  /** Type of the values that clients set: `[Point]`. Default: a registered class or Date that TypeScript types the accessor with. */
  type?: FieldType;
  /** Run on each read and write, after the guards of the class. */
  guards?: (CanActivate | Type<CanActivate>)[];
  /** Run on the value of each write, after the pipes of the class. */
  pipes?: (PipeTransform | Type<PipeTransform>)[];
  /** Run around each read and write, inside the interceptors of the class. */
  interceptors?: (NestInterceptor | Type<NestInterceptor>)[];
  /** Catch the errors of reads and writes, before the filters of the class. */
  filters?: (ExceptionFilter | Type<ExceptionFilter>)[];
}

/** Takes a list of enhancers of one kind: classes, or objects that have the method of the kind. */
const enhancersOfKind = (kind: string, method: string): OptionRule =>
  listOf(anyOf(FUNCTION, withMethods('', method)), `a list of ${kind}: classes, or objects with ${method}`);

const RULES: OptionRules<PyroPropertyOptions> = {
  name: TEXT,
  // the server checks it when it starts, as it checks the types of methods
  type: ANYTHING,
  guards: enhancersOfKind('guards', 'canActivate'),
  pipes: enhancersOfKind('pipes', 'transform'),
  interceptors: enhancersOfKind('interceptors', 'intercept'),
  filters: enhancersOfKind('filters', 'catch'),
};

/**
 * Exposes an accessor of a {@link PyroController} as a remote attribute: readable with a getter, writable with a setter.
 *
 * Class and global enhancers run on each read and write of every attribute; the enhancers of the options run on this attribute only.
 *
 * @throws {TypeError} on private wire names, names that begin with `$`, and members that are no accessors of instances
 */
export function PyroProperty(options: PyroPropertyOptions = {}): MethodDecorator & PropertyDecorator {
  checkParentheses('@PyroProperty', options);
  checkIsObject(options, '@PyroProperty: ', (text) => new TypeError(text));
  return (prototype: object, key: string | symbol, descriptor?: PropertyDescriptor): void => {
    const where = decoratedName('@PyroProperty', prototype, key);
    const { get, set } = descriptor ?? {};
    if (typeof prototype === 'function' || typeof key !== 'string' || (get === undefined && set === undefined)) {
      throw new TypeError(
        `${where}: @PyroProperty is for accessors (get and set) of instances; methods take @PyroMethod, and a field becomes an accessor by \`get ${String(key)}() { … }\``,
      );
    }
    checkOptions(options, RULES, `${where}: `, (text) => new TypeError(text));
    checkWireName(options.name ?? key, where);
    const type: unknown = Reflect.getMetadata('design:type', prototype, key);
    // a decorator above this one may replace the accessor, so the companions use the accessor as it is when they are called
    const read = function (this: Record<string, unknown>): unknown {
      if (!(key in this)) throw missingMember(this, key);
      return this[key];
    };
    const write = function (this: Record<string, unknown>, value: unknown): void {
      if (!(key in this)) throw missingMember(this, key);
      this[key] = value;
    };
    addMemberMetadata(prototype, {
      kind: 'property',
      key,
      name: options.name,
      type: options.type,
      getter: addCompanion(prototype, `get ${key}`, read, options, []),
      setter: addCompanion(prototype, `set ${key}`, write, options, type === undefined ? undefined : [type]),
    });
  };
}

/**
 * Adds a companion method for a getter or setter to the prototype. Nest looks for enhancers on methods only, and silently skips all others.
 * The name has a blank in it, so it hides no method of the class.
 *
 * @param types of its parameters; undefined when the compiler has emitted none
 */
function addCompanion(
  prototype: object,
  name: string,
  method: AnyFunction,
  options: PyroPropertyOptions,
  types: unknown[] | undefined,
): string {
  Object.defineProperty(method, 'name', { value: name });
  Object.defineProperty(prototype, name, { value: method, configurable: true, writable: true, enumerable: false });
  for (const kind of Object.keys(ENHANCER_KEYS) as (keyof typeof ENHANCER_KEYS)[])
    if (options[kind]) Reflect.defineMetadata(ENHANCER_KEYS[kind], options[kind], method);
  if (types !== undefined) Reflect.defineMetadata(PARAMTYPES_METADATA, types, prototype, name);
  // a class without @PyroController has no binder, and the warning about this class needs a binder
  UseFilters(PyroBinder)(prototype, name, Object.getOwnPropertyDescriptor(prototype, name)!);
  return name;
}
