import { PyroError } from '../protocol/errors.js';
import { type AnyFunction, noteDecoratedFunction } from './decorated-functions.js';

/** Any class, abstract or not, whatever its constructor takes. */
export type AnyClass = abstract new (...args: never[]) => object;

/** The names of the public members that instances of a class have. */
export type MemberName<T extends AnyClass> = Extract<keyof InstanceType<T>, string>;

/** The context of a standard decorator whose member belongs to instances and has a text as its name. */
export interface InstanceMemberContext {
  /** Name of the member. A symbol does not fit. */
  name: string;
  /** A static member, whose context has true, does not fit. */
  static: false;
  /** A #private member, whose context has true, does not fit. */
  private: false;
}

/** The target of a TypeScript decorator of an instance member. A class, the target of a static member, does not fit. */
export type DecoratedPrototype = object & {
  /** A class has a prototype, so a class does not fit. */
  prototype?: undefined;
};

/** A decorator of methods, both of the standard's kind and of TypeScript's (`experimentalDecorators`). */
export interface RemoteMethodDecorator {
  (method: (...args: never[]) => unknown, context: ClassMethodDecoratorContext & InstanceMemberContext): void;
  <F extends (...args: never[]) => unknown>(
    prototype: DecoratedPrototype,
    name: string,
    descriptor: TypedPropertyDescriptor<F>,
  ): void;
}

/** A decorator of accessors, both of the standard's kind and of TypeScript's (`experimentalDecorators`). */
export interface RemoteAttributeDecorator {
  (
    accessor: (...args: never[]) => unknown,
    context: (ClassGetterDecoratorContext | ClassSetterDecoratorContext) & InstanceMemberContext,
  ): void;
  (
    accessor: ClassAccessorDecoratorTarget<unknown, unknown>,
    context: ClassAccessorDecoratorContext & InstanceMemberContext,
  ): void;
  <V>(prototype: DecoratedPrototype, name: string, descriptor: TypedPropertyDescriptor<V>): void;
}

/** A method or an accessor. The function of an accessor is its getter, or its setter when there is no getter. */
export interface Member {
  name: string;
  fn: AnyFunction;
}

/** Second argument of a decorator of the standard's kind. */
interface StandardContext {
  kind: string;
  name: string | symbol;
  static?: boolean;
  private?: boolean;
}

/**
 * The member that a decorator of either kind decorates.
 *
 * @param args the arguments of the decorator
 * @throws {PyroError} when the decorated thing is no method or accessor of instances
 */
export function decoratedMember(args: readonly unknown[]): Member {
  const [target, second, descriptor] = args;
  const isStandard = isStandardContext(second);
  const found = isStandard ? standardMember(target, second) : typeScriptMember(target, second, descriptor);
  if (found === undefined) {
    const fault = isStandard ? undefined : faultOfObject(target);
    throw new PyroError(
      fault ??
        'expose, oneway, callback and params decorate methods and accessors of instances (expose also classes), not fields, parameters, static or #private members',
    );
  }
  return found;
}

/** The error text for an object in the place of a class. Undefined for a prototype, which TypeScript's decorators get. */
function faultOfObject(target: unknown): string | undefined {
  if (typeof target !== 'object' || target === null || Object.hasOwn(target, 'constructor')) return undefined;
  const { constructor } = target;
  return constructor === undefined || constructor === Object
    ? 'an object literal cannot be exposed: make a class, and expose the class'
    : 'an instance cannot be exposed: expose its class';
}

/** A member of a class by its name, own or inherited. @throws {PyroError} when the class has no such member */
export function memberNamed(type: object, name: string): Member {
  const prototype = (type as { prototype?: object }).prototype;
  const [fn] = prototype ? functionsOf(findDescriptor(prototype, name)) : [];
  if (fn === undefined)
    throw new PyroError(
      `the class has no method or accessor "${name}"; a function in a field (${name} = () => …) is none: each instance has its own, so write a method`,
    );
  return { name, fn };
}

/** The prototype with the members of a class, or of the class of an object. */
export function prototypeOf(source: object): object | null {
  if (typeof source === 'function') return ((source as { prototype?: object }).prototype ?? null) as object | null;
  return Object.getPrototypeOf(source) as object | null;
}

/** The object with the members: the prototype of a class, or the object itself. */
export function memberSource(source: object): object {
  return typeof source === 'function' ? ((source as unknown as AnyClass).prototype as object) : source;
}

/** The property of an object or of its prototype chain, without `Object.prototype`. */
export function findDescriptor(source: object, name: string): PropertyDescriptor | undefined {
  for (
    let holder: object | null = source;
    holder && holder !== Object.prototype;
    holder = Object.getPrototypeOf(holder) as object | null
  ) {
    const descriptor = Object.getOwnPropertyDescriptor(holder, name);
    if (descriptor) return descriptor;
  }
  return undefined;
}

/** The getter and setter of an accessor, or the function of a method. */
export function functionsOf(descriptor: PropertyDescriptor | undefined): AnyFunction[] {
  const { get, set, value } = descriptor ?? {};
  return [get, set, value as unknown].filter((fn): fn is AnyFunction => typeof fn === 'function');
}

/**
 * True when a decorator was put on a member or a parameter: a decorator of either kind that is meant for classes.
 *
 * @param args the arguments of the decorator
 */
export function isOnMember([target, second, third]: readonly unknown[]): boolean {
  if (isStandardContext(second)) return second.kind !== 'class';
  const isParameterOfConstructor = second === undefined && typeof third === 'number';
  return typeof target !== 'function' || typeof second === 'string' || typeof second === 'symbol' || isParameterOfConstructor;
}

/** True for the second argument of a class decorator of the standard's kind. */
export function isClassContext(value: unknown): boolean {
  return isStandardContext(value) && value.kind === 'class';
}

function isStandardContext(value: unknown): value is StandardContext {
  return typeof value === 'object' && value !== null && 'kind' in value && 'name' in value;
}

function standardMember(target: unknown, context: StandardContext): Member | undefined {
  const { kind, name } = context;
  if (typeof name !== 'string' || context.static || context.private) return undefined;
  // the target of an `accessor` field is an object with its getter and setter
  const fn = kind === 'accessor' ? (target as { get: unknown }).get : target;
  return typeof fn === 'function' ? { name, fn: fn as AnyFunction } : undefined;
}

function typeScriptMember(target: unknown, name: unknown, descriptor: unknown): Member | undefined {
  if (typeof name !== 'string' || typeof target !== 'object' || target === null || typeof descriptor === 'number')
    return undefined;
  const member = (descriptor as PropertyDescriptor | undefined) ?? Object.getOwnPropertyDescriptor(target, name);
  const [fn] = functionsOf(member);
  if (fn === undefined) return undefined;
  noteDecoratedFunction(target, name, fn, member);
  return { name, fn };
}
