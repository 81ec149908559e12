import { processWide } from '../../copies/process-wide.js';
import { PyroError } from '../../protocol/errors.js';
import {
  type AnyClass,
  decoratedMember,
  findDescriptor,
  functionsOf,
  isClassContext,
  type Member,
  type MemberName,
  memberNamed,
  prototypeOf,
  type RemoteAttributeDecorator,
  type RemoteMethodDecorator,
} from '../../objects/decorated-member.js';
import {
  type AnyFunction,
  decoratedFunctions,
  decoratedFunctionsOf,
  noteDecoratedFunction,
  wasMethod,
} from '../../objects/decorated-functions.js';
import { declaredParameters } from '../../objects/parameters/declared-parameters.js';
import { noteChangedNames } from '../../objects/parameters/renamed-parameters.js';
import { isExposedWithClass, isPrivateName, isProxyName, PROXY_NAME_FAULT } from '../../objects/private-names.js';
import type { ObjectMetadata } from '../contract/target.js';

/** The marks of a function. Functions carry it, as in Pyro5: an override is another function and must be exposed again. */
interface Marks {
  exposed?: boolean;
  oneway?: boolean;
  callback?: boolean;
}

const marksOf = processWide('marks', () => new WeakMap<object, Marks>());
/** By a prototype, or by an object with exposed own members. */
const metadataOf = processWide('metadata', () => new WeakMap<object, ObjectMetadata>());
/** The prototype or object in {@link metadataOf} that has the members of an object or class. */
const describedBy = processWide('described-by', () => new WeakMap<object, object>());

/** Prototypes of the classes that were exposed as a whole. */
const exposedClasses = processWide('exposed-classes', () => new WeakSet<object>());

/** Marks the named members of a class, inherited members too, and returns the class. */
export interface MarkByName {
  <T extends AnyClass>(type: T, name: MemberName<T>, ...names: MemberName<T>[]): T;
}

/** {@link oneway} and {@link callback}: a method decorator, and a function for named methods of a class. */
export interface MethodMark extends RemoteMethodDecorator, MarkByName {}

/** {@link expose}: a decorator of methods, accessors and classes, and a function for a class or its named members. */
export interface Expose extends RemoteMethodDecorator, RemoteAttributeDecorator, MarkByName {
  <T extends AnyClass>(type: T, context?: ClassDecoratorContext<T>): T;
}

/**
 * Exposes a method, an accessor (as a remote attribute), named members of a class, or all own public members of a class.
 *
 * As a decorator: `@expose` on a member or a class. As a function: `expose(Thing, 'add', 'total')`, `expose(Thing)`. Exposing a class
 * exposes neither its inherited members nor lifecycle hooks.
 *
 * @throws {PyroError} on private names (`_x`) and names the class does not have
 * @see Pyro5/server.py, `expose`
 */
export const expose = ((...args: unknown[]): unknown => {
  const [target, context] = args;
  if (typeof target === 'function' && (context === undefined || isClassContext(context))) {
    exposeClass(target as unknown as AnyClass);
    return target;
  }
  return markMembers(args, { exposed: true });
}) as Expose;

/** Marks a method oneway: clients do not wait for it. @see Pyro5/server.py, `oneway` */
export const oneway = ((...args: unknown[]): unknown => markMembers(args, { oneway: true })) as MethodMark;

/** Marks a method a callback: its errors also surface on this side, as the daemon's `callError`. @see Pyro5/server.py, `callback` */
export const callback = ((...args: unknown[]): unknown => markMembers(args, { callback: true })) as MethodMark;

/** Exposed members of an object's class and of the object itself. Cached per class until {@link resetMetadata}. */
export function metadataFor(source: object): ObjectMetadata {
  // runs for every call
  let described = describedBy.get(source);
  if (described === undefined) describedBy.set(source, (described = hasOwnMarks(source) ? source : prototypeOf(source)!));
  let metadata = metadataOf.get(described);
  if (metadata === undefined) metadataOf.set(described, (metadata = collectMetadata(described)));
  return metadata;
}

/** Makes the members of an object's class be looked up anew. */
export function resetMetadata(source: object): void {
  describedBy.delete(source);
  metadataOf.delete(source);
  metadataOf.delete(prototypeOf(source)!);
}

/**
 * Public functions that a class which was exposed as a whole writes into fields: `read = () => …`. `expose` of a class sees no fields.
 * Functions that were passed to the object are left out, and wrappers of exposed methods, which clients can call.
 */
export function unexposedFields(object: object): string[] {
  let at = Object.getPrototypeOf(object) as object | null;
  while (at !== null && !exposedClasses.has(at)) at = Object.getPrototypeOf(at) as object | null;
  if (at === null) return [];
  const source = String(at.constructor);
  const { methods } = metadataFor(object);
  return Object.getOwnPropertyNames(object).filter((name) => {
    if (methods.has(name)) return false;
    const descriptor = Object.getOwnPropertyDescriptor(object, name);
    const fn: unknown = descriptor?.value;
    if (
      typeof fn !== 'function' ||
      !isExposedWithClass(name) ||
      marksIn(descriptor, decoratedFunctions(object, name))?.exposed === true
    )
      return false;
    return source.includes(String(fn));
  });
}

/** True for methods marked {@link callback}. */
export function isCallbackMethod(source: object, name: string): boolean {
  return marksIn(findDescriptor(source, name), decoratedFunctionsOf(source, name))?.callback === true;
}

function hasOwnMarks(source: object): boolean {
  if (typeof source === 'function') return false;
  return Object.getOwnPropertyNames(source).some(
    (name) => marksIn(Object.getOwnPropertyDescriptor(source, name), decoratedFunctions(source, name)) !== undefined,
  );
}

function collectMetadata(source: object): ObjectMetadata {
  const methods = new Set<string>();
  const onewayNames = new Set<string>();
  const attrs = new Set<string>();
  const seen = new Set<string>();
  for (
    let holder: object | null = source;
    holder && holder !== Object.prototype;
    holder = Object.getPrototypeOf(holder) as object | null
  ) {
    for (const name of Object.getOwnPropertyNames(holder)) {
      if (seen.has(name)) continue;
      seen.add(name);
      if (isPrivateName(name)) continue;
      const descriptor = Object.getOwnPropertyDescriptor(holder, name)!;
      const decorated = decoratedFunctions(holder, name);
      const marks = marksIn(descriptor, decorated);
      if (!marks?.exposed) continue;
      if (typeof descriptor.value !== 'function' && !decorated.some(wasMethod)) attrs.add(name);
      else {
        methods.add(name);
        if (marks.oneway) onewayNames.add(name);
      }
    }
  }
  return { methods, oneway: onewayNames, attrs };
}

function exposeClass(type: AnyClass): void {
  const prototype = type.prototype as object | undefined;
  if (prototype === undefined)
    throw new PyroError('expose takes a class, or a method or accessor as its decorator; it got a function');
  for (const name of Object.getOwnPropertyNames(prototype)) {
    if (!isExposedWithClass(name)) continue;
    const descriptor = Object.getOwnPropertyDescriptor(prototype, name);
    const [fn] = functionsOf(descriptor);
    if (fn === undefined) continue;
    noteDecoratedFunction(prototype, name, fn, descriptor);
    mark({ name, fn }, { exposed: true });
  }
  exposedClasses.add(prototype);
  metadataOf.delete(prototype);
}

/** Marks the members of `mark(Thing, 'add', 'total')`, and returns the class; or marks a decorated member. */
function markMembers(args: readonly unknown[], marks: Marks): unknown {
  const [target, ...names] = args;
  if (typeof target !== 'function' || names.length === 0 || !names.every((name) => typeof name === 'string')) {
    mark(decoratedMember(args), marks);
    return undefined;
  }
  for (const name of names) mark(memberNamed(target, name), marks);
  metadataOf.delete(prototypeOf(target)!);
  return target;
}

function mark({ name, fn }: Member, marks: Marks): void {
  if (isProxyName(name)) throw new PyroError(`"${name}" cannot be exposed: ${PROXY_NAME_FAULT}`);
  if (marks.exposed && isPrivateName(name))
    throw new PyroError(`exposing private names (starting with _) is not allowed: "${name}"`);
  if (marks.exposed) noteChangedNames(name, fn, () => declaredParameters(fn) !== undefined);
  marksOf.set(fn, { ...marksOf.get(fn), ...marks });
}

/**
 * The marks of a member. An accessor has the marks of its getter and of its setter: a decorator of the standard is put on one of
 * them.
 *
 * @param decorated the functions that the decorators of the member saw: a decorator above them may have put another function there
 */
function marksIn(descriptor: PropertyDescriptor | undefined, decorated: readonly AnyFunction[]): Marks | undefined {
  let marks: Marks | undefined;
  for (const fn of [...decorated, ...functionsOf(descriptor)]) {
    const own = marksOf.get(fn);
    if (own) marks = { ...marks, ...own };
  }
  return marks;
}
